import { test } from 'tap'
import { readInterval, withInterval } from '../../src/ctl/status-interval.js'

void test('seconds may stand behind --watch', (t) => {
  t.same(withInterval(['--watch', '5', 'siem']), ['--watch', '--interval=5', 'siem'])
  t.same(withInterval(['-w', '0.5']), ['-w', '--interval=0.5'])
  t.same(withInterval(['--watch=7', '--json']), ['--watch', '--interval=7', '--json'])
  t.same(withInterval(['--watch', 'siem']), ['--watch', 'siem'])
  t.same(withInterval(['--watch', '--', '5']), ['--watch', '--', '5'], 'a plugin that is called 5')
  t.same(withInterval(['5']), ['5'])
  t.equal(readInterval('status', undefined), 2000)
  t.equal(readInterval('status', '0.5'), 500)
  for (const wrong of ['0', '0.01', '9999', '-1', 'x', ''])
    t.throws(() => readInterval('status', wrong), { code: 'usage' })
  t.end()
})
