// A server of the control socket with a desk that notes what it is asked, and clients of it.

import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { Answer, ControlDesk, Question, Spring } from '../../src/control/control-desk.js'
import { ControlError } from '../../src/control/control-error.js'
import type { After } from '../../src/control/control-connection.js'
import { ControlServer } from '../../src/control/control-server.js'
import type { Access } from '../../src/control/greeting.js'
import { Pacer } from '../../src/control/pacer.js'
import { FakeClock } from '../dispatcher/fake-clock.js'

const HUGE = 'x'.repeat(8 << 20)
let servers = 0

/** Refuses to stop anything, and has a huge status of a plugin `huge`, and a huge log. */
export class Bench implements ControlDesk {
  readonly server: ControlServer
  readonly clock = new FakeClock()
  readonly asked: Question[] = []
  readonly pieces: Buffer[] = []
  readonly #path = `\0audispd-control-${process.pid}-${++servers}`
  readonly #t: Test
  readonly #sockets = new Set<Socket>()
  accepted = 0
  openedSprings = 0
  closedSprings = 0
  onMore: () => void = () => {}

  constructor(t: Test, access: Access) {
    this.#t = t
    const after: After = (ms, then) => this.clock.after(ms, then)
    const pacer = new Pacer({ nowMs: () => this.clock.nowMs(), after })
    this.server = new ControlServer({ desk: this, access, after, pacer })
  }

  static async open(t: Test, access: Access = 'all'): Promise<Bench> {
    const bench = new Bench(t, access)
    const listening = createServer({ allowHalfOpen: true }, (socket) => {
      bench.#sockets.add(socket)
      bench.accepted++
      socket.on('close', () => bench.#sockets.delete(socket))
      bench.server.welcome(socket)
    }).listen(bench.#path)
    await new Promise((resolve) => listening.once('listening', resolve))
    t.teardown(() => {
      bench.server.close()
      for (const socket of bench.#sockets) socket.destroy()
      listening.close()
    })
    return bench
  }

  get open(): number {
    return this.#sockets.size
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Lets time pass until it is there: whoever asks much is kept waiting. */
  async inTime<T>(answer: Promise<T>): Promise<T> {
    let isThere = false
    const there = (): boolean => (isThere = true)
    answer.then(there, there)
    await this.until(() => {
      this.clock.pass(1)
      return isThere
    })
    return answer
  }

  /** What has been read of the client that has sent most, once no more is. */
  async mostRead(): Promise<number> {
    let bytes = 0
    for (let still = 0; still < 50; still++) {
      const most = Math.max(...[...this.#sockets].map(({ bytesRead }) => bytesRead))
      if (most > bytes) still = 0
      bytes = most
      await new Promise((resolve) => setImmediate(resolve))
    }
    return bytes
  }

  async client(): Promise<Client> {
    const client = new Client(connect(this.#path))
    this.#t.teardown(() => client.socket.destroy())
    await client.answers(0)
    return client
  }

  /** Connects, and never reads. */
  stranger(): Socket {
    // Else it reads ahead.
    const socket = connect(this.#path).pause()
    this.#t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    return socket
  }

  async ask(question: Question): Promise<unknown> {
    this.asked.push(question)
    if (question.verb === 'stop') throw new ControlError('no-such-plugin', question.plugin, 'y')
    return question.verb === 'status' && question.plugin === 'huge' ? HUGE : question
  }

  tap(selector: string, onMore: () => void): Answer {
    this.onMore = onMore
    return { result: selector, spring: this.#spring() }
  }

  logs(plugin: string | undefined, _follow: boolean, onMore: () => void): Answer {
    this.onMore = onMore
    return { result: plugin === 'huge' ? HUGE : plugin, spring: this.#spring() }
  }

  #spring(): Spring {
    this.openedSprings++
    return {
      take: () => this.pieces.shift(),
      close: () => this.closedSprings++,
    }
  }
}

export class Client {
  readonly socket: Socket
  readonly ended: Promise<unknown>
  /** The greeting, and the answers. */
  readonly lines: unknown[] = []
  text = ''

  constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString()
      for (let lf = this.text.indexOf('\n'); lf !== -1 && this.text.startsWith('{'); lf = this.text.indexOf('\n')) {
        const line: unknown = JSON.parse(this.text.slice(0, lf))
        this.lines.push(line)
        this.text = this.text.slice(lf + 1)
      }
      socket.emit('heard')
    })
  }

  /** The first answers behind the greeting. */
  async answers(count: number): Promise<unknown[]> {
    while (this.lines.length < count + 1) await this.#heard()
    return this.lines.slice(1, count + 1)
  }

  async asks(line: string): Promise<unknown> {
    const known = this.lines.length
    this.socket.write(`${line}\n`)
    return (await this.answers(known)).at(-1)
  }

  /** Waits for what follows the answers to end so. */
  async has(end: string): Promise<void> {
    while (!this.text.endsWith(end)) await this.#heard()
  }

  async #heard(): Promise<void> {
    await new Promise((resolve) => this.socket.once('heard', resolve))
  }
}
