import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { test, type Test } from 'tap'
import { StreamReader } from '../../src/protocol/stream.js'
import { maxLineBytes, writeLine } from '../../src/protocol/record.js'
import { RecordBatch } from '../../src/sdk/record-batch.js'
import { StreamIntake } from '../../src/sdk/stream-intake.js'
import { TestClock } from '../../src/sdk/test-clock.js'
import { Auditd, noting } from './auditd.js'

const FIXTURES = 'test/fixtures/auditd-stream/'
const NO_NODE = Buffer.alloc(0)
const LONG = 70_000

function line(serial: number, rest = ''): string {
  return `type=LOGIN msg=audit(1.000:${serial}): pid=1${rest}`
}

/** One frame, padded with what is no record. */
function frame(version: 0 | 1, type: number, payload: string, paddedTo = 0): Buffer {
  const header = Buffer.alloc(16)
  for (const [index, word] of [version, 16, type, payload.length].entries()) header.writeUInt32LE(word, index * 4)
  return Buffer.concat([
    header,
    Buffer.from(payload, 'latin1'),
    Buffer.alloc(Math.max(0, paddedTo - payload.length), 'x'),
  ])
}

/** What is handed on of these pieces, and what is said on stderr. */
function taken(pieces: readonly Buffer[]): { readonly seen: string[]; readonly said: string[] } {
  const said: string[] = []
  const intake = new StreamIntake(new TestClock(), { complain: (text) => said.push(text), nowMs: () => 0 })
  const seen: string[] = []
  const take = (): void => {
    for (let hand = intake.take(); hand !== undefined; hand = intake.take()) {
      for (const item of hand.items) {
        if (item.kind === 'lost')
          seen.push(`lost ${item.lost.count} ${item.lost.first} ${item.lost.last} ${item.lost.reason}`)
        if (item.kind !== 'records') continue
        const { start, end, count, last, layout } = item
        const batch = new RecordBatch(hand.bytes, start, end, count, last, layout)
        const records = [...batch]
        if (records.length !== count || records[0]?.seq !== batch.first || records.at(-1)?.seq !== last)
          seen.push('miscounted')
        seen.push(...records.map(({ seq, bytes }) => `${seq} ${bytes.toString('latin1')}`))
      }
    }
  }
  for (const piece of pieces) {
    intake.push(piece)
    take()
  }
  intake.end()
  take()
  intake.close()
  return { seen, said }
}

/** Every cut in two gives what the whole gives. */
function sameAtEveryCut(t: Test, wire: Buffer): string[] {
  const whole = taken([wire])
  for (let cut = 1; cut < wire.length; cut++) {
    const { seen, said } = taken([wire.subarray(0, cut), wire.subarray(cut)])
    if (seen.join() !== whole.seen.join() || said.join() !== whole.said.join())
      t.fail(`cut at ${cut}: ${seen.join('; ')}`)
  }
  return whole.seen
}

void test('lines, cut anywhere', (t) => {
  const wire = Buffer.from(`${line(1)}\n${line(2, ' \xff\x1dAUID="x"')}\nnode=a ${line(3)}\n`, 'latin1')
  t.same(sameAtEveryCut(t, wire), [`1 ${line(1)}`, `2 ${line(2, ' \xff\x1dAUID="x"')}`, `3 node=a ${line(3)}`])
  t.end()
})

void test('frames of both versions, cut anywhere', (t) => {
  const kernel = frame(0, 1006, 'audit(1.000:1): pid=1\nuid=2\0')
  const wire = Buffer.concat([kernel, frame(1, 1006, line(2)), frame(0, 1320, 'audit(1.000:2): ')])
  t.same(sameAtEveryCut(t, wire), [
    '1 type=LOGIN msg=audit(1.000:1): pid=1 uid=2',
    `2 ${line(2)}`,
    '3 type=EOE msg=audit(1.000:2): ',
  ])
  t.end()
})

void test('frames that are padded', (t) => {
  const wire = Buffer.concat([1, 2, 3].map((serial) => frame(1, 1006, line(serial), 8970)))
  for (const cut of [1, 15, 16, 17, 16 + line(1).length, 100, 8985, 8986, 8987, 9000, 3 * 8986 - 1]) {
    t.same(
      taken([wire.subarray(0, cut), wire.subarray(cut)]).seen,
      [1, 2, 3].map((n) => `${n} ${line(n)}`),
      `${cut}`,
    )
  }
  t.end()
})

void test('the recorded streams come as the lines that a string plugin got', (t) => {
  for (const [name, string] of [
    ['v2.8.5-raw.bin', 'v2.8.5-raw.string'],
    ['v3.0.9-raw-plugin.bin.gz', 'v3.0.9-raw-plugin.string'],
  ] as const) {
    const stored = readFileSync(FIXTURES + name)
    const wire = name.endsWith('.gz') ? gunzipSync(stored) : stored
    const lines = readFileSync(FIXTURES + string, 'latin1')
      .trimEnd()
      .split('\n')
    const pieces: Buffer[] = []
    for (let at = 0; at < wire.length; at += 65_536) pieces.push(wire.subarray(at, at + 65_536))
    const { seen } = taken(pieces)
    t.equal(seen.length, lines.length, name)
    // Those auditds did not know the names of all types, and cut blanks at the end.
    const alike = (text: string): string => text.replace(/type=\S+/, '').trimEnd()
    const expected = lines.map((each, index) => `${index + 1} ${alike(each)}`)
    t.same(seen.map(alike), expected, name)
    t.same(taken([readFileSync(FIXTURES + string)]).seen.map(alike), expected, string)
  }
  t.end()
})

