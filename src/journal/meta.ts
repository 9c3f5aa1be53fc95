// meta.json: what a journal is. Written new, synced, renamed, and the directory synced, so that one of two whole ones is there.

import { CHAIN_BYTES } from './block.js'
import { perform, readAt, type Work } from './file-port.js'
import { JournalError } from './journal-error.js'

const FILE = 'meta.json'
const NEW_FILE = `${FILE}.new`
const MAX_META_BYTES = 1024 * 1024
const FORMAT = 1
/** Forks that a journal remembers. */
export const MAX_TIMELINES = 64

/** A stretch of the journal's own stream under one id. A fork keeps all bytes and gives the rest another id. */
export interface Timeline {
  readonly stream: string
  readonly fromSeq: number
  /** The chain before `fromSeq`, 64 hex digits. */
  readonly before: string
}

export interface Meta {
  /** 32 hex digits, random: this journal and no other. */
  readonly journal: string
  /** Oldest first; all but the last are closed. */
  readonly timelines: readonly [Timeline, ...Timeline[]]
}

export function newMeta(journal: string, stream: string, anchor: Buffer): Meta {
  return { journal, timelines: [{ stream, fromSeq: 1, before: anchor.toString('hex') }] }
}

/**
 * The timeline that `fromSeq` lies in is split there: what is before keeps its id, the rest of it gets a new one, and later timelines
 * stay as they are. With nothing before, all of it is renamed. `firstSeq` is the oldest seq that the journal still has.
 */
export function forked(meta: Meta, stream: string, fromSeq: number, before: Buffer, firstSeq: number): Meta {
  const at = meta.timelines.findLastIndex((timeline) => timeline.fromSeq <= fromSeq)
  const parent = meta.timelines[at]
  if (parent === undefined) throw new RangeError(`seq ${fromSeq} lies before all timelines`)
  const head = parent.fromSeq === fromSeq ? [] : [parent]
  const rest: Timeline = { stream, fromSeq, before: before.toString('hex') }
  const all = [...meta.timelines.slice(0, at), ...head, rest, ...meta.timelines.slice(at + 1)]
  const [first, ...others] = bounded(all, firstSeq)
  if (first === undefined) throw new Error('a journal has a timeline')
  return { journal: meta.journal, timelines: [first, ...others] }
}

/**
 * A timeline stays after it is freed, so that a receiver that has lost it can be told what it will not get. Beyond the bound the oldest
 * freed one goes; where none is freed, there can be no further fork until some are.
 */
function bounded(timelines: readonly Timeline[], firstSeq: number): readonly Timeline[] {
  if (timelines.length <= MAX_TIMELINES) return timelines
  const [, second] = timelines
  if (second === undefined || second.fromSeq > firstSeq)
    throw new JournalError('too-many-timelines', `the journal has ${MAX_TIMELINES} timelines, and none is freed`)
  return timelines.slice(1)
}

/** The id under which `seq` is known to a receiver. */
export function timelineOf(meta: Meta, seq: number): Timeline | undefined {
  return meta.timelines.findLast((timeline) => timeline.fromSeq <= seq)
}

export function* loadMeta(): Work<Meta | undefined> {
  const bytes = yield* readAt(FILE, 0, MAX_META_BYTES)
  return bytes === undefined ? undefined : parseMeta(bytes.toString('utf8'))
}

export function* storeMeta(meta: Meta): Work<void> {
  const text = JSON.stringify({ format: FORMAT, ...meta }, undefined, 2) + '\n'
  // A file of this name is left over from a death in the middle of this.
  yield [{ kind: 'unlink', file: NEW_FILE }]
  yield* perform({ kind: 'create', file: NEW_FILE })
  yield* perform({ kind: 'write', file: NEW_FILE, at: 0, chunks: [Buffer.from(text)] })
  yield* perform({ kind: 'sync', file: NEW_FILE })
  yield* perform({ kind: 'close', file: NEW_FILE })
  yield* perform({ kind: 'rename', file: NEW_FILE, to: FILE })
  yield* perform({ kind: 'sync-dir', dir: '' })
}

/** Throws JournalError for what this version has not written. */
export function parseMeta(text: string): Meta {
  const found = parsed(text)
  if (!isObject(found)) throw new JournalError('bad-meta', 'meta.json is no JSON object')
  if (found['format'] !== FORMAT)
    throw new JournalError('newer-format', `meta.json has format ${String(found['format'])}, not ${FORMAT}`)
  const timelines = Array.isArray(found['timelines']) ? found['timelines'].map(timelineIn) : []
  const [first, ...rest] = timelines
  if (!isHex(found['journal'], 16) || first === undefined)
    throw new JournalError('bad-meta', 'meta.json lacks an id or a timeline')
  if (
    timelines.length > MAX_TIMELINES ||
    timelines.some(({ fromSeq }, at) => fromSeq <= (timelines[at - 1]?.fromSeq ?? 0))
  )
    throw new JournalError('bad-meta', 'meta.json has too many timelines, or not in order')
  return { journal: found['journal'], timelines: [first, ...rest] }
}

function timelineIn(found: unknown): Timeline {
  if (isObject(found) && isHex(found['stream'], 16) && isHex(found['before'], CHAIN_BYTES)) {
    const { stream, fromSeq, before } = { stream: found['stream'], fromSeq: found['fromSeq'], before: found['before'] }
    if (typeof fromSeq === 'number' && Number.isSafeInteger(fromSeq) && fromSeq >= 1) return { stream, fromSeq, before }
  }
  throw new JournalError('bad-meta', 'meta.json has a timeline that is none')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new JournalError('bad-meta', 'meta.json is no JSON', { cause })
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isHex(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)
}
