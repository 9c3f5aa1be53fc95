import { test } from 'tap'
import { readDropIn } from '../../src/dispatcher/drop-in.js'
import { replayReport, replaySettings } from '../../src/dispatcher/replay-mode.js'
import { DEFAULT_SETTINGS, readSettings } from '../../src/dispatcher/settings.js'

void test('recorded records wait for room, and have no consequences for the machine', (t) => {
  const { settings } = readSettings('overflow_action = halt\nwatch = yes\nlog = syslog\n', 'audispd.conf')
  t.match(replaySettings(settings), {
    queue: { overflow: 'block', depth: DEFAULT_SETTINGS.queue.depth },
    restart: { maxRestarts: 2, firstDelayMs: DEFAULT_SETTINGS.restart.firstDelayMs },
    log: { to: 'stderr' },
    watch: false,
    selfEvents: false,
  })
  t.end()
})

void test('also where a drop-in says otherwise', (t) => {
  const source = { name: 'p', file: 'p.conf', settings: DEFAULT_SETTINGS, relativePaths: false }
  const text = 'active = yes\npath = /usr/bin/cat\noverflow_action = single\nmax_restarts = 0\nq_depth = 7\n'
  const { dropIn } = readDropIn(text, source)
  if (dropIn === undefined) throw new Error('no drop-in')
  const report = { kind: 'active' as const, name: 'p', file: 'p.conf', problems: [], dropIn, fingerprint: '' }
  t.match(replayReport(report), { dropIn: { queue: { overflow: 'block', depth: 7 }, restart: { maxRestarts: 2 } } })
  const ignored = { kind: 'ignored' as const, name: 'x', file: 'x', problems: [], reason: 'why' }
  t.equal(replayReport(ignored), ignored)
  t.end()
})
