// A peer of remote-recv that says whatever a test wants, over TLS with any certificate or none, or in clear text, and hears what comes
// back until the connection ends.

import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { CertificateFiles } from '../../src/remote/channel.js'
import { encode } from '../../src/remote/wire/encode.js'
import { MessageReader } from '../../src/remote/wire/message-reader.js'
import type { Message } from '../../src/remote/wire/message.js'

const DEADLINE_MS = 90_000

export interface Way {
  readonly port: number
  /** Clear text without. */
  readonly tls?: { readonly ca: string; readonly own?: CertificateFiles | undefined }
  readonly localAddress?: string
}

export class Stranger {
  readonly heard: Message[] = []
  readonly socket: Socket
  readonly #reader = new MessageReader('sender')
  isOver = false
  #lookers: (() => void)[] = []

  constructor({ port, tls, localAddress }: Way, onConnect: (stranger: Stranger) => void = () => {}) {
    const local = localAddress === undefined ? {} : { localAddress }
    const connected = (): void => {
      onConnect(this)
    }
    if (tls === undefined) {
      this.socket = connectTcp({ port, host: '127.0.0.1', ...local }, connected)
    } else {
      const own = tls.own === undefined ? {} : { cert: readFileSync(tls.own.cert), key: readFileSync(tls.own.key) }
      const options = { port, host: '127.0.0.1', ca: readFileSync(tls.ca), ...own, ...local }
      // Whom it speaks to is not what is tested.
      this.socket = connectTls(
        { ...options, ALPNProtocols: ['arp/1'], checkServerIdentity: () => undefined },
        connected,
      )
    }
    this.socket.on('data', (bytes: Buffer) => {
      this.#reader.push(bytes)
      for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) this.#take(message)
    })
    this.socket.on('error', () => {
      // ECONNRESET, EPIPE, an alert of TLS: 'close' follows.
    })
    this.socket.on('close', () => {
      this.isOver = true
      this.#look()
    })
  }

  say(...messages: readonly Message[]): void {
    for (const message of messages) this.socket.write(Buffer.concat(encode(message)))
  }

  raw(bytes: Buffer | string): void {
    this.socket.write(bytes)
  }

  /** The next message of a type, or undefined if the connection ends before. */
  async hears<T extends Message['type']>(type: T, count = 1): Promise<Extract<Message, { type: T }> | undefined> {
    const isOne = (message: Message): message is Extract<Message, { type: T }> => message.type === type
    for (;;) {
      const found = this.heard.filter(isOne)
      if (found.length >= count || this.isOver) return found[count - 1]
      await this.#change(`${type} ${count} times`)
    }
  }

  async ended(): Promise<void> {
    while (!this.isOver) await this.#change('the end')
  }

  close(): void {
    this.socket.destroy()
  }

  /** Something is heard, or the connection ends. */
  async #change(wanted: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        const heard = this.heard.map(({ type }) => type).join(' ')
        reject(new Error(`not heard within ${DEADLINE_MS / 1000} s: ${wanted}, but ${heard}`))
      }, DEADLINE_MS)
      this.#lookers.push(() => {
        clearTimeout(late)
        resolve()
      })
    })
  }

  #take(message: Message): void {
    this.heard.push(message)
    if (message.type === 'ping') this.say({ type: 'pong', nonce: message.nonce })
    this.#look()
  }

  #look(): void {
    for (const look of this.#lookers.splice(0)) look()
  }
}
