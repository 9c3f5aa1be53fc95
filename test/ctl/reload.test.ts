import { test } from 'tap'
import { reload } from '../../src/ctl/reload.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'
import { fakeDaemon, ok, refused } from './fake-daemon.js'
import { fakeHost } from './fake-host.js'

const CHANGES = [
  { name: 'siem', change: 'kept' },
  { name: 'syslog', change: 'restarted' },
]
const DONE = { at: STATUS.now, ok: true, changes: CHANGES, problems: [] }

void test('what has changed, or would', async (t) => {
  const { socket, requests } = await fakeDaemon(t, () => [ok(DONE)])
  const host = fakeHost('/')
  t.equal(await reload(['--socket', socket], host), 0)
  t.equal(await reload(['--dry-run', '--wait', '--socket', socket], host), 0)
  t.same(requests, ['reload', 'reload dry-run'])
  const table = 'siem    kept\nsyslog  restarted\n'
  t.equal(host.printed().out, `${table}a reload would do this:\n${table}`)
})

void test('1 when it is refused, or a drop-in is invalid', async (t) => {
  const problem = '/etc/audispd/audispd.conf:3: q_dpth: unknown key'
  const { socket } = await fakeDaemon(t, (_request, asked) => [
    ok(
      asked === 0
        ? { ...DONE, ok: false, changes: [], problems: [problem] }
        : { ...DONE, changes: [{ name: 'siem', change: 'invalid' }], problems: [problem] },
    ),
  ])
  const host = fakeHost('/')
  t.equal(await reload(['--socket', socket], host), 1)
  t.match(host.printed().warned, `audispctl reload: ${problem}\naudispctl reload: refused`)
  t.equal(await reload(['--json', '--socket', socket], host), 1)
  t.match(JSON.parse(host.printed().out), {
    verb: 'reload',
    dryRun: false,
    ok: true,
    changes: [{ name: 'siem', change: 'invalid' }],
    problems: [problem],
    plugins: [],
    exitStatus: 1,
  })
})

void test('waiting: for what was started, in a process of its own', async (t) => {
  const { socket, requests } = await fakeDaemon(t, (request, asked) => {
    if (request === 'reload') return [ok(DONE)]
    const plugin = { ...PLUGIN, format: 'protocol' } as const
    return [
      ok({ ...STATUS, plugins: [{ ...plugin, pid: request === 'status syslog' && asked > 0 ? 43 : PLUGIN.pid }] }),
    ]
  })
  const host = fakeHost('/')
  t.equal(await reload(['--wait', '--socket', socket], host), 0)
  t.match(host.printed().out, /^syslog: running, pid 43$/m)
  t.same(requests, ['status', 'reload', 'status syslog', 'status syslog'])
})

void test('1 when one that was started does not run', async (t) => {
  const plugins = [{ ...PLUGIN, state: 'failed', pid: null }]
  const { socket } = await fakeDaemon(t, (request) => [ok(request === 'reload' ? DONE : { ...STATUS, plugins })])
  t.equal(await reload(['--wait', '--socket', socket], fakeHost('/')), 1)
  const denied = await fakeDaemon(t, () => [refused('denied')])
  await t.rejects(reload(['--socket', denied.socket], fakeHost('/')), { code: 'denied' })
  await t.rejects(reload(['x', '--socket', socket], fakeHost('/')), { code: 'usage' })
})
