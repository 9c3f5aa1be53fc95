import { test } from 'tap'
import type { DaemonStatus, PluginStatus } from '../../src/control/daemon-status.js'
import { judge } from '../../src/control/judge.js'
import { PLUGIN, STATUS } from './some-daemon-status.js'

const LEDGER = /^audispctl ledger syslog$/
const DIED = { how: 'exit status 3', at: STATUS.now }

void test('a daemon that is well', (t) => {
  t.same(judge(STATUS), [])
  t.same(judge({ ...STATUS, serials: null }), [])
  const busy = { state: 'starting', queued: 90, lagMs: 90_000, restarts: 3, lastExit: DIED } as const
  t.same(judge(withPlugin(busy)), [], 'nor is it a fault to be busy, or to have been restarted once')
  t.end()
})

void test('what is wrong with a plugin', (t) => {
  const cases: readonly (readonly [Partial<PluginStatus>, 'warn' | 'fail', RegExp, RegExp])[] = [
    [{ state: 'failed', pid: null, lastExit: DIED }, 'fail', /failed: exit status 3/, /logs syslog.*start syslog/],
    [{ state: 'backoff', pid: null }, 'fail', /waits to be restarted$/, /logs syslog/],
    [{ state: 'stopped', pid: null, held: true }, 'warn', /by the admin/, /start syslog/],
    [{ stalled: true }, 'fail', /stalled/, /restart syslog/],
    [{ paused: true }, 'warn', /paused/, /logs syslog/],
    [{ flow: 'suspended' }, 'fail', /suspended/, /resume syslog/],
    [{ flow: 'losing' }, 'fail', /queue is full/, LEDGER],
    [{ dropped: { failed: 2, poison: 1 }, droppedTotal: 3 }, 'warn', /^3 records .*\(failed 2, poison 1\)$/, LEDGER],
    [
      { dropped: { poison: 1 }, droppedTotal: 1, lastLossAt: STATUS.now },
      'warn',
      /^1 record dropped \(poison 1\), the last at 2026-\S+Z$/,
      LEDGER,
    ],
    [{ balanced: false }, 'fail', /balance/, /bug/],
  ]
  for (const [difference, level, what, mend] of cases) {
    const found = judge(withPlugin(difference))
    t.equal(found.length, 1, JSON.stringify(difference))
    t.match(found, [{ level, plugin: 'syslog', what, mend }])
  }
  t.end()
})

void test('what is wrong with the daemon', (t) => {
  const { input } = STATUS
  const idle = { ...PLUGIN, overflow: 'block', queued: 1 } as const
  const full = { ...idle, name: 'full', queued: 3, queuedBytes: PLUGIN.depthBytes }
  const node = { node: '', first: 1, last: 9, missing: 2, pending: 0, ranges: [], restarts: 0, unlisted: 0, strays: 0 }
  const cases: readonly (readonly [Partial<DaemonStatus>, 'warn' | 'fail', RegExp, RegExp])[] = [
    [
      { invalid: [{ name: 'x', file: '/d/x.conf', problems: ['/d/x.conf:1: bad'] }] },
      'fail',
      /x\.conf:1: bad/,
      /^audispctl check, mend \/d.*audispctl reload$/,
    ],
    [{ invalid: [{ name: 'x', file: '/d/x.conf', problems: [] }] }, 'fail', /has mistakes/, /reload/],
    [{ phase: 'leaving' }, 'warn', /leaving/, /--watch/],
    [{ plugins: [] }, 'warn', /no plugin/, /enable/],
    [{ input: { ...input, fault: 'auditd 4.2 cuts' } }, 'fail', /4\.2 cuts/, /doctor/],
    [{ input: { ...input, held: true } }, 'warn', /^nothing is read: a queue with .*block/, /^audispctl status$/],
    [
      { input: { ...input, held: true }, plugins: [idle, full, { ...idle, name: 'other' }] },
      'warn',
      /^nothing is read: the queue of full with/,
      /^audispctl status full$/,
    ],
    [{ input: { ...input, damaged: 1 } }, 'warn', /1 record lost, 0 bytes skipped/, /logs/],
    [{ input: { ...input, damaged: 1, torn: 2 } }, 'warn', /3 records lost, 0 bytes/, /logs/],
    [{ input: { ...input, skippedBytes: 9 } }, 'warn', /9 bytes/, /logs/],
    [{ serials: { nodes: [node, node], untracked: 0 } }, 'warn', /4 events/, /ledger/],
    [{ serials: { nodes: [{ ...node, missing: 1 }], untracked: 0 } }, 'warn', /^1 event never/, /ledger/],
    [{ lastReload: { at: '', ok: false, changes: [], problems: ['a:1: b'] } }, 'warn', /refused: a:1: b/, /check/],
    [{ log: { target: 'stderr', droppedLines: 5 } }, 'warn', /5 lines/, /logs/],
    [{ log: { target: 'stderr', droppedLines: 1 } }, 'warn', /^1 line of the log/, /logs/],
  ]
  for (const [difference, level, what, mend] of cases) {
    const found = judge({ ...STATUS, ...difference })
    t.equal(found.length, 1, JSON.stringify(difference))
    t.match(found, [{ level, what, mend }])
  }
  const invalid = [{ name: 'x', file: '/d/x.conf', problems: ['bad'] }]
  t.equal(judge({ ...STATUS, plugins: [], invalid }).length, 1, 'and nobody is missed beside it')
  t.same(judge({ ...STATUS, lastReload: { at: '', ok: true, changes: [], problems: [] } }), [])
  t.end()
})

void test('the worse stands first', (t) => {
  const found = judge({
    ...STATUS,
    phase: 'draining',
    invalid: [{ name: 'c', file: '/d/c.conf', problems: [] }],
    plugins: [
      { ...PLUGIN, name: 'a', droppedTotal: 1, dropped: { failed: 1 } },
      { ...PLUGIN, name: 'b', state: 'failed' },
    ],
  })
  t.same(
    found.map(({ level, plugin }) => [level, plugin]),
    [
      ['fail', 'b'],
      ['fail', 'c'],
      ['warn', ''],
      ['warn', 'a'],
    ],
  )
  t.end()
})

function withPlugin(difference: Partial<PluginStatus>): DaemonStatus {
  return { ...STATUS, plugins: [{ ...PLUGIN, ...difference }] }
}
