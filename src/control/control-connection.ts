// One client of the control socket. Requests are dealt with one after another; while one is, and while answers wait to be read,
// no more is read of it, so that what it costs is one answer, however much it sends. Whoever does not read its answer in time is
// closed. What follows an answer is only sent as far as it is read: what waits meanwhile is in the bounds of its source.

import type { Socket } from 'node:net'
import { refusalLine, resultLine } from './answer.js'
import { ControlError } from './control-error.js'
import type { Answer, ControlDesk, Spring } from './control-desk.js'
import { greetingLine, type Access } from './greeting.js'
import type { Pacer } from './pacer.js'
import { checkAccess, MAX_REQUEST_BYTES, readRequest } from './request.js'

/** An answer that is not read within this time ends the connection. */
export const SLOW_MS = 30_000
/** So does a silence of this length, but for a connection that follows something. */
export const IDLE_MS = 300_000
/** How long one that is dismissed may take to read why. */
const DISMISSED_MS = 1000
/** What follows an answer is sent in pieces of this size, between which records have their turn. */
const PIECE_BYTES = 512 * 1024
const LF = 0x0a
const NO_BYTES: Buffer = Buffer.alloc(0)

type State =
  /** A request may come. */
  | { readonly kind: 'listening' }
  /** A request waits for its turn, or is dealt with. */
  | { readonly kind: 'asking' }
  /** It has gone meanwhile. Its place is free when its turn is over, or who come, ask and go would have no bound. */
  | { readonly kind: 'gone' }
  /** The answer waits to be read. */
  | { readonly kind: 'answering' }
  /** `isFull`: what was sent last is still to be read. */
  | { readonly kind: 'following'; readonly spring: Spring; readonly isFull: boolean }
  /** Nothing that it says is heard any more, and it is closed as soon as it has stopped. */
  | { readonly kind: 'dismissed' }
  | { readonly kind: 'over' }

/** Calls after some time; returns what calls it off. */
export type After = (ms: number, then: () => void) => () => void

export interface ConnectionWorld {
  readonly desk: ControlDesk
  readonly access: Access
  readonly pacer: Pacer
  readonly after: After
  readonly onEnd: (connection: ControlConnection) => void
}

export class ControlConnection {
  readonly #socket: Socket
  readonly #world: ConnectionWorld
  #state: State = { kind: 'listening' }
  #held: Buffer = NO_BYTES
  #cancelTimer: () => void = () => {}

  constructor(socket: Socket, world: ConnectionWorld) {
    this.#socket = socket
    this.#world = world
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk)
    })
    // What it sent last is still answered; then the connection ends.
    socket.on('end', () => {
      if (this.#state.kind !== 'asking' && this.#state.kind !== 'answering') this.close()
    })
    // ECONNRESET, EPIPE: it has gone, which is told by close.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.close()
    })
    socket.write(greetingLine(world.access, process.pid))
    this.#closeAfter(IDLE_MS)
  }

  close(): void {
    const state = this.#state
    if (state.kind === 'gone' || state.kind === 'over') return
    this.#cancelTimer()
    if (state.kind === 'following') state.spring.close()
    this.#socket.destroy()
    if (state.kind === 'asking') this.#state = { kind: 'gone' }
    else this.#end()
  }

  #end(): void {
    this.#state = { kind: 'over' }
    this.#world.onEnd(this)
  }

  #take(chunk: Buffer): void {
    // Whoever follows something has nothing more to say.
    const { kind } = this.#state
    if (kind !== 'listening' && kind !== 'asking' && kind !== 'answering') return
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#next()
  }

  /** The next request that is there whole. */
  #next(): void {
    if (this.#state.kind !== 'listening') return
    const lf = this.#held.indexOf(LF)
    if (lf > MAX_REQUEST_BYTES || (lf === -1 && this.#held.length > MAX_REQUEST_BYTES)) return this.#tooLong()
    if (lf === -1) {
      if (this.#socket.readableEnded) this.close()
      return
    }
    const line = this.#held.toString('utf8', 0, lf)
    this.#held = this.#held.subarray(lf + 1)
    this.#state = { kind: 'asking' }
    this.#cancelTimer()
    this.#socket.pause()
    void this.#answer(line)
  }

  async #answer(line: string): Promise<void> {
    const { text, spring } = await this.#dealtWith(line)
    if (this.#state.kind === 'gone') {
      spring?.close()
      return this.#end()
    }
    this.#state = { kind: 'answering' }
    this.#say(text, () => {
      // It has gone with the answer half read: what was to follow is still to be closed.
      if (this.#state.kind === 'over') return spring?.close()
      if (spring === undefined) return this.#listen()
      this.#state = { kind: 'following', spring, isFull: false }
      this.#socket.resume()
      this.#follow()
    })
  }

  /** Waits for the next request, which may be there already. */
  #listen(): void {
    this.#state = { kind: 'listening' }
    this.#closeAfter(IDLE_MS)
    this.#socket.resume()
    this.#next()
  }

  async #dealtWith(line: string): Promise<{ readonly text: string; readonly spring: Spring | undefined }> {
    const { pacer } = this.#world
    try {
      const asked = await pacer.run(() => this.#ask(line))
      const { result, spring } = await asked.value
      const text = await pacer.run(() => resultLine(result))
      return { text: text.value, spring }
    } catch (error) {
      if (!(error instanceof ControlError)) throw error
      return { text: refusalLine(error), spring: undefined }
    }
  }

  async #ask(line: string): Promise<Answer> {
    const { desk, access } = this.#world
    if (this.#state.kind === 'gone') return { result: undefined, spring: undefined }
    const request = readRequest(line)
    checkAccess(access, request)
    const onMore = (): void => {
      this.#follow()
    }
    switch (request.verb) {
      case 'tap':
        return desk.tap(request.selector, onMore)
      case 'logs':
        return desk.logs(request.plugin, request.follow, onMore)
      default:
        return { result: await desk.ask(request, access), spring: undefined }
    }
  }

  /** Sends what follows, as far as it is read. */
  #follow(): void {
    const state = this.#state
    if (state.kind !== 'following' || state.isFull) return
    const bytes = state.spring.take(PIECE_BYTES)
    if (bytes === undefined) return
    this.#state = { ...state, isFull: true }
    this.#socket.write(bytes, () => {
      if (this.#state.kind !== 'following') return
      this.#state = { ...this.#state, isFull: false }
      setImmediate(() => {
        this.#follow()
      })
    })
  }

  /** Says it, and goes on once it has been read, or is on its way to be. */
  #say(text: string, then: () => void): void {
    this.#closeAfter(SLOW_MS)
    this.#socket.write(text, () => {
      this.#cancelTimer()
      then()
    })
  }

  /** What comes behind it cannot be told from it. */
  #tooLong(): void {
    this.#state = { kind: 'dismissed' }
    this.#held = NO_BYTES
    this.#closeAfter(DISMISSED_MS)
    const message = `a request has at most ${MAX_REQUEST_BYTES} bytes`
    this.#socket.end(refusalLine({ code: 'too-long', message, mend: 'connect again, and ask for less' }))
  }

  #closeAfter(ms: number): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#world.after(ms, () => {
      this.close()
    })
  }
}
