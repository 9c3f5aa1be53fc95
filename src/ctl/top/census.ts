// Who makes the noise: records counted by key, program, login user and type, over the last few seconds. What a record does not
// say itself it has from the system call of its event, whose other records come right behind: so the shares of each table are
// shares of all records.

import { readRecord, type AuditRecord } from '../../protocol/record-fields.js'

const LF = 0x0a
/** The window is so many intervals. */
const INTERVALS = 10
/** Different names that are told apart in one interval; what comes beyond them is counted together. */
const MAX_NAMES = 1000
/** Of a longer name the rest is left out. */
const MAX_NAME_CHARACTERS = 256
export const NO_NAME = '(none)'
export const OTHERS = '(others)'

export const TABLES = ['key', 'exe', 'auid', 'type'] as const
export type TableName = (typeof TABLES)[number]

type Counts = Readonly<Record<TableName, Map<string, number>>>

interface Interval {
  records: number
  readonly counts: Counts
}

/** What is known of an event from its first record. */
interface Origin {
  readonly timeMs: number
  readonly serial: number
  readonly key: string
  readonly exe: string
  readonly auid: string
}

export interface Share {
  readonly name: string
  /** Of the records that were seen, 0 to 1. */
  readonly share: number
}

export class Census {
  #intervals: Interval[] = [newInterval()]
  #origin: Origin | undefined

  /** Records that were seen in the interval at hand. */
  get records(): number {
    return this.#intervals[0]?.records ?? 0
  }

  /** Whole lines: bytes[start, end), valid only during the call. */
  take(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      const lf = bytes.indexOf(LF, at)
      const record = readRecord(bytes, at, lf)
      if (record !== undefined) this.#count(record)
      at = lf + 1
    }
  }

  /** The next interval begins, and the oldest is forgotten. */
  turn(): void {
    this.#intervals = [newInterval(), ...this.#intervals.slice(0, INTERVALS - 1)]
  }

  /** Nothing that came so far counts. */
  forget(): void {
    this.#intervals = [newInterval()]
    this.#origin = undefined
  }

  /** The `most` greatest of a table, the greatest first. */
  greatest(table: TableName, most: number): Share[] {
    const sums = new Map<string, number>()
    let records = 0
    for (const interval of this.#intervals) {
      records += interval.records
      for (const [name, count] of interval.counts[table]) sums.set(name, (sums.get(name) ?? 0) + count)
    }
    return [...sums]
      .toSorted(([a, more], [b, less]) => less - more || (a < b ? -1 : 1))
      .slice(0, most)
      .map(([name, count]) => ({ name, share: count / records }))
  }

  #count(record: AuditRecord): void {
    const { key, exe, auid } = this.#originOf(record)
    const interval = this.#intervals[0]
    if (interval === undefined) return
    interval.records++
    add(interval.counts.key, key)
    add(interval.counts.exe, exe)
    add(interval.counts.auid, auid)
    add(interval.counts.type, record.typeName)
  }

  #originOf(record: AuditRecord): Origin {
    const { timeMs, serial } = record
    const known = this.#origin
    if (known?.serial === serial && known.timeMs === timeMs) return known
    const origin = {
      timeMs,
      serial,
      key: record.ruleKeys().join(',') || NO_NAME,
      exe: record.text('exe') ?? NO_NAME,
      auid: record.get('auid') ?? NO_NAME,
    }
    this.#origin = origin
    return origin
  }
}

function newInterval(): Interval {
  return { records: 0, counts: { key: new Map(), exe: new Map(), auid: new Map(), type: new Map() } }
}

function add(counts: Map<string, number>, given: string): void {
  const cut = given.length > MAX_NAME_CHARACTERS ? given.slice(0, MAX_NAME_CHARACTERS) : given
  const name = counts.size < MAX_NAMES || counts.has(cut) ? cut : OTHERS
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
