// What rules would do with the records of log files, without doing any of it. Limits are kept by the times in the records, so
// that what would have been held back is counted as such.

import type { Clock } from '../../src/remote/ports.js'
import { readRecord } from '../../src/sdk/index.js'
import { keyOf } from './event-fields.js'
import { EventLines, EVENT_LIMITS } from './event-lines.js'
import type { Setup } from './load.js'
import { linesIn } from './log-lines.js'
import { RuleBook, type Compile, type RuleState } from './rule-book.js'

const LF = 0x0a
/** Log files have no pauses: an event is open until a limit is reached. */
const NEVER_MS = Infinity
const ENRICHED_SEPARATOR = 0x1d

/** What became of one event, or of one record where rules are about records. */
export interface Tried {
  readonly records: readonly Buffer[]
  readonly isKept: boolean
  /** Undefined: no rule has decided. */
  readonly decidedBy: RuleState | undefined
  /** Rules that tell and have matched, and whether they would have told. */
  readonly told: readonly { readonly state: RuleState; readonly taken: 'told' | 'limited' | 'repeated' }[]
}

export interface TryOut {
  readonly book: RuleBook
  /** Reads a file; '-' is standard input. */
  read(file: string): Promise<void>
  /** No more files. */
  end(): void
}

export function tryOut({ config, rules }: Setup, compile: Compile, onTried: (tried: Tried) => void): TryOut {
  const clock = recordClock()
  let told: Tried['told'][number][] = []
  const book = new RuleBook(compile, clock, config.default === 'keep', {
    matched(state, records) {
      clock.moveTo(records)
      const { once } = state.rule.restraint
      const taken = state.holdBack.take(once === undefined ? '' : keyOf(records, once.fields))
      state.counts[taken]++
      told.push({ state, taken })
    },
    heldBack() {},
  })
  book.replace(rules)
  const decide = (records: readonly Buffer[], isKept: boolean): boolean => {
    onTried({ records, isKept, decidedBy: book.decidedBy, told })
    told = []
    return isKept
  }
  const events = new EventLines(
    { timeoutMs: NEVER_MS, ...EVENT_LIMITS },
    { event: (records) => decide(records, book.keepsEvent(records)), late() {} },
  )
  return {
    book,
    async read(file) {
      for await (const piece of linesIn(file)) {
        if (config.unit === 'event') events.take(piece, 0, 0)
        else for (const record of recordsIn(piece)) decide([record], book.keepsRecord(record))
      }
    },
    end() {
      events.flush()
    },
  }
}

/** As people name it: the time and serial of its records. */
export function eventId(records: readonly Buffer[]): string {
  const [first = Buffer.alloc(0)] = records
  return /msg=audit\((\d+\.\d+:\d+)\)/.exec(first.toString('latin1', 0, 1024))?.[1] ?? '?'
}

/** A record as the kernel wrote it. */
export function withoutEnrichment(record: Buffer): Buffer {
  const separator = record.indexOf(ENRICHED_SEPARATOR)
  return separator === -1 ? record : record.subarray(0, separator)
}

function* recordsIn(piece: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < piece.length;) {
    const end = piece.indexOf(LF, at)
    yield piece.subarray(at, end)
    at = end + 1
  }
}

/** The time is that of the record that is looked at. Nothing is put off: there is nobody to be told. */
function recordClock(): Clock & { moveTo(records: readonly Buffer[]): void } {
  let nowMs = 0
  return {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    after: () => () => {},
    moveTo([first]) {
      const record = first === undefined ? undefined : readRecord(first)
      // Records of several nodes may be out of order; time does not go back.
      if (record !== undefined) nowMs = Math.max(nowMs, record.timeMs)
    },
  }
}
