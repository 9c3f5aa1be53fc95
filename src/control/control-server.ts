import type { Socket } from 'node:net'
import { refusalLine } from './answer.js'
import { ControlConnection, type ConnectionWorld } from './control-connection.js'

/** Connections at a time to one socket; who comes beyond is told so and closed. */
export const MAX_CONNECTIONS = 32
/** How long a refusal may take that is not read; who comes while so many are being told is closed without a word. */
const REFUSED_MS = 1000
const MAX_REFUSED = 32

/** The connections to one socket. */
export class ControlServer {
  readonly #world: Omit<ConnectionWorld, 'onEnd'>
  readonly #connections = new Set<ControlConnection>()
  #refused = 0

  constructor(world: Omit<ConnectionWorld, 'onEnd'>) {
    this.#world = world
  }

  /** Somebody has connected. */
  readonly welcome = (socket: Socket): void => {
    if (this.#connections.size >= MAX_CONNECTIONS) return this.#refuse(socket)
    const onEnd = (connection: ControlConnection): void => {
      this.#connections.delete(connection)
    }
    this.#connections.add(new ControlConnection(socket, { ...this.#world, onEnd }))
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #refuse(socket: Socket): void {
    const message = `${MAX_CONNECTIONS} are connected already`
    socket.on('error', () => {
      // EPIPE, ECONNRESET: it has gone without waiting for the answer.
    })
    if (this.#refused >= MAX_REFUSED) return void socket.destroy()
    this.#refused++
    // Else it would hold a descriptor for as long as it likes.
    const cancel = this.#world.after(REFUSED_MS, () => socket.destroy())
    socket.on('close', () => {
      this.#refused--
      cancel()
    })
    socket.end(refusalLine({ code: 'busy', message, mend: 'try again when one of them has gone' }))
    socket.resume()
  }
}
