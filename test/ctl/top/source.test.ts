import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { ControlError } from '../../../src/control/control-error.js'
import type { LiveWorld } from '../../../src/ctl/live-world.js'
import { TopSource } from '../../../src/ctl/top/source.js'
import { STATUS } from '../../control/some-daemon-status.js'
import { fakeLive } from '../live-fakes.js'

const RECORD = `type=USER msg=audit(1.000:7): ${'x'.repeat(995)}\n`
const CHUNK = RECORD.repeat(64)

void test('a share of the records is read, and no more until the next', async (t) => {
  const live = fakeLive(() => STATUS)
  const source = new TopSource('/s', live)
  await source.look()
  for (let count = 0; count < 20; count++) live.send(CHUNK)
  for (let count = 0; count < 50; count++) await turn()
  t.ok(source.census.records >= 4 * 64 && source.census.records <= 5 * 64, `${source.census.records} of 1280`)
  live.pass(250)
  for (let count = 0; count < 50; count++) await turn()
  t.ok(source.census.records >= 8 * 64 && source.census.records <= 10 * 64, `${source.census.records} of 1280`)
  source.close()
})

void test('who may see the status alone sees that', async (t) => {
  const live = fakeLive(() => STATUS)
  const denied = {
    ...live,
    connect: async (socket: string) => ({
      ...(await live.connect(socket)),
      stream: () => Promise.reject(new ControlError('denied', 'no', 'be root')),
    }),
  }
  const source = new TopSource('/s', denied)
  t.equal((await source.look()).status.pid, STATUS.pid)
  t.notOk(source.isTapping)
  source.close()
})

void test('after the daemon has gone it is looked for again', async (t) => {
  let isThere = true
  const live = fakeLive(() => STATUS)
  const source = new TopSource('/s', {
    ...live,
    connect: async (socket: string) => {
      if (!isThere) throw new ControlError('not-running', 'nobody', 'start it')
      return {
        ...(await live.connect(socket)),
        ask: () => (isThere ? Promise.resolve(STATUS) : Promise.reject(new ControlError('closed', 'gone', 'wait'))),
      }
    },
  })
  await source.look()
  t.ok(source.isTapping)
  isThere = false
  await t.rejects(source.look(), { code: 'closed' })
  t.notOk(source.isTapping)
  await t.rejects(source.look(), { code: 'not-running' })
  isThere = true
  await source.look()
  t.ok(source.isTapping)
  source.close()
})

void test('records that end while the daemon answers, or had no room, are looked at again', async (t) => {
  let isFull = false
  const live = fakeLive(() => STATUS)
  const source = new TopSource('/s', {
    ...live,
    connect: async () => ({
      ...(await live.connect('/s')),
      stream: () => (isFull ? Promise.reject(new ControlError('busy', 'no', 'wait')) : streaming(live)),
    }),
  })
  t.teardown(() => source.close())
  await source.look()
  t.ok(source.isTapping)
  live.hangUp()
  await turn()
  t.notOk(source.isTapping, 'such as after it was stopped for long')
  isFull = true
  await source.look()
  t.notOk(source.isTapping)
  isFull = false
  await source.look()
  t.ok(source.isTapping)
})

async function streaming(live: LiveWorld) {
  return (await live.connect('/s')).stream(['tap'])
}
