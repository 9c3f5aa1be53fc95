import * as fc from 'fast-check'
import { test } from 'tap'
import { LineSplitter } from '../../src/protocol/line-splitter.js'

const LONGEST = 65_536
const LF = '\n'

/** Everything in the order in which it was told: lines, each with its LF, and beginnings of lines that are too long. */
interface Told {
  readonly told: string[]
  readonly held: number
}

function split(pieces: readonly Buffer[]): Told {
  const told: string[] = []
  const splitter = new LineSplitter({
    lines(bytes, start, end) {
      const run = bytes.toString('latin1', start, end)
      if (!run.endsWith(LF)) told.push('a run without its end')
      told.push(
        ...run
          .slice(0, -1)
          .split(LF)
          .map((each) => each + LF),
      )
    },
    tooLong(beginning) {
      told.push(`too long: ${beginning.toString('latin1')}`)
    },
  })
  for (const piece of pieces) {
    // The caller may reuse what it gave.
    const given = Buffer.from(piece)
    splitter.push(given)
    given.fill('!')
  }
  return { told, held: splitter.heldBytes }
}

function line(bytes: number, fill = 'x'): Buffer {
  return Buffer.from(fill.repeat(bytes - 1) + LF)
}

void test('every cut of every sample, in two and in three pieces', (t) => {
  const samples = [
    '',
    LF,
    'a',
    'a\n',
    '\n\n',
    'a\nb',
    'RECORD 1 a\nPING 2\n',
    '# c\r\n\n\xff\xfe\0\n\x85tail',
    '\r\n\x1d\n',
  ]
  for (const sample of samples) {
    const wire = Buffer.from(sample, 'latin1')
    const lines = sample.split(LF)
    const rest = lines.pop() ?? ''
    const expected = { told: lines.map((each) => each + LF), held: rest.length }
    for (let cut = 0; cut <= wire.length; cut++) {
      for (let second = cut; second <= wire.length; second++) {
        const pieces = [wire.subarray(0, cut), wire.subarray(cut, second), wire.subarray(second)]
        t.same(split(pieces), expected, `${JSON.stringify(sample)} cut at ${cut} and ${second}`)
      }
    }
  }
  t.end()
})

void test('byte by byte', (t) => {
  const wire = Buffer.from('RECORD 1 a\n\nSTOP\nrest')
  t.same(split([...wire].map((byte) => Buffer.from([byte]))), { told: ['RECORD 1 a\n', '\n', 'STOP\n'], held: 4 })
  t.end()
})

void test('whole lines of one chunk come as one run, where they lie', (t) => {
  const chunk = Buffer.from('tail\na\nb\nc\nhead')
  const runs: [isChunk: boolean, start: number, end: number][] = []
  const splitter = new LineSplitter({
    lines: (bytes, start, end) => void runs.push([bytes === chunk, start, end]),
    tooLong: () => {},
  })
  splitter.push(Buffer.from('has a '))
  splitter.push(chunk)
  t.same(runs, [
    [false, 0, 11],
    [true, 5, 11],
  ])
  t.equal(splitter.heldBytes, 4)
  t.end()
})

void test('65,536 bytes are a line, one more is none, wherever it is cut and whatever is around it', (t) => {
  for (const bytes of [LONGEST - 1, LONGEST, LONGEST + 1, 3 * LONGEST]) {
    const wire = Buffer.concat([Buffer.from('a\n'), line(bytes), Buffer.from('b\nc')])
    const expected = ['a\n', bytes > LONGEST ? 'too long: x' : `${'x'.repeat(bytes - 1)}\n`, 'b\n']
    for (const around of [0, 2, 66, LONGEST, LONGEST + 2, bytes, bytes + 2]) {
      for (let cut = Math.max(0, around - 2); cut <= Math.min(wire.length, around + 2); cut++) {
        const second = Math.min(wire.length, cut + LONGEST)
        const pieces = [wire.subarray(0, cut), wire.subarray(cut, second), wire.subarray(second)]
        t.ok(isEqual(shortened(split(pieces)), { told: expected, held: 1 }), `${bytes} bytes cut at ${cut}`)
      }
    }
  }
  t.end()
})

void test('a line that is too long is told once, when that is known, and costs no other', (t) => {
  const endless = Buffer.alloc(LONGEST / 2, 'y')
  const pieces = [Buffer.from('a\n'), endless, endless]
  t.same(split(pieces).told, ['a\n', `too long: ${'y'.repeat(64)}`], 'before its end has come')
  t.same(split([...pieces, endless, endless]).told.length, 2)
  t.same(split([...pieces, endless, endless]).held, 0, 'nothing of it is kept')
  t.same(split([...pieces, endless, Buffer.from('z\nb\nc')]), {
    told: ['a\n', `too long: ${'y'.repeat(64)}`, 'b\n'],
    held: 1,
  })
  t.same(split([...pieces, Buffer.from('\n'), Buffer.from('\n')]).told.slice(2), ['\n'])
  t.end()
})

void test('several lines that are too long, among others, in one chunk', (t) => {
  const wire = Buffer.concat([
    line(LONGEST + 1, 'p'),
    line(3, 'q'),
    line(LONGEST),
    line(LONGEST + 9, 'r'),
    line(2, 's'),
  ])
  const expected = [
    `too long: ${'p'.repeat(64)}`,
    'qq\n',
    `${'x'.repeat(LONGEST - 1)}\n`,
    `too long: ${'r'.repeat(64)}`,
    's\n',
  ]
  t.ok(isEqual(split([wire]), { told: expected, held: 0 }))
  t.end()
})

void test('the pieces never matter', (t) => {
  const lengths = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: LONGEST - 3, max: LONGEST + 3 })), { maxLength: 6 })
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(), { maxLength: 8 }), (lines, cuts) => {
      const wire = Buffer.concat(lines.map((bytes, index) => line(bytes + 1, 'abcdef'[index])))
      const at = cuts.map((cut) => cut % (wire.length + 1)).sort((a, b) => a - b)
      const pieces = [0, ...at].map((from, index) => wire.subarray(from, at[index] ?? wire.length))
      const expected = lines.map((bytes, index) => {
        const letter = 'abcdef'[index] ?? ''
        return bytes + 1 > LONGEST ? `too long: ${letter}` : `${letter.repeat(bytes)}\n`
      })
      return isEqual(shortened(split(pieces)), { told: expected, held: 0 })
    }),
    { numRuns: 200 },
  )
  t.end()
})

/** How much of a beginning is shown depends on the pieces. */
function shortened({ told, held }: Told): Told {
  return { told: told.map((each) => each.replace(/^(too long: .).*$/, '$1')), held }
}

/** Without a diff of lines of 64 KiB. */
function isEqual(one: Told, other: Told): boolean {
  return (
    one.held === other.held &&
    one.told.length === other.told.length &&
    one.told.every((each, index) => each === other.told[index])
  )
}
