import { test } from 'tap'
import { SYSTEM_CHECKS } from '../../../src/ctl/doctor/system.js'
import { complaints, eachIsNamed, failing } from './patient.js'

void test('each fault of the machine is named', async (t) => {
  await eachIsNamed(t, SYSTEM_CHECKS, [
    ['node', { world: { nodeVersion: '20.18.9' } }, /^fail system\.node: Node 20\.18\.9 is too old/],
    ['an older node', { world: { nodeVersion: '18.30.0' } }, /^fail system\.node: /],
    [
      'env',
      { programs: { '/usr/bin/env': failing('unrecognized option', 125) } },
      /^fail system\.env: .* -> apt-get install coreutils/,
    ],
    ['mkfifo', { files: { '/usr/bin/mkfifo': null } }, /^fail system\.programs: .* -> apt-get install coreutils$/],
    ['flock', { files: { '/usr/bin/flock': null } }, /^fail system\.programs: .* -> apt-get install util-linux$/],
    ['audispd.conf of 2.x', { files: { '/etc/audisp/audispd.conf': '' } }, /^warn system\.leftovers: .* -> mv /],
    [
      'a plugin of 2.x',
      { files: { '/etc/audisp/plugins.d/x.conf': 'active = yes\npath = /sbin/x\n' } },
      /^warn system\.leftovers: \/etc\/audisp\/plugins\.d\/x\.conf is active/,
    ],
  ])
})

void test('with auditd 2.x nothing is left over', async (t) => {
  const files = { '/etc/audisp/audispd.conf': '' }
  t.same(
    await complaints(SYSTEM_CHECKS, { files, programs: { '/usr/sbin/auditctl -v': 'auditctl version 2.8.5\n' } }),
    [],
  )
  t.same(await complaints(SYSTEM_CHECKS, { world: { nodeVersion: '22.0.1' } }), [])
})
