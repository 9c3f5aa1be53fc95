// Looks at the daemon, and reads of its records as many as it wants: a share of them every so often. The rest the daemon leaves
// out, and nobody waits for anybody. When the daemon goes, the next look tries to find it again.

import { ControlError } from '../../control/control-error.js'
import { readDaemonStatus } from '../../control/daemon-status.js'
import type { LiveClient, LiveWorld } from '../live-world.js'
import { TapStream } from '../tap-stream.js'
import { Census } from './census.js'
import type { Look } from './report.js'

/** So much is read, and then nothing until the next time. */
const SHARE_BYTES = 256 * 1024
const SHARE_EVERY_MS = 250

export class TopSource {
  readonly census = new Census()
  readonly #socket: string
  readonly #world: LiveWorld
  readonly #stopReading: () => void
  #asking: LiveClient | undefined
  #tapping: LiveClient | undefined
  /** Whoever answers shows his status alone. */
  #isDenied = false
  #leftBytes = SHARE_BYTES
  #goOn = (): void => {}

  constructor(socket: string, world: LiveWorld) {
    this.#socket = socket
    this.#world = world
    this.#stopReading = world.every(SHARE_EVERY_MS, () => {
      this.#leftBytes = SHARE_BYTES
      this.#goOn()
    })
  }

  /** Whether the records can be seen: who may see the status alone does not. */
  get isTapping(): boolean {
    return this.#tapping !== undefined
  }

  /** Rejects with a ControlError when nobody answers; the next look tries again. */
  async look(): Promise<Look> {
    try {
      this.#asking ??= await this.#world.connect(this.#socket)
      if (this.#tapping === undefined && !this.#isDenied) await this.#tap()
      const status = readDaemonStatus(await this.#asking.ask(['status']))
      return { status, atMs: this.#world.nowMs() }
    } catch (error) {
      this.#hangUp()
      throw error
    }
  }

  close(): void {
    this.#stopReading()
    this.#hangUp()
  }

  async #tap(): Promise<void> {
    let tapping: LiveClient | undefined
    try {
      tapping = await this.#world.connect(this.#socket)
      const { chunks } = await tapping.stream(['tap'])
      this.#tapping = tapping
      this.census.forget()
      void this.#read(tapping, chunks)
    } catch (error) {
      tapping?.close()
      // Denied, or too many of them look already: then the rest is shown. There may be room at the next look.
      if (!(error instanceof ControlError)) throw error
      this.#isDenied = error.code === 'denied'
    }
  }

  /** Ends with the connection. */
  async #read(client: LiveClient, chunks: AsyncIterable<Buffer>): Promise<void> {
    const stream = new TapStream({
      records: (bytes, start, end) => this.census.take(bytes, start, end),
      // What part was seen is known by the daemon's count of all.
      lost: () => {},
    })
    try {
      for await (const chunk of chunks) {
        stream.push(chunk)
        this.#leftBytes -= chunk.length
        while (this.#leftBytes <= 0) {
          await new Promise<void>((resolve) => {
            this.#goOn = resolve
          })
        }
      }
    } catch {
      // ECONNRESET, and what an iterator says of a socket that was closed: the next look will find out.
    }
    client.close()
    if (this.#tapping === client) this.#tapping = undefined
  }

  #hangUp(): void {
    this.#isDenied = false
    this.#asking?.close()
    this.#asking = undefined
    this.#tapping?.close()
    this.#tapping = undefined
    this.#goOn()
  }
}
