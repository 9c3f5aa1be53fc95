import { closeSync, readSync } from 'node:fs'
import { test } from 'tap'
import { ChildPipe } from '../../../plugins/filter/child-pipe.js'

void test('what is left unread is counted, while the input goes on and behind its end', (t) => {
  const pipe = ChildPipe.make()
  const child = pipe.openForChild()
  const bytes = Buffer.alloc(100, 'x')
  t.equal(pipe.write(bytes, 0, 100), 100)
  t.ok(pipe.hasReader())
  t.equal(readSync(child, Buffer.alloc(30)), 30)
  closeSync(child)
  t.notOk(pipe.hasReader())
  t.equal(pipe.write(bytes, 0, 100), 0, 'nobody reads')
  t.equal(pipe.readBack(), 70)
  const next = pipe.openForChild()
  t.equal(pipe.write(bytes, 20, 100), 80)
  pipe.end()
  t.equal(readSync(next, Buffer.alloc(30)), 30)
  closeSync(next)
  t.equal(pipe.readBack(), 50)
  t.equal(pipe.write(bytes, 0, 100), 0)
  t.end()
})

void test('what keeps it from being made is told', (t) => {
  t.throws(() => ChildPipe.make('/usr/bin/there-is-none'), { message: /^the child's input cannot be made: .*ENOENT$/ })
  t.throws(() => ChildPipe.make('/bin/false'), { message: /^the child's input cannot be made: Command failed/ })
  t.end()
})
