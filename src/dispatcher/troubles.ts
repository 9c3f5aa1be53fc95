// What is wrong with the stream on stdin, said to the admin: so many lines in so much time, and the rest counted, because a
// hostile or broken stream could otherwise fill the log.

import type { Log } from '../log.js'
import { TROUBLE_MEANING } from '../protocol/trouble-meaning.js'
import type { StreamTrouble } from '../protocol/stream-trouble.js'
import type { Clock } from './clock.js'

const LINES_PER_WINDOW = 20
const WINDOW_MS = 10_000
const SHOWN_BYTES = 32

export class Troubles {
  readonly #log: Log
  readonly #clock: Clock
  #windowBeganMs = -Infinity
  #inWindow = 0
  #fault = ''

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** The fault of auditd's that the stream shows; '' is none. */
  get fault(): string {
    return this.#fault
  }

  report(trouble: StreamTrouble): void {
    if (trouble.code === 'lost-tail') {
      this.#fault = `${TROUBLE_MEANING[trouble.code]} (auditd ${trouble.releases.join(', ')})`
    }
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#windowBeganMs >= WINDOW_MS) {
      this.#sayLeftOut()
      this.#windowBeganMs = nowMs
    }
    if (++this.#inWindow > LINES_PER_WINDOW) return
    const { code, ...fields } = trouble
    const shown = Object.entries(fields).map(([name, value]) => [
      name,
      Buffer.isBuffer(value) ? value.toString('hex', 0, SHOWN_BYTES) : value,
    ])
    this.#log.warn({ code, ...Object.fromEntries(shown) }, TROUBLE_MEANING[code])
  }

  close(): void {
    this.#sayLeftOut()
  }

  #sayLeftOut(): void {
    const lines = this.#inWindow - LINES_PER_WINDOW
    this.#inWindow = 0
    if (lines > 0) this.#log.warn({ lines }, 'more trouble on stdin than is logged; lines left out')
  }
}
