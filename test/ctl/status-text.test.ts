import { test } from 'tap'
import type { DaemonStatus, PluginStatus } from '../../src/control/daemon-status.js'
import { judge } from '../../src/control/judge.js'
import { COLORED, PLAIN } from '../../src/ctl/paint.js'
import { statusAsText } from '../../src/ctl/status-text.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'

function textOf(status: DaemonStatus): string {
  return statusAsText(status, judge(status), PLAIN)
}

void test('all is well: one line says it, and each plugin has one', (t) => {
  t.equal(
    textOf(STATUS),
    [
      'well: audispd 0.1.0 is running since 2026-11-21T19:09:14.000Z (2 min), 1 plugin, 1,200 records in, nothing lost',
      '',
      'PLUGIN  STATE     PID  SINCE  RESTARTS     IN  DELIVERED  QUEUED  DROPPED    LAG',
      'syslog  running  4242  2 min         0  1,200      1,190       3        0  40 ms',
      '',
    ].join('\n'),
  )
  t.end()
})

void test('what is wrong comes first with what mends it, and then everything that is', (t) => {
  const lost = { dropped: { 'queue-full': 120 }, droppedTotal: 120 }
  const losing: PluginStatus = { ...PLUGIN, name: 'siem', flow: 'losing', ...lost, lagMs: 61_000 }
  const text = textOf({
    ...STATUS,
    plugins: [losing, { ...PLUGIN, state: 'stopped', pid: null, held: true }],
    invalid: [{ name: 'my-log', file: '/etc/audispd/audispd.d/my-log.conf', problems: ['my-log.conf:3: path: no'] }],
  })
  const lines = text.split('\n')
  t.match(lines[0], /^degraded: \S+: .+; next: .+ \(and 3 more below\)$/)
  t.match(lines[1], /^audispd 0\.1\.0 is running since .*, 2 plugins, .* in, lost: 120 by siem$/)
  t.match(text, /^siem +running, losing +4242 .* 120 +1 min 1 s$/m)
  t.match(text, /^syslog +stopped, held +- /m)
  t.match(text, /^my-log +invalid +- +-/m)
  t.match(text, /^fail {2}siem: losing records.*\n {6}audispctl ledger siem/m)
  t.match(text, /^warn {2}syslog: .*\n {6}audispctl start syslog$/m)
  t.end()
})

void test('plugins that send have a column for that', (t) => {
  const sent = { taken: 1234, bad: 0, repeats: 0, busy: 0, unsettled: 0 }
  const text = textOf({ ...STATUS, plugins: [PLUGIN, { ...PLUGIN, name: 'recv', direction: 'in', lagMs: 0, sent }] })
  t.match(text, /^PLUGIN .* LAG +SENT$/m)
  t.match(text, /^syslog .* 40 ms +-$/m)
  t.match(text, /^recv +running +4242 +2 min +0 +- +- +- +- +- +1,234$/m)
  t.end()
})

void test('every place where records are lost is in the sum', (t) => {
  const { input } = STATUS
  const node = {
    node: 'web1',
    first: 1,
    last: 9,
    missing: 3,
    pending: 0,
    ranges: [[4, 6] as const],
    restarts: 0,
    unlisted: 0,
    strays: 0,
  }
  const plugins = ['a', 'b', 'c', 'd'].map((name) => ({ ...PLUGIN, name, droppedTotal: 1, dropped: { failed: 1 } }))
  const text = textOf({ ...STATUS, plugins, input: { ...input, torn: 2 }, serials: { nodes: [node], untracked: 0 } })
  const sum =
    'lost: 1 by a, 1 by b, 1 by c, and by 1 more plugins, 2 damaged on the way in, 3 events before they came here'
  t.ok(text.split('\n')[1]?.endsWith(sum))
  t.end()
})

void test('colours say the same, and nothing of what others wrote reaches the terminal', (t) => {
  const evil = '\x1b]0;owned\x07\u202e'
  const found: DaemonStatus = {
    ...STATUS,
    version: evil,
    plugins: [{ ...PLUGIN, state: 'failed', since: evil, lastExit: { how: evil, at: STATUS.now } }],
    invalid: [{ name: evil, file: evil, problems: [evil] }],
  }
  t.notMatch(textOf(found), /(?!\n)[\p{Cc}\p{Cf}]/u)
  t.match(statusAsText(STATUS, [], COLORED), '\x1b[32mrunning\x1b[0m')
  t.match(statusAsText(found, judge(found), COLORED), '\x1b[1;31mfailed\x1b[0m')
  t.end()
})

void test('without a plugin there is no table', (t) => {
  t.match(textOf({ ...STATUS, plugins: [] }), /^degraded: .*\naudispd .* 0 plugins, .*\n\nwarn /)
  t.end()
})
