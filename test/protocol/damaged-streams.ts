// One stretch of an undamaged stream is changed at random, or more of them close together. Whatever that does to it,
// - all records that end before the stretch come first, as they are;
// - all records whose frame begins behind it come last, as they are. Only in a padded stream, where lost or added bytes
//   move the frames, one whose frame begins within 8986 bytes behind it may be missed;
// - of text exactly the whole lines come, whatever is in them;
// - every byte of an exact stream is accounted for: delivered, skipped or torn;
// - the bytes alone decide and not how they are cut, and no more is held than a frame or the opening.
import { damage } from './damage.js'
import { Digest, digestOf, listenTo } from './listener.js'
import type { Listener } from './listener.js'
import { Random } from './random.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording, withoutPadding } from './recordings.js'
import { HEADER, PADDED_FRAME, recordsOf } from './wire.js'
import type { PlacedRecord } from './wire.js'
import { StreamReader } from '../../src/protocol/stream.js'

const MOST_HELD_BYTES = { undecided: 64 * 1024 + 32, text: 64 * 1024, exact: PADDED_FRAME, padded: PADDED_FRAME }
const SINGLE_BYTES_EVERY = 200
const ENOUGH_EXAMPLES = 5

/** What a damaged stream did wrong. */
export interface Wrong {
  readonly run: number
  readonly lost: 'records' | 'bytes' | 'sameness' | 'lines'
}

/** A way to damage streams, so many times; it comes to the first few that went wrong. */
export interface Damages {
  readonly kind: string
  readonly runs: number
  readonly wrongOf: (runs: number) => readonly Wrong[]
}

interface Stream {
  readonly bytes: Buffer
  readonly records: readonly PlacedRecord[]
}

/** A hundred thousand of them. */
export const DAMAGES: readonly Damages[] = [
  { kind: 'exact streams', runs: 55_000, wrongOf: wrongExact },
  { kind: 'padded streams', runs: 15_000, wrongOf: wrongPadded },
  { kind: 'text', runs: 30_000, wrongOf: wrongText },
]

function wrongExact(runs: number): readonly Wrong[] {
  const padded = recording('v3.0.9-raw-plugin.bin.gz')
  const recordings = [...EXACT_RECORDINGS.map(recording), withoutPadding(padded)]
  const streams = recordings.map((bytes) => ({ bytes, records: recordsOf(bytes, 'exact') }))
  const random = new Random(1)
  return examples(runs, () => {
    const { bytes, records } = sliceOf(random.oneOf(streams), 2 + random.below(random.oneOf([12, 60])), random)
    const damaged = damage(bytes, placesOf(records), random)
    const { heard, reader } = listenTo([damaged.bytes])
    const before = records.filter(({ next }) => next <= damaged.from)
    const behind = records.filter(({ offset }) => offset >= damaged.to)
    if (!beginsAndEndsWith(heard, before, behind)) return { lost: 'records' }
    if (!isAccountedFor(heard, reader)) return { lost: 'bytes' }
    return isSameInPieces(damaged.bytes, random) ? undefined : { lost: 'sameness' }
  })
}

function wrongPadded(runs: number): readonly Wrong[] {
  const streams = PADDED_RECORDINGS.map(recording).map((bytes) => ({ bytes, records: recordsOf(bytes, 'padded') }))
  const random = new Random(2)
  return examples(runs, () => {
    const { bytes, records } = sliceOf(random.oneOf(streams), 2 + random.below(4), random)
    const damaged = damage(bytes, placesOf(records), random)
    const { heard } = listenTo([damaged.bytes])
    const before = records.filter(({ offset, payload }) => offset + HEADER + payload.length <= damaged.from)
    const behind = records.filter(({ offset }) => offset >= damaged.to + PADDED_FRAME)
    if (!beginsAndEndsWith(heard, before, behind)) return { lost: 'records' }
    return isSameInPieces(damaged.bytes, random) ? undefined : { lost: 'sameness' }
  })
}

