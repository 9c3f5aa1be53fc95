import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { findPluginDir, findVersion, readAuditdConf, stumblingBlocks } from '../../src/ctl/auditd-place.js'
import { fakeHost, jailed, plant } from './fake-host.js'

const CONF = '/etc/audit/auditd.conf'

async function pluginDirOf(root: string, text: string): Promise<unknown> {
  await plant(root, { [CONF]: text })
  const files = jailed(root)
  return findPluginDir(files, await readAuditdConf(files, CONF, '/', 158), '/')
}

void test('the option tells the version', async (t) => {
  const found = await findVersion(fakeHost(t.testdir(), { programs: {} }), '2.8.5', '/')
  t.match(found, { version: { text: '2.8.5' }, source: '--auditd-version' })
})

void test('the tools of auditd tell its version', async (t) => {
  const programs = { '/sbin/auditctl': 'auditctl version 3.0.9\n', '/usr/sbin/ausearch': 'ausearch version 9.9\n' }
  const found = await findVersion(fakeHost(t.testdir(), { programs }), undefined, '/')
  t.match(found, { version: { text: '3.0.9' }, source: '/sbin/auditctl -v' })
})

void test('auditctl wants root; ausearch does not', async (t) => {
  const programs = { '/usr/sbin/ausearch': 'ausearch version 4.0.4b\n' }
  t.match(await findVersion(fakeHost(t.testdir(), { programs }), undefined, '/'), { source: '/usr/sbin/ausearch -v' })
})

void test('a version is never guessed', async (t) => {
  const mend = /--auditd-version 3\.0\.9/
  const host = fakeHost(t.testdir())
  await t.rejects(findVersion(host, undefined, '/'), { code: 'config', message: /cannot be found: no auditctl/ })
  await t.rejects(findVersion(host, undefined, '/'), { message: mend })
  await t.rejects(findVersion(host, undefined, '/image'), { code: 'config', message: /nothing from there is run/ })
  await t.rejects(findVersion(host, 'new', '/'), { code: 'usage', message: /'new' is no version of auditd/ })
  await t.rejects(findVersion(host, '1.8', '/'), { code: 'config', message: /auditd 1\.8 is too old/ })
  const programs = { '/usr/sbin/auditctl': 'auditctl version git\n' }
  await t.rejects(findVersion(fakeHost(t.testdir(), { programs }), undefined, '/'), { message: /'git' is no version/ })
})

void test('plugin_dir, and where auditd takes its default', async (t) => {
  const fallback = { path: '/etc/audit/plugins.d', line: undefined }
  t.same(await pluginDirOf(t.testdir(), ''), fallback)
  t.same(await pluginDirOf(t.testdir(), 'q_depth = 1\nplugin_dir = /etc/x/\n'), { path: '/etc/x', line: 2 })
  t.same(await pluginDirOf(t.testdir(), 'plugin_dir = /etc/x\nPLUGIN_DIR = /etc/y\n'), { path: '/etc/y', line: 2 })
  t.same(await pluginDirOf(t.testdir(), 'plugin_dir = /etc/x'), fallback, 'auditd skips a bare last line')
  t.same(await findPluginDir(jailed(t.testdir()), undefined, '/'), fallback)
})

void test('links are followed inside the root alone', async (t) => {
  const root = t.testdir()
  await plant(root, { [CONF]: 'plugin_dir = /etc/x\n', '/srv/plugins/a.conf': '' })
  await fs.symlink('/srv/plugins', join(root, 'etc/x'))
  await fs.symlink('auditd.conf', join(root, 'etc/audit/link.conf'))
  const conf = await readAuditdConf(fs, '/etc/audit/link.conf', root, 158)
  t.equal(conf?.path, join(root, CONF))
  t.equal((await findPluginDir(fs, conf, root)).path, join(root, 'srv/plugins'))
  await fs.symlink('loop', join(root, 'etc/audit/loop'))
  await t.rejects(readAuditdConf(fs, '/etc/audit/loop', root, 158), {
    code: 'system',
    message: /more than 40 symbolic/,
  })
})

void test('an auditd.conf that is not there', async (t) => {
  t.equal(await readAuditdConf(jailed(t.testdir()), CONF, '/', 158), undefined)
})

void test('a line that auditd would stumble over is told with file and line', async (t) => {
  const root = t.testdir()
  await plant(root, { [CONF]: 'freq=1\nplugin_dir=/etc/x\n' })
  const conf = await readAuditdConf(jailed(root), CONF, '/', 158)
  t.match(conf && stumblingBlocks(conf), [{ file: CONF, line: 2, message: /'=' with a blank/ }])
})
