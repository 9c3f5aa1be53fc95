import { test } from 'tap'
import { findAuditd, reloadAuditd } from '../../src/ctl/auditd-process.js'
import { fakeHost, plant } from './fake-host.js'

void test('auditd is found by its pid file and its name', async (t) => {
  for (const pidFile of ['/run/auditd.pid', '/run/audit/auditd.pid', '/var/run/auditd.pid']) {
    const root = t.testdir()
    await plant(root, { [pidFile]: '4711\n', '/proc/4711/comm': 'auditd\n' })
    const host = fakeHost(root)
    t.same(await findAuditd(host), { kind: 'running', pid: 4711 }, pidFile)
    t.equal(await reloadAuditd(host), 4711)
    t.same(host.killed, [[4711, 'SIGHUP']])
  }
})

void test('nothing else is ever signalled', async (t) => {
  for (const [pid, comm, reason] of [
    ['4711\n', 'bash\n', /\/run\/auditd.pid names process 4711, which is 'bash'/],
    ['4711\n', undefined, /which is gone/],
    ['', 'auditd\n', /holds no pid/],
    ['0\n', 'auditd\n', /holds no pid/],
    ['-1\n', 'auditd\n', /holds no pid/],
    ['4711 1\n', 'auditd\n', /holds no pid/],
  ] as const) {
    const root = t.testdir()
    await plant(root, { '/run/auditd.pid': pid, ...(comm === undefined ? {} : { '/proc/4711/comm': comm }) })
    const host = fakeHost(root)
    await t.rejects(reloadAuditd(host), { code: 'system', message: reason })
    t.same(host.killed, [])
  }
  await t.rejects(reloadAuditd(fakeHost(t.testdir())), { code: 'system', message: /none of .* is there/ })
})

void test('a signal that is not allowed', async (t) => {
  const root = t.testdir()
  await plant(root, { '/run/auditd.pid': '4711\n', '/proc/4711/comm': 'auditd\n' })
  const kill = (): never => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
  }
  await t.rejects(reloadAuditd(fakeHost(root, { kill })), { code: 'system', message: /4711.*EPERM\n {2}run as root/ })
})
