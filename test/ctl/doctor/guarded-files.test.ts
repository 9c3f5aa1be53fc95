import { test } from 'tap'
import { guardedFiles } from '../../../src/ctl/doctor/guarded-files.js'
import { patient } from './patient.js'

const { world } = patient({ files: { '/data/spool/a': 'a', '/data/spool/b': 'b' } })

void test('what answers is looked at, each directory once', async (t) => {
  const probed: string[] = []
  const files = guardedFiles(world.files, (dir) => {
    probed.push(dir)
    return Promise.resolve(true)
  })
  t.equal((await files.readFile('/data/spool/a')).toString(), 'a')
  t.equal((await files.stat('/data/spool/b')).isFile(), true)
  t.equal((await files.readFile('/etc/audit/auditd.conf')).length > 0, true)
  t.same(probed, ['/data/spool'], 'and what every machine has on its own disk is not probed')
})

void test('what does not answer is never touched', async (t) => {
  const touched = (path: string): Promise<never> => Promise.reject(new Error(`touched ${path}`))
  const dead = { ...world.files, stat: touched, lstat: touched, readFile: touched, readdir: touched, readlink: touched }
  const files = guardedFiles(dead, () => Promise.resolve(false))
  for (const call of ['stat', 'lstat', 'readFile', 'readdir', 'readlink'] as const) {
    const look = async (): Promise<unknown> => files[call]('/dead/spool/x')
    await t.rejects(look(), { code: 'ETIMEDOUT' }, call)
  }
  await t.rejects(files.stat('/runaway'), { code: 'ETIMEDOUT' })
  await t.rejects(files.stat('/run/x'), { message: 'touched /run/x' })
})
