import { test } from 'tap'
import type { DaemonStatus } from '../../src/control/daemon-status.js'
import { judge } from '../../src/control/judge.js'
import { PLAIN } from '../../src/ctl/paint.js'
import { pluginStatusAsText } from '../../src/ctl/status-plugin-text.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'

void test('everything about one plugin', (t) => {
  const status: DaemonStatus = {
    ...STATUS,
    plugins: [
      {
        ...PLUGIN,
        state: 'backoff',
        pid: null,
        restarts: 3,
        path: '/usr/sbin/siem',
        args: ['--to', 'siem.example.org'],
        format: 'protocol',
        user: 'siem:adm',
        selector: 'type=USER_*',
        direction: 'both',
        dropped: { 'queue-full': 20, failed: 1 },
        droppedTotal: 21,
        lastLossAt: '2026-11-21T19:11:13.099Z',
        depth: 1,
        lagMs: 3000,
        lastExit: { how: 'exit status 1', at: '2026-11-21T19:11:12.099Z' },
        lastStderr: ['cannot connect', '\x1b[2Jgone'],
        sent: { taken: 5, bad: 0, repeats: 0, busy: 1, unsettled: 0 },
      },
    ],
  }
  t.equal(
    pluginStatusAsText(status, judge(status).slice(0, 1), PLAIN),
    [
      'syslog: backoff since 2026-11-21T19:09:14.099Z (2 min)',
      '  drop-in    /etc/audispd/audispd.d/syslog.conf',
      '  program    /usr/sbin/siem --to siem.example.org, as siem:adm',
      '  takes      type=USER_*, format protocol, and sends records too',
      '  queue      3 of 1 record, 612 B of 64 MiB; the oldest for 3 s; when full: drop-newest',
      '  records    1,200 records in = 1,190 delivered + 7 filtered + 21 dropped + 3 queued',
      '  dropped    20 queue-full, 1 failed; the last 2026-11-21T19:11:13.099Z (1 s)',
      '  sent       5 taken, 0 bad, 0 repeats, 1 busy, 0 unsettled',
      '  restarts   3',
      '  last exit  exit status 1, 2026-11-21T19:11:12.099Z (2 s)',
      '  stderr',
      '    cannot connect',
      '    \\x1b[2Jgone',
      '',
      'fail  syslog: died and waits to be restarted: exit status 1',
      '      audispctl logs syslog',
      '',
    ].join('\n'),
  )
  t.end()
})

void test('a plugin that only sends has no queue', (t) => {
  const status: DaemonStatus = { ...STATUS, plugins: [{ ...PLUGIN, direction: 'in', balanced: false }] }
  const text = pluginStatusAsText(status, [], PLAIN)
  t.match(text, 'takes      nothing: it sends records, format string')
  t.notMatch(text, /queue|records {4}/)
  t.end()
})

void test('a drop-in with mistakes', (t) => {
  const file = '/etc/audispd/audispd.d/syslog.conf'
  const status: DaemonStatus = {
    ...STATUS,
    plugins: [],
    invalid: [{ name: 'syslog', file, problems: [`${file}:2: pth: unknown`] }],
  }
  t.match(pluginStatusAsText(status, [], PLAIN), `syslog: invalid, its drop-in has mistakes and is not used\n`)
  t.match(pluginStatusAsText(status, [], PLAIN), `    ${file}:2: pth: unknown\n`)
  t.notMatch(pluginStatusAsText(status, [], PLAIN), STATUS.now)
  t.end()
})
