import { test } from 'tap'
import { ControlLines } from '../../src/dispatcher/control-lines.js'

void test('lines are written in their order, wherever a write ends', (t) => {
  const lines = new ControlLines()
  lines.push('PING 1\n')
  lines.push('RELOAD\n')
  const written: string[] = []
  for (let first = lines.fixNext(); first !== undefined; first = lines.fixNext()) {
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
  t.ok(lines.isEmpty)
  t.equal(lines.fixNext(), undefined)
  lines.push('HELLO 1\n')
  t.equal(lines.from, 0, 'and the next begins at its beginning')
  t.end()
})

void test('of ACKs that wait only the newest is written, and to ask whether one does is not to fix it', (t) => {
  const lines = new ControlLines()
  lines.setAck(1)
  t.notOk(lines.isEmpty)
  lines.setAck(2)
  t.equal(lines.fixNext()?.toString(), 'ACK 2\n')
  lines.setAck(3)
  lines.push('STOP\n')
  lines.setAck(4)
  const written: string[] = []
  for (let first = lines.fixNext(); first !== undefined; first = lines.fixNext()) {
    t.notOk(lines.isEmpty)
    written.push(first.toString())
    lines.wrote(first.length)
  }
  t.same(written, ['ACK 2\n', 'ACK 3\n', 'STOP\n', 'ACK 4\n'])
  t.ok(lines.isEmpty)
  t.end()
})
