import { test } from 'tap'
import { PATIENCE_MS, Patience } from '../../src/dispatcher/patience.js'

void test('it ends when there has been something to acknowledge for so long and nothing was', (t) => {
  const patience = new Patience()
  t.notOk(patience.isOver(1e9), 'with nothing to acknowledge never')
  patience.note(true, 0, 1000)
  patience.note(true, 0, 5000)
  t.notOk(patience.isOver(999 + PATIENCE_MS))
  t.ok(patience.isOver(1000 + PATIENCE_MS), 'counted from the first that was there')
  patience.note(true, 7, 20_000)
  t.notOk(patience.isOver(19_999 + PATIENCE_MS), 'an acknowledgement begins it anew')
  t.ok(patience.isOver(20_000 + PATIENCE_MS))
  patience.note(false, 8, 31_000)
  t.notOk(patience.isOver(1e9))
  patience.note(true, 8, 90_000)
  t.notOk(patience.isOver(99_999), 'time with nothing to do does not count')
  t.ok(patience.isOver(100_000))
  t.equal(PATIENCE_MS, 10_000)
  t.end()
})
