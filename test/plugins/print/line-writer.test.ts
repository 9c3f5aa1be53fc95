import { Writable } from 'node:stream'
import { test } from 'tap'
import { LineWriter } from '../../../plugins/print/line-writer.js'
import { guardStdout } from '../../../src/sdk/stdout-guard.js'

void test('lines of one turn are one write', async (t) => {
  const writes: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      writes.push(chunk.toString())
      done()
    },
  })
  const writer = new LineWriter(stream)
  t.equal(writer.write('a\n'), undefined)
  void writer.write('b\n')
  await new Promise((resolve) => setImmediate(resolve))
  void writer.write('c\n')
  writer.flush()
  t.same(writes, ['a\nb\n', 'c\n'])
})

void test('where standard output is the protocol, the stream behind it is waited for', async (t) => {
  const pending: (() => void)[] = []
  const stdout = new Writable({ write: () => t.fail('nothing of this is the protocol') })
  const stderr = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void pending.push(done) })
  guardStdout(stdout, stderr)
  const writer = new LineWriter(stdout)
  void writer.write('a\n')
  writer.flush()
  const waiting = writer.write('b\n')
  t.ok(waiting)
  // The notice, a and b.
  while (pending.length > 0) {
    pending.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await waiting
  t.equal(writer.write('c\n'), undefined, 'there is room again')
})