function wrongText(runs: number): readonly Wrong[] {
  const texts = TEXT_RECORDINGS.map(recording)
  const random = new Random(3)
  return examples(runs, () => {
    const text = random.oneOf(texts)
    const lineAt = text.indexOf('\n', random.below(text.length - 10_000)) + 1
    const damaged = damage(text.subarray(lineAt, lineAt + random.below(5000)), [0], random)
    const expected = wholeLines(damaged.bytes.toString('latin1'))
    const { heard } = listenTo([damaged.bytes])
    if (expected !== undefined && heard.text !== expected) return { lost: 'lines' }
    return isSameInPieces(damaged.bytes, random) ? undefined : { lost: 'sameness' }
  })
}

function examples(runs: number, run: () => Omit<Wrong, 'run'> | undefined): Wrong[] {
  const found: Wrong[] = []
  for (let index = 0; index < runs && found.length < ENOUGH_EXAMPLES; index++) {
    const wrong = run()
    if (wrong !== undefined) found.push({ ...wrong, run: index })
  }
  return found
}

/** Some records in a row, their places counted from the first. */
function sliceOf({ bytes, records }: Stream, count: number, random: Random): Stream {
  const index = random.below(records.length - count + 1)
  const chosen = records.slice(index, index + count)
  const start = chosen[0]?.offset ?? 0
  return {
    bytes: bytes.subarray(start, chosen.at(-1)?.next),
    records: chosen.map((record) => ({ ...record, offset: record.offset - start, next: record.next - start })),
  }
}

function placesOf(records: readonly PlacedRecord[]): number[] {
  return records.map(({ offset }) => offset)
}

function beginsAndEndsWith({ frames }: Listener, before: PlacedRecord[], behind: PlacedRecord[]): boolean {
  if (frames.length < before.length + behind.length) return false
  const last = frames.slice(frames.length - behind.length)
  const isThere = (record: PlacedRecord, index: number): boolean => isSame(record, frames[index])
  return before.every(isThere) && behind.every((record, index) => isSame(record, last[index]))
}

function isSame(record: PlacedRecord, frame: Listener['frames'][number] | undefined): boolean {
  return frame?.type === record.type && frame.version === record.version && frame.payload.equals(record.payload)
}

function isAccountedFor({ frames, troubles }: Listener, { kind, counters }: StreamReader): boolean {
  if (kind === 'text' || kind === 'padded') return true
  let bytes = counters.skippedBytes
  for (const { payload } of frames) bytes += HEADER + payload.length
  for (const trouble of troubles) if (trouble.code === 'torn-end') bytes += trouble.heldBytes
  // A payload that took a few bytes of the next header has them, and so has the record of that header.
  return bytes >= counters.bytes && bytes < counters.bytes + HEADER * (counters.badHeaders + 1)
}

/** The same comes when the bytes are cut at random, and little enough is held on the way. */
function isSameInPieces(bytes: Buffer, random: Random): boolean {
  const digest = new Digest()
  const reader = new StreamReader(digest)
  // Mostly a few pieces, sometimes single bytes.
  const longest = random.below(SINGLE_BYTES_EVERY) === 0 ? 1 : bytes.length / random.oneOf([1, 4, 16])
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random.below(longest)
    reader.push(bytes.subarray(at, at + length))
    if (reader.heldBytes > MOST_HELD_BYTES[reader.kind]) return false
    at += length
  }
  reader.end()
  return digest.value === digestOf([bytes])
}

/** What a reader of text owes, if it takes this for text. */
function wholeLines(text: string): string | undefined {
  const lines = text.split('\n')
  const isRecord = (line: string | undefined): boolean => /^(type|node)=/.test(line ?? '')
  if (!isRecord(lines[0]) && !isRecord(lines[1])) return undefined
  const first = isRecord(lines[0]) ? 0 : 1
  return lines
    .slice(first, -1)
    .map((line) => `${line}\n`)
    .join('')
}
