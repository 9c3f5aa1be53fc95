import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { author } from '../../src/config/author.js'

void test('a process names itself as audit does', (t) => {
  const status = readFileSync('/proc/self/status', 'utf8')
  const { pid, uid, auid, ses } = author()
  t.same([pid, uid], [Number(/^Pid:\t(\d+)/m.exec(status)?.[1]), Number(/^Uid:\t(\d+)/m.exec(status)?.[1])])
  t.ok([auid, ses].every((id) => Number.isInteger(id) && id >= 0 && id <= 0xffffffff))
  t.end()
})
