import { test } from 'tap'
import { CtlError } from '../../src/ctl/ctl-error.js'
import { momentIn } from '../../src/ctl/moment.js'

void test('a point in time', (t) => {
  const cases: readonly (readonly [text: string, ms: number])[] = [
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['2026-11-22T10:30:00Z', Date.UTC(2026, 10, 22, 10, 30)],
    ['2026-11-22T10:30:00.250+01:00', Date.UTC(2026, 10, 22, 9, 30, 0, 250)],
    ['1795288154', 1_795_288_154_000],
    ['1795288154.099', 1_795_288_154_099],
  ]
  for (const [text, ms] of cases) t.equal(momentIn('replay', 'since', text), ms, text)
  for (const text of ['', 'yesterday', '2026-13-01', '2026-11-22 10:30', '-5', '1e9']) {
    t.throws(() => momentIn('replay', 'since', text), CtlError, text)
  }
  t.end()
})
