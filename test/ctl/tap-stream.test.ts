import { test } from 'tap'
import { TapStream } from '../../src/ctl/tap-stream.js'

function read(...chunks: readonly Buffer[]): string[] {
  const seen: string[] = []
  const stream = new TapStream({
    records: (bytes, start, end) => {
      for (const line of bytes.toString('latin1', start, end).split('\n').slice(0, -1)) seen.push(line)
    },
    lost: (count) => seen.push(`lost ${count}`),
  })
  for (const chunk of chunks) stream.push(chunk)
  return seen
}

void test('records and notes of losses, however they are cut', (t) => {
  const wire = Buffer.from('{"lost":7}\ntype=A a={\ntype=B {"lost":2}\n{"lost":41}\n{"lost":2}\ntype=C\n', 'latin1')
  const expected = ['lost 7', 'type=A a={', 'type=B {"lost":2}', 'lost 41', 'lost 2', 'type=C']
  t.same(read(wire), expected)
  for (let cut = 0; cut <= wire.length; cut++) {
    t.same(read(wire.subarray(0, cut), wire.subarray(cut)), expected, `cut at ${cut}`)
  }
  t.end()
})

void test('a record that begins like a note is a record', (t) => {
  const lines = ['{"lost":}', '{"lost":1} ', '{"lost":12345678901234567890}', '{', `{"lost":1${' '.repeat(40)}}`]
  t.same(read(Buffer.from(`${lines.join('\n')}\n`)), lines)
  t.end()
})
