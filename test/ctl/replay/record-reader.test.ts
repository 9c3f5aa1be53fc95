import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { ALWAYS, RecordReader, type TimeSpan } from '../../../src/ctl/replay/record-reader.js'

const RECORDINGS = 'test/fixtures/auditd-stream'

function read(
  chunks: readonly Buffer[],
  span: TimeSpan = ALWAYS,
): { text: string; reader: RecordReader; ends: number[] } {
  const reader = new RecordReader(chunks[0] ?? Buffer.alloc(0), span)
  const parts: Buffer[] = []
  const ends: number[] = []
  const take = (): void => {
    const batch = reader.batch()
    const before = parts.reduce((sum, { length }) => sum + length, 0)
    ends.push(...batch.ends.map((end) => before + end))
    if (batch.ends.length !== batch.timesMs.length) throw new Error('ends and times differ')
    parts.push(batch.bytes)
  }
  for (const chunk of chunks) {
    reader.push(chunk)
    take()
  }
  reader.end()
  take()
  return { text: Buffer.concat(parts).toString('latin1'), reader, ends }
}

const AT = (second: number, serial: number): string => `msg=audit(${second}.000:${serial}):`

void test('what ausearch prints, enriched records, a last line without its end', (t) => {
  const lines = [
    '----',
    'time->Sun Nov 22 10:30:00 2026',
    `type=SYSCALL ${AT(100, 1)} arch=c000003e key=(null)\x1dARCH=x86_64`,
    `node=web1 type=CWD ${AT(100, 1)} cwd="/"`,
    '',
    'type=CWD msg=audit(11/22/2026 10:30:00.000:7) : cwd=/ ',
    'no record',
    `type=USER_CMD ${AT(101, 2)} cmd=6C73`,
  ]
  const wire = Buffer.from(lines.join('\n'), 'latin1')
  const wanted = `${[lines[2], lines[3], lines[7]].join('\n')}\n`
  for (const cut of [1, 3, 40, 77, 140, wire.length - 1, wire.length]) {
    const { text, reader, ends } = read([wire.subarray(0, cut), wire.subarray(cut)])
    t.equal(text, wanted, `cut at ${cut}`)
    t.same(reader.counts, { records: 3, passedOver: 0, strange: 2 })
    t.same(
      ends.map((end) => text[end - 1]),
      ['\n', '\n', '\n'],
    )
    t.equal(ends.at(-1), wanted.length)
  }
  t.end()
})

void test('of a time', (t) => {
  const wire = Buffer.from([1, 2, 3, 4].map((at) => `type=CWD ${AT(at * 100, at)} cwd="/"\n`).join(''))
  const { text, reader } = read([wire], { fromMs: 200_000, toMs: 400_000 })
  t.same(
    [...text.matchAll(/:(\d)\)/g)].map(([, serial]) => serial),
    ['2', '3'],
  )
  t.same(reader.counts, { records: 2, passedOver: 2, strange: 0 })
  t.end()
})

void test('a recorded stream becomes the lines that a string plugin got', (t) => {
  const stream = readFileSync(`${RECORDINGS}/v2.8.5-raw.bin`)
  const string = readFileSync(`${RECORDINGS}/v2.8.5-raw.string`, 'latin1')
  const { text, reader } = read([stream.subarray(0, 1000), stream.subarray(1000)])
  // That audispd did not know the names of newer types yet.
  const nameless = (lines: string): string => lines.replaceAll(/^type=\S+/gm, 'type=')
  t.ok(nameless(text) === nameless(string))
  t.equal(reader.counts.strange, 0)
  t.end()
})

void test('where no records are in sight', (t) => {
  const reader = new RecordReader(Buffer.alloc(1), ALWAYS)
  t.notOk(reader.push(Buffer.alloc(2 * 1024 * 1024)))
  t.end()
})
