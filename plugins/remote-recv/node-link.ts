import type { Socket } from 'node:net'
import type { Link, LinkEvents } from '../../src/remote/ports.js'

/** What was said last has so long to get away before the connection is closed all the same. */
const LINGER_MS = 3000

/** A socket as a link; it is heard from `hear` on. */
export class NodeLink implements Link {
  readonly #socket: Socket
  #events: Omit<LinkEvents, 'connected'> | undefined
  #why = 'the other end closed it'
  #linger: NodeJS.Timeout | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', (error) => {
      this.#why = error.message
    })
    socket.on('close', () => {
      clearTimeout(this.#linger)
      this.#events?.closed(this.#why)
    })
  }

  hear(events: Omit<LinkEvents, 'connected'>): void {
    this.#events = events
    this.#socket.on('data', (bytes: Buffer) => {
      events.data(bytes)
    })
    this.#socket.on('drain', () => {
      events.drained()
    })
    if (this.#socket.destroyed) events.closed(this.#why)
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const [only] = chunks
    // A cork would have it gathered, which costs more than the write.
    if (chunks.length === 1 && only !== undefined) return this.#socket.write(only)
    this.#socket.cork()
    let hasRoom = true
    for (const chunk of chunks) hasRoom = this.#socket.write(chunk)
    this.#socket.uncork()
    return hasRoom
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
    // What still comes is not read any more, and a peer that waits for it to be read would never see the end.
    this.#socket.resume()
    this.#linger ??= setTimeout(() => {
      this.#socket.destroy()
    }, LINGER_MS)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
