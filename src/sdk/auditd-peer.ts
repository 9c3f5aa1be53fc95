// auditd at the other end, or audispd with `format = string` or `binary`: it writes records, and takes nothing. Nobody sends
// again what a process had read when it ended, so little is read ahead, and at SIGTERM the input is read to its end.

import type { Clock } from './clock.js'
import { helloOf } from './hello.js'
import { LineSender } from './line-sender.js'
import { NoDispatcher } from './no-dispatcher.js'
import { NoSender } from './no-sender.js'
import type { Output } from './output.js'
import type { Peer, PeerHost, RecordSender } from './peer.js'
import type { PluginDefinition } from './plugin-definition.js'
import { BadConfiguration } from './sdk-error.js'
import { StreamIntake } from './stream-intake.js'

/** What is read and not handled is lost with the process: a chunk of what is read at a time, and the one before. */
const AHEAD_BYTES = 64 * 1024

const PROTOCOL_UNEXPECTED =
  'standard output is to be a record a line, and the dispatcher speaks the line protocol: the drop-in needs format = string'

/** What a word in capitals begins with, a comment, or an empty line: a record begins with a small letter, a frame with a number. */
const LINE_PROTOCOL = /^[A-Z#\n]/

/** Whether these first bytes of an input are the line protocol's. */
export function isOfDispatcher(chunk: Buffer): boolean {
  return LINE_PROTOCOL.test(chunk.toString('latin1', 0, 1))
}

export class AuditdPeer implements Peer {
  readonly sendsAgain = false
  readonly mostAheadBytes = AHEAD_BYTES
  readonly waiting: StreamIntake
  readonly commands: NoDispatcher
  readonly #definition: PluginDefinition
  readonly #output: Output
  readonly #host: PeerHost
  readonly #sends: 'lines' | undefined
  /** Only the first bytes can be taken for a dispatcher's: later ones begin anywhere in a record. */
  #isFirst = true

  constructor(definition: PluginDefinition, output: Output, clock: Clock, sends: 'lines' | undefined, host: PeerHost) {
    this.#definition = definition
    this.#output = output
    this.#host = host
    this.#sends = sends
    this.waiting = new StreamIntake(clock, {
      complain: (text) => {
        host.complain(text)
      },
      nowMs: () => host.nowMs(),
    })
    this.commands = new NoDispatcher(clock, (text) => {
      host.complain(text)
    })
  }

  /** It says nothing about itself: it is there when something comes, or when nothing has to come. */
  meet(): void {
    this.#host.met(helloOf(new Map()))
  }

  push(chunk: Buffer): void {
    if (this.#sends === 'lines' && this.#isFirst && isOfDispatcher(chunk)) {
      throw new BadConfiguration(PROTOCOL_UNEXPECTED)
    }
    this.#isFirst = false
    this.waiting.push(chunk)
  }

  inputEnded(): void {
    this.waiting.end()
  }

  sender(): RecordSender {
    if (this.#sends === 'lines') return new LineSender(this.#output, this.#definition.positions ?? false, this.#host)
    return new NoSender((text) => {
      this.#host.complain(text)
    })
  }

  opened(): void {
    // It waits for no READY.
  }

  acknowledge(): void {
    // Nobody keeps a record until then.
  }

  /** Who only takes records goes on: ending would only mean being started again. */
  outputGone(): boolean {
    return this.#sends === 'lines'
  }

  close(): void {
    this.waiting.close()
    this.commands.close()
  }
}
