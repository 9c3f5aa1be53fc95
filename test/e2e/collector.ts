// A collector in the test's own process, on loopback in clear text: the native protocol's other side with what it keeps in memory.

import { createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import { freePort } from '../free-port.js'
import { TestReceiver } from '../plugins/remote-send/test-receiver.js'

export class Collector {
  readonly receiver = new TestReceiver()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  constructor(t: Test) {
    t.teardown(async () => this.close())
  }

  get port(): number {
    return this.#port
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** Listens; on the same port again after close(). */
  async listen(): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      const session = this.receiver.open({
        write: (bytes) => socket.write(bytes),
        end: () => socket.end(),
      })
      socket.on('data', (bytes: Buffer) => {
        session.data(bytes)
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        session.closed()
        this.#sockets.delete(socket)
      })
    })
    this.#server = server
    if (this.#port === 0) this.#port = await freePort()
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
  }

  /** Every connection is reset. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    this.cut()
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }
}
