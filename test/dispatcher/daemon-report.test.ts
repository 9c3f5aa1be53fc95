import { test } from 'tap'
import { problemTexts, timeOf } from '../../src/dispatcher/daemon-report.js'

void test('mistakes stand before what is only doubtful', (t) => {
  const problems = [
    { level: 'warning', file: '/a.conf', line: 1, key: 'x', text: 'odd' },
    { level: 'error', file: '/a.conf', line: 2, key: 'y', text: 'wrong' },
  ] as const
  t.same(problemTexts(problems), ['/a.conf:2: y: wrong', 'warning: /a.conf:1: x: odd'])
  t.end()
})

void test('a moment of the clock that knows no date', (t) => {
  t.equal(timeOf(1500.4, { nowMs: 2500.4, wallMs: 1_795_288_154_099 }), '2026-11-21T19:09:13.099Z')
  t.end()
})
