// A connection to the message bus: who we are, by the uid that the kernel tells the bus; Hello, which gives us a name there;
// then one call at a time.

import type { Socket } from 'node:net'
import type { Clock } from '../../src/remote/ports.js'
import { encodeCall, messageLength, readMessage, type Message, type Method } from './bus-message.js'

const OPENING_MS = 10_000
/** The bus gives up starting a service after 25 s, and setroubleshootd reads the whole policy at its start. */
const CALL_MS = 60_000
const MAX_LINE_BYTES = 4096
const CRLF = '\r\n'
const HELLO: Method = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  iface: 'org.freedesktop.DBus',
  member: 'Hello',
}

/** What the other side made of a call. */
export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'error'; readonly name: string; readonly text: string }
  /** Nobody knows whether the call has done anything. */
  | { readonly kind: 'no-answer'; readonly text: string }

type State =
  | { readonly kind: 'greeting'; readonly greeted: () => void }
  | { readonly kind: 'idle' }
  | { readonly kind: 'calling'; readonly serial: number; readonly answered: (answer: Answer) => void }
  | { readonly kind: 'closed'; readonly why: string }

export class BusLink {
  readonly #socket: Socket
  readonly #clock: Clock
  #state: State
  #serial = 0
  #held: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket, clock: Clock, greeted: () => void) {
    this.#socket = socket
    this.#clock = clock
    this.#state = { kind: 'greeting', greeted }
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk)
    })
    socket.on('error', (error) => {
      this.#close(error.message)
    })
    socket.on('close', () => {
      this.#close('the bus has closed the connection')
    })
  }

  /** Ready for calls. Throws an Error that says why not. */
  static async open(socket: Socket, uid: number, clock: Clock): Promise<BusLink> {
    const { link, isGreeted } = await new Promise<{ link: BusLink; isGreeted: boolean }>((resolve) => {
      const opened: BusLink = new BusLink(socket, clock, () => {
        cancel()
        resolve({ link: opened, isGreeted: true })
      })
      const cancel = clock.after(OPENING_MS, () => {
        opened.#close('the bus does not answer')
      })
      opened.#socket.once('close', () => {
        cancel()
        resolve({ link: opened, isGreeted: false })
      })
      const name = Buffer.from(String(uid)).toString('hex')
      socket.write(`\0AUTH EXTERNAL ${name}${CRLF}`)
    })
    if (!isGreeted) throw new Error(link.#why)
    const answer = await link.call(HELLO, undefined)
    if (answer.kind !== 'done') {
      link.close()
      throw new Error(`the bus refuses us: ${answer.text}`)
    }
    return link
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed'
  }

  /** One at a time. */
  async call(method: Method, argument: Buffer | undefined): Promise<Answer> {
    const { kind } = this.#state
    if (kind === 'closed') return { kind: 'no-answer', text: this.#why }
    if (kind !== 'idle') throw new Error('one call at a time')
    const serial = ++this.#serial
    return new Promise((resolve) => {
      const cancel = this.#clock.after(CALL_MS, () => {
        this.#close(`no answer within ${CALL_MS / 1000} s`)
      })
      const answered = (answer: Answer): void => {
        cancel()
        resolve(answer)
      }
      this.#state = { kind: 'calling', serial, answered }
      this.#socket.write(encodeCall(serial, method, argument))
    })
  }

  close(): void {
    this.#close('closed')
  }

  get #why(): string {
    return this.#state.kind === 'closed' ? this.#state.why : ''
  }

  #close(why: string): void {
    const state = this.#state
    if (state.kind === 'closed') return
    this.#state = { kind: 'closed', why }
    this.#socket.destroy()
    if (state.kind === 'calling') state.answered({ kind: 'no-answer', text: why })
  }

  #read(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk])
    try {
      if (this.#state.kind === 'greeting') this.#readGreeting(this.#state.greeted)
      if (this.#state.kind !== 'greeting') this.#readMessages()
    } catch (error) {
      this.#close(`the bus says what cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #readGreeting(greeted: () => void): void {
    const end = this.#held.indexOf(CRLF)
    if (end === -1) {
      if (this.#held.length > MAX_LINE_BYTES) throw new Error('a line without an end')
      return
    }
    const line = this.#held.toString('latin1', 0, end)
    this.#held = this.#held.subarray(end + CRLF.length)
    if (!line.startsWith('OK ')) throw new Error(`${line} where OK should be`)
    this.#socket.write(`BEGIN${CRLF}`)
    this.#state = { kind: 'idle' }
    greeted()
  }

  #readMessages(): void {
    for (;;) {
      const length = messageLength(this.#held)
      if (length === undefined || this.#held.length < length) return
      const message = readMessage(this.#held.subarray(0, length))
      this.#held = this.#held.subarray(length)
      this.#take(message)
    }
  }

  /** Signals, and answers to what nobody waits for any more, are passed over. */
  #take(message: Message): void {
    const state = this.#state
    if (message.kind === 'other' || state.kind !== 'calling' || message.serial !== state.serial) return
    this.#state = { kind: 'idle' }
    if (message.kind === 'return') state.answered({ kind: 'done' })
    else state.answered({ kind: 'error', name: message.name, text: message.text })
  }
}
