import { test } from 'tap'
import { ControlError } from '../../src/control/control-error.js'
import { readDaemonStatus, readReloadStatus } from '../../src/control/daemon-status.js'
import { PLUGIN, STATUS } from './some-daemon-status.js'

void test('a status comes out as it went in', (t) => {
  const lastReload = { at: STATUS.now, ok: true, changes: [{ name: 'a', change: 'kept' }], problems: [] } as const
  const full = { ...STATUS, serials: null, lastReload, invalid: [{ name: 'x', file: '/x.conf', problems: ['y'] }] }
  const json: unknown = JSON.parse(JSON.stringify(full))
  t.same(readDaemonStatus(json), full)
  t.same(readDaemonStatus({ ...STATUS, later: 1 }), STATUS, 'what is not known is passed over')
  t.same(readReloadStatus(lastReload), lastReload)
  t.end()
})

void test('a daemon that was started before the upgrade', (t) => {
  const { lastLossAt: _, ...older } = PLUGIN
  t.same(readDaemonStatus({ ...STATUS, plugins: [older] }).plugins, [{ ...PLUGIN, lastLossAt: null }])
  t.throws(() => readDaemonStatus({ ...STATUS, plugins: [{ ...PLUGIN, lastLossAt: 7 }] }), {
    code: 'bad-answer',
    mend: /: service auditd restart$/,
  })
  t.end()
})

void test('what is no status', (t) => {
  const wrong: readonly unknown[] = [
    null,
    [],
    {},
    { ...STATUS, pid: '4000' },
    { ...STATUS, phase: 'ended' },
    { ...STATUS, plugins: [{ ...PLUGIN, state: 'greeting' }] },
    { ...STATUS, plugins: [{ ...PLUGIN, dropped: { poison: null } }] },
    { ...STATUS, plugins: { 0: PLUGIN } },
  ]
  for (const each of wrong) {
    t.throws(() => readDaemonStatus(each), { code: 'bad-answer' }, JSON.stringify(each).slice(0, 60))
  }
  t.throws(() => readReloadStatus(STATUS), ControlError)
  t.end()
})
