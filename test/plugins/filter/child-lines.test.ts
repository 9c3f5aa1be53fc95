import { test } from 'tap'
import { ChildLines } from '../../../plugins/filter/child-lines.js'

/** Lines of so many bytes in all; no two are alike. */
function piece(name: number, bytes: number): Buffer {
  let text = ''
  for (let line = 0; text.length < bytes; line++) text += `${name}.${line} ${'x'.repeat((name * 7 + line) % 90)}\n`
  return Buffer.from(text)
}

/** All that comes next. */
function rest(lines: ChildLines): Buffer {
  const parts: Buffer[] = []
  for (let next = lines.first(); next !== undefined; next = lines.first()) {
    parts.push(Buffer.from(next.bytes.subarray(next.start)))
    lines.wrote(next.bytes.length - next.start)
  }
  return Buffer.concat(parts)
}

/** Small ones that share memory, one that has its own, and small ones again. */
const PIECES = [200, 100, 60_000, 90, 40_000, 300, 20_000, 30_000, 25_000, 50].map((bytes, name) => piece(name, bytes))
const ALL = Buffer.concat(PIECES)

void test('whatever was written and read, the next one begins with the line that was not read whole', (t) => {
  const borders = PIECES.map((_, count) => Buffer.concat(PIECES.slice(0, count)).length)
  const wrong: number[] = []
  for (const border of [...borders, ALL.length]) {
    for (const read of [border - 70, border - 1, border, border + 1, border + 70]) {
      if (read < 0 || read > ALL.length) continue
      const lines = new ChildLines()
      for (const bytes of PIECES.slice(0, 6)) lines.push(bytes)
      rest(lines)
      for (const bytes of PIECES.slice(6)) lines.push(bytes)
      rest(lines)
      lines.takeBack(ALL.length - read)
      const begin = read === 0 ? 0 : ALL.lastIndexOf(0x0a, read - 1) + 1
      if (!rest(lines).equals(ALL.subarray(begin)) || lines.farthest !== ALL.length) wrong.push(read)
    }
  }
  t.same(wrong, [])
  t.end()
})

void test('what comes in small pieces is written in large ones', (t) => {
  const lines = new ChildLines()
  const small = piece(1, 100)
  for (let count = 0; count < 1000; count++) lines.push(small)
  t.ok((lines.first()?.bytes.length ?? 0) > 60_000)
  t.equal(rest(lines).length, 1000 * small.length)
  lines.push(small)
  t.ok(rest(lines).equals(small), 'also behind what was written whole')
  t.end()
})
