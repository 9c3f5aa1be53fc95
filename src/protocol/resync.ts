// Finding a header where none is expected. In sync a header is believed by its version, length and size; here it must
// also have a type that auditd uses and a payload that begins like a record. The search goes for the one word that is
// the same in every header, so it costs a native call for each place where that word stands, not a step a byte.
import { HEADER_BYTES, LITTLE_ENDIAN, UNKNOWN_TYPE, headerFault, payloadSize } from './frame.js'
import { withoutTrailingNuls } from './record.js'

/** `header`: a believable one is at `at`. `cut`: one may begin there, the bytes end too early. `none`: there is none before `at`. */
export type Sighting = { readonly kind: 'header' | 'cut' | 'none'; readonly at: number }

const LENGTH_WORD = Buffer.from(Uint32Array.of(HEADER_BYTES).buffer)
const LENGTH_WORD_AT = 4
const PAYLOAD_STARTS = { kernelText: [Buffer.from('audit(')], record: [Buffer.from('type='), Buffer.from('node=')] }
const FIRST_TYPE = 1000
const LAST_TYPE = 2999

/** Looks for the first believable header at or after `from`; `view` shows the same bytes. */
export function findHeader(bytes: Buffer, view: DataView, from: number): Sighting {
  let at = from
  for (;;) {
    const word = bytes.indexOf(LENGTH_WORD, at + LENGTH_WORD_AT)
    if (word === -1) return { kind: 'none', at: Math.max(at, bytes.length - LENGTH_WORD_AT - LENGTH_WORD.length + 1) }
    at = word - LENGTH_WORD_AT
    const kind = judge(bytes, view, at)
    if (kind !== 'none') return { kind, at }
    at++
  }
}

/** Whether a believable header in `from`..`to` has a payload that ends at `to`. */
export function frameEndsAt(bytes: Buffer, view: DataView, from: number, to: number): boolean {
  const before = bytes.subarray(0, to)
  // Only the last one can: a good payload holds no NUL, so not that word.
  const at = before.lastIndexOf(LENGTH_WORD) - LENGTH_WORD_AT
  return at >= from && judge(before, view, at) === 'header' && at + HEADER_BYTES + payloadSize(view, at) === to
}

/** Where behind the header at `at` another one stands before `end`, if its payload holds a NUL before its last bytes at all. */
export function swallowedHeader(bytes: Buffer, view: DataView, at: number, end: number): number | undefined {
  const start = at + HEADER_BYTES
  const nul = bytes.indexOf(0, start)
  if (nul === -1 || nul >= withoutTrailingNuls(bytes, start, end)) return undefined
  // From within the header itself: it may be a torn one that took its last bytes from the other.
  const sighting = findHeader(bytes.subarray(0, end), view, at + 1)
  // Cut is good enough when it is only the payload that is cut.
  const isHeader = sighting.kind === 'header' || (sighting.kind === 'cut' && sighting.at + HEADER_BYTES <= end)
  return isHeader ? sighting.at : undefined
}

function judge(bytes: Buffer, view: DataView, at: number): Sighting['kind'] {
  if (bytes.length - at < HEADER_BYTES) return 'cut'
  if (headerFault(view, at) !== undefined) return 'none'
  const type = view.getUint32(at + 8, LITTLE_ENDIAN)
  if ((type < FIRST_TYPE || type > LAST_TYPE) && type !== UNKNOWN_TYPE) return 'none'
  return judgePayload(bytes, at + HEADER_BYTES, view.getUint32(at, LITTLE_ENDIAN), payloadSize(view, at))
}

function judgePayload(bytes: Buffer, start: number, version: number, size: number): Sighting['kind'] {
  const there = bytes.subarray(start, start + size)
  const starts = version === 0 ? PAYLOAD_STARTS.kernelText : PAYLOAD_STARTS.record
  const matching = starts.filter((begin) => agree(begin, there))
  if (matching.length === 0) return 'none'
  return matching.some((begin) => there.length >= Math.min(size, begin.length)) ? 'header' : 'cut'
}

/** Whether one begins with the other. */
function agree(one: Buffer, other: Buffer): boolean {
  const length = Math.min(one.length, other.length)
  return one.compare(other, 0, length, 0, length) === 0
}
