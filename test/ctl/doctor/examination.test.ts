import { test } from 'tap'
import { fail, ok, skip, warn, type Check, type Finding } from '../../../src/ctl/doctor/check.js'
import { examine } from '../../../src/ctl/doctor/examination.js'
import { patient } from './patient.js'

function check(id: string, run: () => Promise<readonly Finding[]>): Check {
  return { id, layer: 'kernel', run }
}

void test('what is found, how bad it is, and where to begin', async (t) => {
  const found = await examine(
    [
      check('kernel.a', () => Promise.resolve([ok('a'), skip('b')])),
      check('kernel.b', () => Promise.resolve([warn('c', 'mend c')])),
      check('kernel.c', () => Promise.resolve([fail('d', 'mend d')])),
    ],
    patient({}),
  )
  t.same(found.counts, { ok: 1, warn: 1, fail: 1, skip: 1 })
  t.equal(found.worst, 'fail')
  t.equal(found.first, 'mend d', 'what fails comes before what is to be looked at')
  t.match(found.findings[2], { id: 'kernel.b', layer: 'kernel', level: 'warn', what: 'c', mend: 'mend c' })
})

void test('nothing is wrong', async (t) => {
  const found = await examine([check('kernel.a', () => Promise.resolve([ok('a')]))], patient({}))
  t.match(found, { worst: 'ok', first: '' })
})

void test('before all else audispd has to be installed', async (t) => {
  const off = check('kernel.x', () => Promise.resolve([fail('off', 'auditctl -e 1')]))
  const absent = check('auditd.starts-us', () => Promise.resolve([fail('not told', 'audispctl install --dry-run')]))
  t.equal((await examine([off, absent], patient({}))).first, 'audispctl install --dry-run')
  const noAuditd = check('auditd.installed', () => Promise.resolve([fail('none', 'apt-get install auditd')]))
  t.equal((await examine([noAuditd, absent], patient({}))).first, 'apt-get install auditd')
})

void test('what hangs is told, and holds up nothing else', async (t) => {
  const hangs = check('kernel.hangs', () => new Promise(() => {}))
  const quick = check('kernel.quick', () => Promise.resolve([ok('there')]))
  const found = await examine([hangs, quick], patient({}), 20)
  t.match(found.findings, [{ id: 'kernel.hangs', level: 'warn', what: /could not be looked at/ }, { what: 'there' }])
})

void test('what may not be read is skipped, and a bug is a bug', async (t) => {
  const denied = Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' })
  const found = await examine([check('kernel.x', () => Promise.reject(denied))], patient({}))
  t.match(found.findings, [{ level: 'skip', what: 'kernel.x: permission denied' }])
  await t.rejects(examine([check('kernel.x', () => Promise.reject(new TypeError('oh')))], patient({})), /oh/)
})
