import { test } from 'tap'
import { Lag } from '../../../plugins/syslog/lag.js'

void test('what has arrived: of what is in several pieces the last one too', (t) => {
  const lag = new Lag(10)
  t.same(
    [4, 4, 2, 1, 0, 9, 30, 1].map((size) => lag.add(size)),
    [0, 0, 0, 0, 0, 3, 3, 0],
  )
  t.end()
})
