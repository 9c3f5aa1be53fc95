import { test } from 'tap'
import { Herald } from '../../src/dispatcher/herald.js'
import { FakeLog } from './fake-log.js'

const AUTHOR = { pid: 42, uid: 0, auid: 1000, ses: 3 }
const RECORD = { op: 'loss-begin', fields: { plugin: 'siem' }, success: false }

function bench(): { herald: Herald; pendings: () => number } {
  let pendings = 0
  const herald = new Herald(new FakeLog(), AUTHOR, () => {
    pendings++
  })
  return { herald, pendings: () => pendings }
}

function taken(herald: Herald): string[] {
  return herald.take().map(String)
}

void test('a record is a line that waits to be taken', (t) => {
  const { herald, pendings } = bench()
  t.notOk(herald.hasPending)
  t.same(herald.take(), [])
  const before = Date.now()
  const line = herald.publish(RECORD).toString()
  const after = Date.now()
  herald.setNode('web1')
  const other = herald.publish({ ...RECORD, success: true }).toString()
  const [, seconds, millis, serial] = /^type=TRUSTED_APP msg=audit\((\d+)\.(\d+):(\d+)\): pid=42 /.exec(line) ?? []
  const timeMs = Number(`${seconds}${millis}`)
  t.ok(timeMs >= before && timeMs <= after)
  t.equal(serial, '1')
  t.match(other, /^node=web1 type=TRUSTED_APP msg=audit\([\d.]+:2\): .* res=success'\n$/)
  t.ok(herald.hasPending)
  t.equal(pendings(), 1, 'told once for as long as something waits')
  t.same(taken(herald), [line, other])
  t.notOk(herald.hasPending)
  t.same(taken(herald), [])
  herald.publish(RECORD)
  t.equal(pendings(), 2)
  t.end()
})

void test('switched off it publishes nothing, and owes nothing either', (t) => {
  const { herald, pendings } = bench()
  herald.setOn(false)
  t.equal(herald.publish(RECORD).length, 0)
  t.notOk(herald.hasPending)
  t.equal(pendings(), 0)
  herald.setOn(true)
  t.match(herald.publish(RECORD).toString(), /:1\): /, 'serials have no gap')
  t.end()
})

void test('more than can wait are left out, which the next one says', (t) => {
  const { herald } = bench()
  for (let count = 0; count < 256; count++) t.not(herald.publish(RECORD).length, 0)
  for (let count = 0; count < 3; count++) t.equal(herald.publish(RECORD).length, 0)
  t.equal(herald.take().length, 256)
  t.match(herald.publish(RECORD).toString(), /op=loss-begin plugin=siem left_out=3 res=failed/)
  t.notMatch(herald.publish(RECORD).toString(), /left_out/)
  t.end()
})
