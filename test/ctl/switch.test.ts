import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { test, type Test } from 'tap'
import { switchVerb } from '../../src/ctl/switch.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'
import { fakeDaemon, ok, refused } from './fake-daemon.js'
import { fakeHost, type FakeHost } from './fake-host.js'

const DONE = { at: STATUS.now, ok: true, changes: [{ name: 'siem', change: 'started' }], problems: [] }
const SIEM = { ...PLUGIN, name: 'siem', format: 'protocol' } as const

/** A configuration of its own with one drop-in, for -c. */
function configuration(
  t: Test,
  text = 'active = no\npath = /bin/true\n',
): { dir: string; file: string; host: FakeHost } {
  const dir = t.testdir()
  mkdirSync(`${dir}/audispd.d`)
  const file = `${dir}/audispd.d/siem.conf`
  writeFileSync(file, text)
  // Whatever the umask of whoever runs the tests.
  chmodSync(file, 0o604)
  return { dir, file, host: fakeHost('/', { files: fs }) }
}

void test('enable: the file, the reload, and the plugin that runs', async (t) => {
  const { dir, file, host } = configuration(t)
  const { socket, requests } = await fakeDaemon(t, (request) => [
    ok(request === 'reload' ? DONE : { ...STATUS, plugins: [SIEM] }),
  ])
  t.equal(await switchVerb('enable', ['siem', '-c', dir, '--socket', socket], host), 0)
  t.equal(readFileSync(file, 'utf8'), 'active = yes\npath = /bin/true\n')
  t.equal(statSync(file).mode & 0o777, 0o604)
  t.same(requests, ['reload', 'status siem'])
  t.equal(host.printed().out, `changed ${file}: active = yes\nsiem: running, pid 4242\n`)
  t.equal(
    await switchVerb('enable', ['siem', '-c', dir, '--socket', socket, '--json'], fakeHost('/', { files: fs })),
    0,
  )
})

void test('disable: until it has stopped', async (t) => {
  const { dir, file, host } = configuration(t, 'active = yes\npath = /bin/true\n')
  const { socket } = await fakeDaemon(t, (request) => [
    request === 'reload' ? ok(DONE) : refused('no-such-plugin', 'no'),
  ])
  t.equal(await switchVerb('disable', ['siem', '-c', dir, '--socket', socket, '--json'], host), 0)
  t.equal(readFileSync(file, 'utf8'), 'active = no\npath = /bin/true\n')
  t.match(JSON.parse(host.printed().out), {
    verb: 'disable',
    plugin: 'siem',
    file,
    changed: true,
    copyOf: null,
    daemon: 'done',
    reload: DONE,
    ok: true,
    what: 'stopped',
    status: null,
    exitStatus: 0,
  })
})

void test('1 when the reload is refused, or the plugin does not run', async (t) => {
  const { dir, host } = configuration(t)
  const problem = 'audispd.conf:1: x: unknown key'
  const { socket } = await fakeDaemon(t, (request, asked) => {
    if (request !== 'reload') return [ok({ ...STATUS, plugins: [{ ...SIEM, state: 'failed', lastStderr: ['oh'] }] })]
    return [ok(asked === 0 ? { ...DONE, ok: false, problems: [problem] } : DONE)]
  })
  t.equal(await switchVerb('enable', ['siem', '-c', dir, '--socket', socket], host), 1)
  t.match(host.printed().warned, `audispctl enable: reload refused: ${problem}\n`)
  t.equal(await switchVerb('enable', ['siem', '-c', dir, '--socket', socket], host), 1)
  t.match(host.printed().out, /nothing to change, active = yes already\n$/)
  t.match(host.printed().warned, /^siem: failed; .*\n {4}oh\n$/m)
})

void test('without a daemon, or a reload, it counts later', async (t) => {
  const { dir, file, host } = configuration(t)
  t.equal(await switchVerb('enable', ['siem', '-c', dir, '--no-reload', '--socket', `${dir}/none`], host), 0)
  t.equal(await switchVerb('disable', ['siem', '-c', dir, '--socket', `${dir}/none`], host), 0)
  t.equal(
    host.printed().out,
    `changed ${file}: active = yes\nit counts from the next reload: audispctl reload -c ${dir} --socket ${dir}/none\n` +
      `changed ${file}: active = no\naudispd is not running here; it counts when it starts\n`,
  )
  await t.rejects(switchVerb('enable', ['-c', dir], host), { code: 'usage' })
})
