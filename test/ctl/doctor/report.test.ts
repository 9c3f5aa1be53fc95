import { test } from 'tap'
import { reportJson, reportText } from '../../../src/ctl/doctor/report.js'
import type { CheckFinding, Examination } from '../../../src/ctl/doctor/examination.js'
import { PLAIN } from '../../../src/ctl/paint.js'

const CALM: readonly CheckFinding[] = [
  { id: 'kernel.enabled', layer: 'kernel', level: 'ok', what: 'audit is on', mend: '' },
  { id: 'kernel.lost', layer: 'kernel', level: 'ok', what: '0 lost', mend: '' },
  { id: 'remote.state', layer: 'remote', level: 'skip', what: 'neither is active', mend: '' },
]
const WRONG: readonly CheckFinding[] = [
  { id: 'auditd.running', layer: 'auditd', level: 'fail', what: 'auditd does not run', mend: 'service auditd start' },
  {
    id: 'auditd.queue',
    layer: 'auditd',
    level: 'warn',
    what: 'q_depth = 80 is small: a burst of records \u001b[2Jis dropped before audispd sees it',
    mend: 'a command that is longer than the screen is wide stays on one line, whatever it looks like',
  },
]
const WELL: Examination = { findings: CALM, counts: { ok: 2, warn: 0, fail: 0, skip: 1 }, worst: 'ok', first: '' }
const ILL: Examination = {
  findings: [...CALM, ...WRONG],
  counts: { ok: 2, warn: 1, fail: 1, skip: 1 },
  worst: 'fail',
  first: 'service auditd start',
}
const PLAINLY = { columns: 70, paint: PLAIN, quiet: false }

void test('on one screen, layer by layer', (t) => {
  t.equal(
    reportText(ILL, PLAINLY),
    String.raw`ok    kernel         audit is on; 0 lost
fail  auditd         auditd does not run
                       service auditd start
warn  auditd         q_depth = 80 is small: a burst of records
                     \u{1b}[2Jis dropped before audispd sees it
                       a command that is longer than the screen is wide stays on one line, whatever it looks like
skip  remote         neither is active

1 to mend, 1 to look at, 2 well, 1 skipped
begin with:  service auditd start
`,
  )
  t.match(reportText(WELL, PLAINLY), /\n\nall is well: 2 looked at, 1 could not be looked at\n$/)
  t.end()
})

void test('what comes first has no bytes for the terminal either', (t) => {
  const said = reportText({ ...ILL, first: "chmod go-w '/etc/audispd/audispd.d/\u009b2Jx\u202e.conf'" }, PLAINLY)
  t.match(said, String.raw`begin with:  chmod go-w '/etc/audispd/audispd.d/\u{9b}2Jx\u{202e}.conf'`)
  t.end()
})

void test('quietly', (t) => {
  t.equal(reportText(WELL, { ...PLAINLY, quiet: true }), '')
  const text = reportText(ILL, { ...PLAINLY, quiet: true })
  t.match(text, /^fail  auditd/)
  t.notMatch(text, /^ok|^skip/m)
  t.end()
})

void test('for programs', (t) => {
  const json: unknown = JSON.parse(reportJson(ILL, 2))
  t.match(json, { verb: 'doctor', level: 'fail', first: 'service auditd start', exitStatus: 2, counts: ILL.counts })
  t.match(json, {
    findings: ILL.findings.map(({ id, layer, level, what, mend }) => ({ id, layer, level, what, mend })),
  })
  t.match(JSON.parse(reportJson(WELL, 0)), { first: null })
  t.end()
})
