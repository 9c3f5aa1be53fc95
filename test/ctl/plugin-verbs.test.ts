import { test } from 'tap'
import type { PluginStatus } from '../../src/control/daemon-status.js'
import { pluginVerb } from '../../src/ctl/plugin-verbs.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'
import { fakeDaemon, ok, refused } from './fake-daemon.js'
import { fakeHost } from './fake-host.js'

const READY = { ...PLUGIN, format: 'protocol' } as const

function having(...plugins: readonly PluginStatus[]): string[] {
  return [ok({ ...STATUS, plugins })]
}

void test('start, stop and restart: asked for, and looked at', async (t) => {
  const host = fakeHost('/')
  const { socket, requests } = await fakeDaemon(t, (request, asked) => {
    if (!request.startsWith('status')) return [ok({})]
    if (request === 'status away') return having({ ...READY, name: 'away', state: 'stopped', pid: null, held: true })
    return having({ ...READY, pid: asked === 2 ? 99 : 42 })
  })
  t.equal(await pluginVerb('start', ['syslog', '--socket', socket], host), 0)
  t.equal(await pluginVerb('stop', ['away', '--socket', socket], host), 0)
  t.equal(await pluginVerb('restart', ['syslog', '--socket', socket], host), 0)
  t.same(requests, [
    'start syslog',
    'status syslog',
    'stop away',
    'status away',
    'status syslog',
    'restart syslog',
    'status syslog',
  ])
  t.equal(host.printed().out, 'syslog: running, pid 42\naway: stopped\nsyslog: running, pid 99\n')
})

void test('1 and the last words of one that does not start', async (t) => {
  const failed = { ...PLUGIN, state: 'failed', pid: null, lastStderr: ['no such server'] } as const
  const { socket } = await fakeDaemon(t, (request) => (request === 'start syslog' ? [ok({})] : having(failed)))
  const host = fakeHost('/')
  t.equal(await pluginVerb('start', ['syslog', '--socket', socket], host), 1)
  t.match(host.printed().warned, /^syslog: failed; see: audispctl logs --socket \S+ syslog\n {4}no such server\n$/)
  const asJson = fakeHost('/')
  t.equal(await pluginVerb('start', ['syslog', '--json', '--socket', socket], asJson), 1)
  t.match(JSON.parse(asJson.printed().out), {
    verb: 'start',
    plugins: [{ name: 'syslog', ok: false, what: /^failed/, status: failed }],
    exitStatus: 1,
  })
})

void test('resume: one, or all that are suspended', async (t) => {
  const host = fakeHost('/')
  const { socket } = await fakeDaemon(t, (request, asked) => {
    if (request.startsWith('resume')) return [ok({})]
    if (request === 'status full') return having({ ...PLUGIN, name: 'full', flow: 'suspended' })
    return having({ ...PLUGIN, flow: asked === 0 ? 'suspended' : 'open' }, { ...PLUGIN, name: 'other' })
  })
  t.equal(await pluginVerb('resume', ['--socket', socket], host), 0)
  t.equal(await pluginVerb('resume', ['--socket', socket], host), 0)
  t.equal(host.printed().out, 'syslog: takes records\nno queue was suspended\n')
  t.equal(await pluginVerb('resume', ['full', '--socket', socket], host), 1)
  t.match(host.printed().warned, 'full: is suspended again')
})

void test('refusals, and names that none can have', async (t) => {
  const { socket, requests } = await fakeDaemon(t, () => [refused('state', 'the daemon is ending')])
  await t.rejects(pluginVerb('start', ['x', '--socket', socket], fakeHost('/')), { code: 'failed' })
  t.same(requests, ['start x'])
  for (const args of [[], ['a', 'b'], ['a b'], [''], ['../x'], ['x\ny']])
    await t.rejects(pluginVerb('stop', [...args, '--socket', socket], fakeHost('/')), { code: 'usage' })
  t.equal(requests.length, 1, 'they are not asked for')
})
