import { test } from 'tap'
import { doctor } from '../../../src/ctl/doctor/doctor.js'
import type { World } from '../../../src/ctl/doctor/world.js'
import { fakeHost } from '../fake-host.js'
import { LAUNCHER, patient, type Illness } from './patient.js'

/** What doctor prints, and its exit status. */
async function visit(args: readonly string[], illness: Illness = {}, asked: (world: World) => void = () => {}) {
  const host = fakeHost('/nowhere')
  const status = await doctor(args, host, LAUNCHER, (_host, question) => {
    const { world } = patient({ ...illness, world: { ...illness.world, asked: question } })
    asked(world)
    return world
  })
  return { status, out: host.printed().out }
}

void test('exit statuses', async (t) => {
  t.match(await visit([]), { status: 0, out: /\n\nall is well: / })
  t.match(await visit(['--quiet']), { status: 0, out: '' })
  const none = { programs: { '/usr/sbin/auditctl -l': 'No rules\n' } }
  t.match(await visit([], none), { status: 1, out: /\n0 to mend, 1 to look at, / })
  const two = {
    programs: { ...none.programs, '/usr/sbin/auditctl -s': 'enabled 0\npid 700\nfailure 1\nbacklog_limit 8192\n' },
  }
  t.match(await visit(['-q'], two), { status: 2, out: /^fail  kernel .*\n +auditctl -e 1\nwarn  kernel / })
  t.match(JSON.parse((await visit(['--json'], two)).out), { verb: 'doctor', level: 'fail', exitStatus: 2 })
})

void test('where to look is passed on', async (t) => {
  await visit(['-c', '/opt/ours/', '--socket', '/x.sock'], {}, ({ asked }) => {
    t.same(asked, { configDir: '/opt/ours', socket: '/x.sock', launcher: LAUNCHER })
  })
})

void test('help, and what it does not know', async (t) => {
  t.match(await visit(['--help']), { status: 0, out: /^usage: audispctl doctor / })
  await t.rejects(visit(['--cure']), { code: 'usage' })
  await t.rejects(visit(['everything']), { code: 'usage' })
})
