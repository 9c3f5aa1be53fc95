// util-linux's logger(1) as a child that is fed lines: what there is where unix-dgram is not.

import { spawn, type ChildProcess } from 'node:child_process'
import type { Carrier, CarrierEvents } from './carrier.js'
import { DEV_LOG } from './config.js'
import type { Entry, Format } from './format.js'
import { Lag } from './lag.js'

export const LOGGER = '/usr/bin/logger'
/** Its own bound, at which it would cut a line in two, is put where no line comes to. */
const LOGGER_LINE_BYTES = 128 * 1024
const BURST = 256
const HIGH_WATER_BYTES = 64 * 1024
/** What a pipe or a socket pair, and its own buffer, hold at most of what it has not sent. */
const KERNEL_BYTES = 256 * 1024
/** What it says of a message that it could not send. */
const FAILED = 'send message failed'
const LF = Buffer.from('\n')
const MAX_WORDS = 4096
const END_MS = 2000

export interface LoggerOptions {
  readonly path: string
  /** The name that the messages stand under. */
  readonly tag: string
  readonly withPid: boolean
  readonly format: Format
  readonly maxBytes: number
  readonly program?: string
}

export class LoggerCarrier implements Carrier {
  readonly #options: LoggerOptions
  readonly #events: CarrierEvents
  readonly #child: ChildProcess
  /** The beginning of a line of its stderr. */
  #begun = ''
  #lastWords = ''
  readonly #lag = new Lag(KERNEL_BYTES)
  #isAsked = false
  #isGone = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: LoggerOptions, events: CarrierEvents) {
    this.#options = options
    this.#events = events
    const { path, tag, withPid, program = LOGGER } = options
    const args = [
      '--prio-prefix',
      '--size',
      String(LOGGER_LINE_BYTES),
      '--tag',
      tag,
      '--socket-errors=on',
      ...(withPid ? [`--id=${process.pid}`] : []),
      ...(path === DEV_LOG ? [] : ['--socket', path]),
    ]
    this.#child = spawn(program, args, { env: {}, stdio: ['pipe', 'ignore', 'pipe'] })
    this.#child.on('error', (error) => {
      this.#break(error.message)
    })
    this.#child.on('close', (code) => {
      this.#closed(code)
    })
    this.#child.once('spawn', () => {
      events.opened({ confirms: false, burst: BURST })
    })
    this.#child.stdin?.on('error', () => {
      // EPIPE: it has ended, which 'close' tells.
    })
    this.#child.stdin?.on('drain', () => {
      if (!this.#isGone && !this.#isAsked) events.drained()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#heard(text)
    })
  }

  send(entries: readonly Entry[]): boolean {
    const { format, maxBytes } = this.#options
    const { stdin } = this.#child
    if (stdin === null) return false
    const texts = entries.map((entry) => format(entry, maxBytes).flatMap((message) => [message, LF]))
    stdin.write(Buffer.concat(texts.flat()), (error) => {
      if ((error !== null && error !== undefined) || this.#isGone) return
      this.#events.taken(entries.length)
      for (const text of texts) this.#events.proven(this.#lag.add(text.reduce((sum, { length }) => sum + length, 0)))
    })
    return stdin.writableLength < HIGH_WATER_BYTES
  }

  /** At the end of its input it sends what it has read, and ends. */
  confirm(): void {
    if (this.#isAsked || this.#isGone) return
    this.#isAsked = true
    this.#child.stdin?.end()
    this.#timer = setTimeout(() => {
      if (this.#leave()) this.#events.closed({ kind: 'unanswered' })
    }, END_MS)
  }

  destroy(): void {
    this.#leave()
  }

  /** It goes on after a message that it could not send, and that one is gone. */
  #heard(text: string): void {
    const lines = (this.#begun + text).split('\n')
    this.#begun = (lines.pop() ?? '').slice(-MAX_WORDS)
    const failures = lines.filter((line) => line.includes(FAILED))
    if (failures.length > 0) this.#events.lost(failures.length, failures[0] ?? '')
    this.#lastWords = lines.findLast((line) => line !== '' && !line.includes(FAILED)) ?? this.#lastWords
  }

  #closed(code: number | null): void {
    const ended = code === null ? 'logger was ended by a signal' : `logger ended with status ${code}`
    const why = this.#lastWords === '' ? ended : `${ended}: ${this.#lastWords}`
    if (!this.#leave()) return
    this.#events.closed(this.#isAsked && code === 0 ? { kind: 'proved' } : { kind: 'broken', why })
  }

  #break(why: string): void {
    if (this.#leave()) this.#events.closed({ kind: 'broken', why })
  }

  #leave(): boolean {
    if (this.#isGone) return false
    this.#isGone = true
    clearTimeout(this.#timer)
    this.#child.kill('SIGTERM')
    return true
  }
}
