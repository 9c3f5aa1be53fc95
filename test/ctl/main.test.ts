import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { plant } from './fake-host.js'

const MAIN = fileURLToPath(new URL('../../src/ctl/main.js', import.meta.url))
const CONF = '/etc/audit/auditd.conf'

/** Runs audispctl as auditd's children run: no environment, no compiler, no terminal. */
function audispctl(...args: readonly string[]) {
  return spawnSync(process.execPath, ['--jitless', MAIN, ...args], { env: {}, cwd: '/', encoding: 'utf8' })
}

void test('without environment and compiler: there, twice, and away', async (t) => {
  const root = t.testdir()
  await plant(root, { [CONF]: '', '/usr/sbin/audispd': '', '/etc/audit/plugins.d/x.conf': '' })
  const install = ['install', '--root', root, '--program', '/usr/sbin/audispd', '--auditd-version', '3.0.9']
  const path = `${root}/etc/audit/plugins.d/audispd.conf`

  const asked = audispctl(...install)
  t.equal(asked.status, 64)
  t.match(asked.stdout, `+++ ${path}`)
  t.match(asked.stderr, 'there is no terminal to ask on')

  t.match(audispctl(...install, '-y'), { status: 0, stdout: /^\+path = \/usr\/sbin\/audispd$/m })
  t.match(audispctl(...install, '-y'), { status: 0, stdout: '', stderr: /nothing to change/ })
  t.match(audispctl('uninstall', '--root', root, '-y'), { status: 0, stderr: new RegExp(`removed ${path}`) })
})

void test('exit statuses', async (t) => {
  t.match(audispctl(), { status: 64, stderr: /a verb is missing\nusage:/ })
  t.match(audispctl('statsu'), { status: 64, stderr: /there is no verb 'statsu' \(did you mean 'status'\?\)/ })
  t.match(audispctl('constructor'), { status: 64, stderr: /there is no verb 'constructor'/ })
  t.match(audispctl('install', '--frobnicate'), { status: 64, stderr: /audispctl install: Unknown option/ })
  t.match(audispctl('install', '--auditd-version', '0.1'), { status: 78, stderr: /too old/ })
  const asked = audispctl('status', '--socket', '/nowhere/x.sock')
  t.match(asked, { status: 3, stderr: /\n {2}is it running\? see: audispctl doctor --socket \/nowhere\/x\.sock\n$/ })
  t.match(audispctl('uninstall', '--auditd-conf', '/'), {
    status: 71,
    stderr: /\/: cannot be read: not a regular file/,
  })
})

void test('failures are JSON where JSON was asked for', async (t) => {
  const { status, stdout } = audispctl('install', '--json', '--yes', '--auditd-version', '0.1')
  t.equal(status, 78)
  t.match(JSON.parse(stdout), { verb: 'install', result: 'failed', problems: [{ message: /too old/ }], exitStatus: 78 })
})

void test('help and version go to standard output', async (t) => {
  const help =
    /^See how it is:\n {2}status +.*\n[^]*\n\nChange what runs:\n[^]* {2}install +make auditd start audispd\n/m
  t.match(audispctl('--help'), { status: 0, stdout: help })
  t.match(audispctl('help', 'status'), { status: 0, stdout: /^usage: audispctl status / })
  t.match(audispctl('--version'), { status: 0, stdout: /^audispctl \d+\.\d+\.\d+\n$/ })
})

void test('what goes on and on ends when nobody reads it any more', async (t) => {
  const args = [MAIN, 'status', '--watch', '0.1', '--socket', `${t.testdir()}/nobody`]
  const watching = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => watching.kill('SIGKILL'))
  const exited = once(watching, 'exit')
  await once(watching.stdout, 'data')
  watching.stdout.destroy()
  t.same(await exited, [3, null])
})
