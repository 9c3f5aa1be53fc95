// What is wrong with the stream on stdin, said to the admin: so many lines in so much time, and the rest counted, because a
// hostile or broken stream could otherwise fill the log.

import type { Log } from '../log.js'
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

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  report(trouble: StreamTrouble): void {
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
    this.#log.warn({ code, ...Object.fromEntries(shown) }, MEANING[code])
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

const MEANING: Record<StreamTrouble['code'], string> = {
  'unknown-version': 'stdin: a header of an unknown version; looking for the next one that can be believed',
  'bad-header-length': 'stdin: a header that is not 16 bytes long; looking for the next one that can be believed',
  oversize: 'stdin: a header claims more bytes than a record can have; looking for the next one that can be believed',
  resynchronised: 'stdin: records are read again; what lay between is lost',
  'damaged-payload': 'stdin: a record covers the beginning of another one; left out, reading on from that one',
  'torn-end': 'stdin ended in the middle of a record; it is not passed on',
  unrecognised: 'stdin ended within bytes that are no record',
  'partial-line': 'stdin began in the middle of a line; that line is not passed on',
  'line-too-long': 'stdin: a line is longer than any record; not passed on',
  'lost-tail':
    'stdin: records lack their last 16 bytes, a known fault of these releases of auditd; upgrade auditd, or use log_format = ENRICHED or name_format in auditd.conf',
  'gave-up': 'stdin: nothing that can be believed for too long; is this the output of auditd?',
}

/** Whether records of the input may be missing after it. */
export function losesRecords({ code }: StreamTrouble): boolean {
  return LOSSES.has(code)
}

/** What is told where it begins has its loss where it ends: resynchronised. */
const LOSSES: ReadonlySet<StreamTrouble['code']> = new Set([
  'resynchronised',
  'damaged-payload',
  'torn-end',
  'partial-line',
  'line-too-long',
  'gave-up',
])
