// One connection. What it sends is read and thrown away, at a bounded pace: nobody reads a client, but its end is seen only by
// reading. Its end of the connection may be closed for writing and still be read from; whether anybody reads is found out by
// writing nothing, which fails when nobody does.

import type { Socket } from 'node:net'
import type { Clock } from '../../src/remote/ports.js'
import type { ClientQueue } from './client-queue.js'
import type { Piece } from './piece.js'

/** What is read of a client's own bytes in a second; it waits with the rest. */
const READ_BYTES_PER_SECOND = 64 * 1024
const SECOND_MS = 1000
const NOTHING = Buffer.alloc(0)

export interface ClientHost {
  readonly clock: Clock
  begins(client: Client): void
  caughtUp(client: Client, lost: number): void
  gone(client: Client): void
}

export class Client {
  readonly #socket: Socket
  readonly #host: ClientHost
  #readBytes = 0
  #cancelReading = (): void => {}
  /** Somebody waits for the end of what there is to write. */
  #finished: (() => void) | undefined
  readonly id: number
  readonly queue: ClientQueue
  readonly sinceMs: number

  constructor(id: number, socket: Socket, queue: ClientQueue, host: ClientHost) {
    this.id = id
    this.queue = queue
    this.sinceMs = host.clock.wallMs()
    this.#socket = socket
    this.#host = host
    // EPIPE or ECONNRESET: nobody reads any more. 'close' follows.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#cancelReading()
      this.#finished?.()
      host.gone(this)
    })
    socket.on('data', (chunk: Buffer) => {
      this.#ignore(chunk.length)
    })
    socket.on('end', () => {
      this.probe()
    })
  }

  /** Never waits: what is too much for the client is lost. */
  give(piece: Piece): void {
    if (this.queue.take(piece)) this.#host.begins(this)
    this.#fly()
  }

  /** Finds out whether there is still somebody. With a write underway the kernel will say so. */
  probe(): void {
    if (!this.queue.isInFlight) this.#socket.write(NOTHING)
  }

  /** Whether it has closed its side for writing: then only a write tells when it is gone. */
  get isHalfClosed(): boolean {
    return this.#socket.readableEnded
  }

  /** Resolves when the client has all that waits, or has gone. */
  async finish(): Promise<void> {
    await new Promise<void>((finished) => {
      this.#finished = finished
      if (this.#socket.destroyed) finished()
      else if (!this.queue.isInFlight) this.#socket.end(finished)
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #fly(): void {
    if (this.queue.isInFlight) return
    const pieces = this.queue.fly()
    if (pieces.length === 0) return
    // One system call for all of them; Node goes on with what the kernel does not take at once, so that no record is cut.
    this.#socket.cork()
    for (const { bytes } of pieces.slice(0, -1)) this.#socket.write(bytes)
    this.#socket.write(pieces.at(-1)?.bytes ?? NOTHING, (error) => {
      if (!(error instanceof Error)) this.#landed()
    })
    this.#socket.uncork()
  }

  #landed(): void {
    const lost = this.queue.written()
    if (lost !== undefined) this.#host.caughtUp(this, lost)
    this.#fly()
    if (this.#finished !== undefined && !this.queue.isInFlight) this.#socket.end(this.#finished)
  }

  #ignore(bytes: number): void {
    this.#readBytes += bytes
    if (this.#readBytes < READ_BYTES_PER_SECOND) return
    this.#readBytes = 0
    this.#socket.pause()
    this.#cancelReading = this.#host.clock.after(SECOND_MS, () => {
      this.#socket.resume()
    })
  }
}