void test('a record that is too long is left out, and lost in its place', (t) => {
  const long = line(9, 'x'.repeat(LONG))
  const wire = Buffer.from(`${line(1)}\n${long}\n${long}\n${line(2)}\n${long}\n`)
  for (const size of [1000, 65_536, wire.length]) {
    const pieces: Buffer[] = []
    for (let at = 0; at < wire.length; at += size) pieces.push(wire.subarray(at, at + size))
    const { seen, said } = taken(pieces)
    const lost = seen.filter((each) => each.startsWith('lost'))
    t.same(
      seen.filter((each) => !each.startsWith('lost')),
      [`1 ${line(1)}`, `4 ${line(2)}`],
      `pieces of ${size}`,
    )
    t.equal(lost.at(-1), 'lost 1 5 5 too-long')
    t.equal(
      lost.reduce((sum, each) => sum + Number(each.split(' ')[1]), 0),
      3,
    )
    t.equal(
      said.filter((text) => text.startsWith('stdin: a line is longer than any record')).length,
      2,
      'a run of them once',
    )
  }
  t.end()
})

void test('damage costs what it damages: numbers say where', (t) => {
  const garbage = Buffer.alloc(40, 0xee)
  const { seen, said } = taken([
    Buffer.concat([frame(1, 1006, line(1)), frame(1, 1006, line(2)), garbage, frame(1, 1006, line(3))]),
  ])
  t.same(seen, [`1 ${line(1)}`, `2 ${line(2)}`, 'lost 0 3 3 input-gap', `4 ${line(3)}`])
  t.match(said.join('\n'), /records are read again; what lay between is lost \(offset=\d+ skippedBytes=40\)/)
  t.end()
})

void test('an end within a frame is a loss; a line without its end is handed on if it looks like a record', (t) => {
  const torn = taken([Buffer.concat([frame(1, 1006, line(1)), frame(1, 1006, line(2)).subarray(0, 40)])])
  t.same(torn.seen, [`1 ${line(1)}`, 'lost 1 2 2 input-gap'])
  const padded = Buffer.concat([1, 2].map((serial) => frame(1, 1006, line(serial), 8970)))
  t.same(taken([padded.subarray(0, -1)]).seen, [`1 ${line(1)}`, `2 ${line(2)}`], 'padding is no record')
  const unended = taken([Buffer.from(`${line(1)}\n${line(2)}`)])
  t.same(unended.seen, [`1 ${line(1)}`, `2 ${line(2)}`])
  t.match(unended.said, [/^stdin ended within a line that looks like a record; it is handled, and may be cut short$/])
  t.same(taken([Buffer.from(line(1))]).seen, [`1 ${line(1)}`], 'and nothing else')
  t.same(taken([Buffer.from(`${line(1)}\ntype=LOGIN msg=audit(1.0`)]).seen, [`1 ${line(1)}`, 'lost 1 2 2 input-gap'])
  t.end()
})

void test('the rest of a line that began before the stream is lost', (t) => {
  const { seen, said } = taken([Buffer.from(`OGIN msg=audit(1.000:0): pid=1\n${line(1)}\n`)])
  t.same(seen, ['lost 1 1 1 input-gap', `2 ${line(1)}`])
  t.match(said, [/^stdin began in the middle of a line/])
  t.end()
})

void test('so much is told of a broken stream and no more', (t) => {
  const broken = Array.from({ length: 100 }, (_, n) => [Buffer.alloc(40, 0xee), frame(1, 1006, line(n))]).flat()
  const { said } = taken([frame(1, 1006, line(0)), ...broken])
  t.ok(said.length <= 21)
  t.match(said.at(-1), /^more trouble on stdin than is told; lines left out: \d+$/)
  t.end()
})

void test('what was taken stays as it is while the next bytes come', (t) => {
  const intake = new StreamIntake(new TestClock(), { complain: () => {}, nowMs: () => 0 })
  const lines = (from: number, to: number): Buffer =>
    Buffer.from(Array.from({ length: to - from }, (_, index) => `${line(from + index)}\n`).join(''))
  intake.push(lines(0, 100))
  const hand = intake.take()
  intake.push(lines(100, 200))
  t.ok(hand?.bytes.subarray(0, lines(0, 100).length).equals(lines(0, 100)))
  intake.push(lines(200, 50_000))
  t.ok(hand?.bytes.subarray(0, lines(0, 100).length).equals(lines(0, 100)))
  t.equal(intake.aheadBytes, lines(100, 50_000).length)
  const next = intake.take()
  t.ok(next?.bytes.subarray(0, lines(100, 50_000).length).equals(lines(100, 50_000)))
  t.equal(intake.take(), undefined)
  t.end()
})

void test('the whole plugin gets what the intake gives', async (t) => {
  const wire = readFileSync(`${FIXTURES}sample-v0.bin`)
  const expected: string[] = []
  new StreamReader({
    frame: (version, type, bytes, start, end, clean) => {
      const text = Buffer.alloc(maxLineBytes(end - start, 0))
      const to = writeLine(text, 0, version, type, bytes, start, end, clean, NO_NODE)
      expected.push(`${expected.length + 1} ${text.toString('latin1', 0, to - 1)}`)
    },
    lines: () => t.fail('frames'),
    trouble: () => t.fail('whole'),
  }).push(wire)
  const seen: string[] = []
  const auditd = new Auditd(noting(seen))
  for (let at = 0; at < wire.length; at += 999) auditd.write(wire.subarray(at, at + 999))
  t.equal(await auditd.end(), 0)
  t.same(seen, expected)
})
