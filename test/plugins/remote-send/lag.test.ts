import { test } from 'tap'
import { Lag } from '../../../plugins/remote-send/lag.js'

void test('the age of the oldest record that the other side lacks', (t) => {
  const lag = new Lag()
  t.equal(lag.ageMs(5), 0)
  lag.durable(10, 1000)
  lag.durable(20, 1400)
  lag.durable(30, 3000)
  t.equal(lag.ageMs(4000), 3000)
  lag.acked(10)
  t.equal(lag.ageMs(4000), 1000)
  lag.acked(30)
  t.equal(lag.ageMs(4000), 0)
  t.end()
})

void test('days of it take little memory, and stay nearly right', (t) => {
  const lag = new Lag()
  for (let second = 1; second <= 100_000; second++) lag.durable(second, second * 1000)
  t.equal(lag.ageMs(100_000_000), 99_999_000)
  lag.acked(50_000)
  const age = lag.ageMs(100_000_000)
  t.ok(age > 48_000_000 && age <= 50_000_000, `${age} ms`)
  t.end()
})
