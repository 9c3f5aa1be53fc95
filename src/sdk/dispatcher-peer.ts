// The dispatcher at the other end: HELLO and READY, acknowledgements, the plugin's own records, commands and their answers.

import { Commands } from './commands.js'
import { helloOf, type Hello } from './hello.js'
import { FORGOTTEN_AHEAD_BYTES, Intake, READ_AHEAD_BYTES, type UrgentLine } from './intake.js'
import type { Output } from './output.js'
import type { Peer, PeerHost, RecordSender } from './peer.js'
import type { PluginDefinition } from './plugin-definition.js'
import { acknowledgingOf, readyLine } from './ready.js'
import { DispatcherViolation, RefusedRecord } from './sdk-error.js'
import { Sender } from './sender.js'

export class DispatcherPeer implements Peer {
  readonly sendsAgain = true
  readonly waiting: Intake
  readonly commands: Commands
  readonly #definition: PluginDefinition
  readonly #output: Output
  readonly #host: PeerHost
  readonly #aheadBytes: number
  #isMet = false
  #sender: Sender | undefined

  constructor(definition: PluginDefinition, output: Output, host: PeerHost) {
    this.#definition = definition
    this.#output = output
    this.#host = host
    this.#aheadBytes = acknowledgingOf(definition) === 'never' ? FORGOTTEN_AHEAD_BYTES : READ_AHEAD_BYTES
    this.waiting = new Intake(
      (line) => {
        this.#take(line)
      },
      () => host.nowMs(),
    )
    this.commands = new Commands({
      say: (line) => {
        output.line(line)
        host.regulate()
      },
      complain: (text) => {
        host.complain(text)
      },
    })
  }

  /** While an answer is waited for, it has to be read, whatever comes before it. */
  get mostAheadBytes(): number {
    const isAwaiting = this.commands.open > 0 || this.#sender?.isWaiting === true
    return isAwaiting ? READ_AHEAD_BYTES : this.#aheadBytes
  }

  push(chunk: Buffer): void {
    this.waiting.push(chunk)
  }

  /** No answers will come any more. */
  inputEnded(): void {
    this.commands.end()
    this.#sender?.inputEnded()
  }

  sender(hello: Hello): RecordSender {
    const host = this.#host
    const sending = {
      waiting: () => {
        host.regulate()
      },
      complain: (text: string) => {
        host.complain(text)
      },
      refused: (refusal: RefusedRecord) => {
        host.refused(refusal)
      },
    }
    this.#sender = new Sender(this.#output, sending, hello, this.#definition.positions ?? false)
    return this.#sender
  }

  opened(from: number | undefined): void {
    this.#output.line(readyLine(this.#definition, from))
    this.waiting.open()
  }

  acknowledge(seq: number): void {
    this.#output.ack(seq)
  }

  /** The dispatcher is gone, or ends us. */
  outputGone(): boolean {
    return true
  }

  close(): void {
    this.commands.close()
  }

  #take(line: UrgentLine): void {
    switch (line.verb) {
      case 'HELLO':
        if (this.#isMet) throw new DispatcherViolation('HELLO twice')
        this.#isMet = true
        this.#host.met(helloOf(line.keys))
        return
      case 'STOP':
        this.#host.ending()
        return
      case 'PING':
        this.#output.line(`PONG ${line.n}\n`)
        return
      case 'ACK':
        this.#sender?.acknowledged(line.n)
        this.#host.settled(line.n)
        return
      case 'OK':
        if (this.commands.answered(line.tag, line.result)) return
        this.#host.complain(`an answer to nothing: OK ${line.tag}`)
        return
      case 'ERR':
        if (this.commands.failed(line.tag, line.code, line.text)) return
        this.#takeError(line.tag, line.code, line.text)
        return
      default:
        line satisfies never
    }
  }

  #takeError(tag: string, code: string, text: string): void {
    const n = Number(tag)
    if (this.#sender?.refused(n) === true) this.#host.refused(new RefusedRecord(n, code, text))
    else this.#host.complain(`the dispatcher says: ERR ${tag} ${code} ${text}`)
  }
}
