import { test } from 'tap'
import type { PluginStatus } from '../../src/control/daemon-status.js'
import { status } from '../../src/ctl/status.js'
import { fakeDaemon, ok, refused } from './fake-daemon.js'
import { fakeHost } from './fake-host.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'

void test('0 when all is well, 1 when something is not', async (t) => {
  const lost = { dropped: { failed: 1 }, droppedTotal: 1 }
  const { socket, requests } = await fakeDaemon(t, (_request, asked) => [
    ok(asked === 0 ? STATUS : { ...STATUS, plugins: [{ ...PLUGIN, ...lost }] }),
  ])
  const host = fakeHost('/')
  t.equal(await status(['--socket', socket], host), 0)
  t.match(host.printed().out, /^well: /)
  t.equal(await status(['--socket', socket], host), 1)
  t.match(host.printed().out, /^degraded: syslog: /m)
  t.same(requests, ['status', 'status'])
})

void test('one plugin is judged alone', async (t) => {
  const failed: PluginStatus = { ...PLUGIN, name: 'other', state: 'failed' }
  const { socket, requests } = await fakeDaemon(t, () => [ok({ ...STATUS, plugins: [PLUGIN, failed] })])
  t.equal(await status(['syslog', '--socket', socket], fakeHost('/')), 0)
  t.equal(await status(['other', '--socket', socket], fakeHost('/')), 1)
  t.same(requests, ['status syslog', 'status other'])
})

void test('JSON: the status, what was found, and the exit status', async (t) => {
  const { socket } = await fakeDaemon(t, () => [ok({ ...STATUS, phase: 'draining' })])
  const host = fakeHost('/')
  t.equal(await status(['--json', '--socket', socket], host), 1)
  t.match(JSON.parse(host.printed().out), {
    ...STATUS,
    phase: 'draining',
    findings: [{ level: 'warn', plugin: '' }],
    exitStatus: 1,
  })
})

void test('what the daemon refuses, and when there is none', async (t) => {
  const { socket } = await fakeDaemon(t, () => [refused('no-such-plugin', "there is no plugin 'x'")])
  await t.rejects(status(['x', '--socket', socket], fakeHost('/')), {
    code: 'usage',
    message: /there is no plugin 'x'/,
  })
  await t.rejects(status(['--socket', `${socket}.gone`], fakeHost('/')), {
    code: 'not-running',
    problems: [{ message: `audispd does not answer on ${socket}.gone`, mend: /audispctl doctor/ }],
  })
  await t.rejects(status(['a', 'b'], fakeHost('/')), { code: 'usage' })
})

void test('watching outlives a daemon that is away', async (t) => {
  const { socket } = await fakeDaemon(t, () => [ok(STATUS)])
  let printed = 0
  const host = { ...fakeHost('/'), drained: () => Promise.resolve(++printed < 2) }
  t.equal(await status(['--watch', '0.1', '--socket', `${socket}.gone`], host), 3)
  t.match(host.printed().out, /^audispctl status: audispd does not answer on .*\n.*\n\naudispctl status: /)
  const json = { ...fakeHost('/'), drained: () => Promise.resolve(false) }
  t.equal(await status(['--watch', '--json', '--socket', socket], json), 0)
  t.match(json.printed().out, /^\{.*"exitStatus":0\}\n$/)
})
