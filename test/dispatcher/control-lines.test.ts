import { test } from 'tap'
import { ControlLines } from '../../src/dispatcher/control-lines.js'

void test('lines are written in their order, wherever a write ends', (t) => {
  const lines = new ControlLines()
  lines.push('PING 1\n')
  lines.push('RELOAD\n')
  const written: string[] = []
  for (let first = lines.first; first !== undefined; first = lines.first) {
    written.push(first.toString('latin1', lines.from, lines.from + 2))
    lines.wrote(Math.min(2, first.length - lines.from))
  }
  t.equal(written.join(''), 'PING 1\nRELOAD\n')
  t.end()
})

void test('a plugin that asks and does not read comes to the bound, and reading helps', (t) => {
  const lines = new ControlLines()
  const line = `OK tag ${'x'.repeat(64 * 1024)}\n`
  for (let count = 0; count < 15; count++) lines.push(line)
  t.equal(lines.isFull, false)
  lines.push(line)
  t.equal(lines.isFull, true)
  lines.wrote(line.length)
  t.equal(lines.isFull, false)
  t.end()
})

void test('what was not written is thrown away with the process', (t) => {
  const lines = new ControlLines()
  lines.push('PING 1\n')
  lines.wrote(3)
  lines.clear()
  t.equal(lines.first, undefined)
  lines.push('HELLO 1\n')
  t.equal(lines.from, 0, 'and the next begins at its beginning')
  t.end()
})
