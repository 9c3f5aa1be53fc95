// A stream that is joined anywhere: all the records come whose frame or line begins at or after that place, nothing else.
import t from 'tap'
import { listenTo } from './listener.js'
import { Random } from './random.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording } from './recordings.js'
import { recordsOf } from './wire.js'

const JOINS_PER_RECORDING = 2000
const RECORDS_AFTER = 6

for (const [seed, name] of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS].entries()) {
  void t.test(`${name}, joined at ${JOINS_PER_RECORDING} places`, (t) => {
    const bytes = recording(name)
    const records = recordsOf(bytes, name.endsWith('.gz') ? 'padded' : 'exact')
    const places = records.map(({ offset }) => offset)
    const wrong = joins(seed, places).filter(({ first, offset }) => {
      const after = records.slice(first, first + RECORDS_AFTER)
      const { heard } = listenTo([bytes.subarray(offset, after.at(-1)?.next)])
      return heard.payloads.join('\0') !== after.map(({ payload }) => payload.toString('latin1')).join('\0')
    })
    t.same(wrong, [])
    t.end()
  })
}

for (const [seed, name] of TEXT_RECORDINGS.entries()) {
  void t.test(`${name}, joined at ${JOINS_PER_RECORDING} places`, (t) => {
    const bytes = recording(name)
    const text = bytes.toString('latin1')
    const lines = text.split(/(?<=\n)/)
    const places = lines.map((_, index) => index).map(placeOfLine(lines))
    const wrong = joins(seed, places).filter(({ first, offset }) => {
      const place = places[first] ?? 0
      const after = lines.slice(first, first + RECORDS_AFTER).join('')
      const { heard } = listenTo([bytes.subarray(offset, place + after.length)])
      // The rest of a line that was cut within `nametype=` or `inode=` begins like a record, and nobody can tell.
      const rest = text.slice(offset, place)
      return heard.text !== (/^(type|node)=/.test(rest) ? rest + after : after)
    })
    t.same(wrong, [])
    t.end()
  })
}

interface Join {
  readonly offset: number
  /** The first record that begins at or after it. */
  readonly first: number
}

function joins(seed: number, places: readonly number[]): Join[] {
  const random = new Random(seed)
  return Array.from({ length: JOINS_PER_RECORDING }, () => {
    const first = random.below(places.length)
    const previous = places[first - 1] ?? -1
    return { first, offset: previous + 1 + random.below((places[first] ?? 0) - previous) }
  })
}

function placeOfLine(lines: readonly string[]): (index: number) => number {
  let next = 0
  return (index) => {
    const place = next
    next += lines[index]?.length ?? 0
    return place
  }
}
