import { test } from 'tap'
import { factsOf, openServiceManager, type ServiceManager } from '../src/service-manager.js'
import { PLUGIN } from './control/some-daemon-status.js'
import { FakeClock } from './dispatcher/fake-clock.js'
import { FakeLog } from './dispatcher/fake-log.js'

const SOCKET = '/run/systemd/notify'

interface Bench {
  readonly manager: ServiceManager | undefined
  readonly clock: FakeClock
  readonly log: FakeLog
  readonly env: Record<string, string | undefined>
  readonly told: string[][]
  records: number
  /** Where the last one was told. */
  socket: string
  /** Lets the one that is being told be over. */
  readonly over: (why?: string) => Promise<void>
  /** It cannot be started. */
  readonly unstarted: (code: string) => Promise<void>
}

function bench(variables: Readonly<Record<string, string>>): Bench {
  const clock = new FakeClock()
  const log = new FakeLog()
  const env: Record<string, string | undefined> = { NOTIFY_SOCKET: SOCKET, OTHER: 'stays', ...variables }
  const told: string[][] = []
  let resolve: (why: string) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  const of: Bench = {
    clock,
    log,
    env,
    told,
    records: 0,
    socket: '',
    over: async (why = '') => {
      resolve(why)
      await turns()
    },
    unstarted: async (code) => {
      reject(Object.assign(new Error(`spawn ${code}`), { code }))
      await turns()
    },
    manager: openServiceManager({
      env,
      pid: 42,
      clock,
      log,
      facts: () => ({ plugins: 3, running: 2, records: of.records, lost: 0 }),
      tell: (fields, { NOTIFY_SOCKET: socket = '' }) => {
        of.socket = socket
        told.push([...fields])
        return new Promise((done, fail) => {
          resolve = done
          reject = fail
        })
      },
    }),
  }
  return of
}

/** What was told but for the line for people. */
function states({ told }: Bench): string[] {
  return told.map((fields) => fields.filter((field) => !field.startsWith('STATUS=')).join(' '))
}

void test('without a service manager nobody is told anything', (t) => {
  for (const NOTIFY_SOCKET of ['', 'relative', '/', 'vsock:2:1234'])
    t.equal(bench({ NOTIFY_SOCKET }).manager, undefined)
  t.end()
})

void test('the variables are for us alone', (t) => {
  const { env } = bench({ WATCHDOG_USEC: '1000000', WATCHDOG_PID: '42' })
  t.same(env, { OTHER: 'stays' })
  t.end()
})

void test('a life: ready, a reload, the end', async (t) => {
  const of = bench({ NOTIFY_SOCKET: '@abstract' })
  of.manager?.reloading()
  t.same(of.told, [], 'before it is ready there is nothing to reload')
  of.records = 5000
  of.clock.pass(1000)
  of.manager?.ready()
  t.equal(of.socket, '@abstract')
  t.same(of.told, [['READY=1', 'STATUS=2 of 3 plugins run, 5000 records/s, nothing lost']])
  await of.over()
  of.manager?.reloading()
  t.match(states(of)[1], /^RELOADING=1 MONOTONIC_USEC=[1-9][0-9]+$/)
  of.manager?.ready()
  t.equal(of.told.length, 2, 'one process at a time')
  await of.over()
  t.equal(states(of)[2], 'READY=1')
  await of.over()
  of.manager?.stopping()
  of.manager?.stopping()
  of.manager?.reloading()
  of.manager?.ready()
  await of.over()
  of.manager?.close()
  await of.over()
  t.same(states(of).slice(3), ['STOPPING=1'])
  t.equal(of.clock.pending, 0)
})

void test('a watchdog is fed twice in its time, as long as the loop turns', async (t) => {
  const of = bench({ WATCHDOG_USEC: '4000000', WATCHDOG_PID: '42' })
  of.manager?.ready()
  await of.over()
  for (let at = 0; at < 4; at++) {
    of.clock.pass(2000)
    await of.over()
  }
  t.same(states(of), ['READY=1 WATCHDOG=1', ...Array.from({ length: 4 }, () => 'WATCHDOG=1')])
})

void test('a watchdog of another process is not ours to feed', async (t) => {
  const of = bench({ WATCHDOG_USEC: '4000000', WATCHDOG_PID: '43' })
  of.manager?.ready()
  await of.over()
  of.clock.pass(10_000)
  await of.over()
  t.same(states(of), ['READY=1', ''])
  t.equal(of.told.length, 2, 'how it is, every ten seconds')
})

void test('a watchdog of any patience is fed no more often than it makes sense', (t) => {
  const pauses = (WATCHDOG_USEC: string): number[] => {
    const found: number[] = []
    const clock = {
      nowMs: () => 0,
      after: (ms: number) => {
        found.push(ms)
        return () => {}
      },
    }
    const env = { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC }
    const facts = () => ({ plugins: 0, running: 0, records: 0, lost: 0 })
    openServiceManager({ env, pid: 42, clock, log: new FakeLog(), facts, tell: () => Promise.resolve('') })
    return found
  }
  t.same(pauses('9999999999999999'), [10_000], 'with the line for people, and not beyond what a timer can')
  t.same(pauses('1'), [50, 10_000])
  t.end()
})

void test('a manager that hangs is told the newest, and what has happened, as far as it fits', async (t) => {
  const of = bench({ WATCHDOG_USEC: '2000000' })
  of.manager?.ready()
  of.clock.pass(60_000)
  for (let at = 0; at < 50; at++) {
    of.manager?.reloading()
    of.manager?.ready()
  }
  t.equal(of.told.length, 1)
  for (let at = 0; at < 20; at++) await of.over()
  const said = states(of).map((fields) => fields.replace(/ ?MONOTONIC_USEC=\d+/, ''))
  t.equal(said.length, 9, 'no sign of life of the time before follows')
  t.equal(said.at(-1), 'READY=1 WATCHDOG=1')
  t.same(said.slice(1, 3), ['RELOADING=1 WATCHDOG=1', 'READY=1 WATCHDOG=1'])
})

void test('what goes wrong is told once, and tried on', async (t) => {
  const of = bench({})
  of.manager?.ready()
  await of.over('Failed to notify init system: Connection refused')
  of.clock.pass(10_000)
  await of.over('Failed to notify init system: Connection refused')
  of.clock.pass(10_000)
  t.equal(of.told.length, 3)
  t.equal(of.log.texts.filter((text) => text.includes('could not be told')).length, 1)
})

void test('what has happened is told again when it could not be told, not at once and not twice', async (t) => {
  const of = bench({})
  of.manager?.ready()
  await of.over('Connection refused')
  t.equal(of.told.length, 1)
  of.clock.pass(10_000)
  await of.over()
  of.clock.pass(10_000)
  await of.over()
  t.same(states(of), ['READY=1', 'READY=1', ''])
})

void test('a process for which there is no room now may find some later', async (t) => {
  const of = bench({ WATCHDOG_USEC: '2000000' })
  of.manager?.ready()
  await of.unstarted('EAGAIN')
  of.clock.pass(1000)
  await of.unstarted('EMFILE')
  of.clock.pass(1000)
  await of.over()
  t.same(states(of), ['READY=1 WATCHDOG=1', 'READY=1 WATCHDOG=1', 'READY=1 WATCHDOG=1'])
  t.match(of.log.texts, ['the service manager could not be told; trying on'])
})

void test('without the program it is told once, and nothing more is tried', async (t) => {
  const of = bench({ WATCHDOG_USEC: '2000000' })
  of.manager?.ready()
  await of.unstarted('ENOENT')
  of.clock.pass(60_000)
  of.manager?.stopping()
  of.manager?.close()
  t.equal(of.told.length, 1)
  t.equal(of.log.texts.filter((text) => text.includes('cannot be run')).length, 1)
  t.equal(of.clock.pending, 0)
})

void test('what the line for people is made of', (t) => {
  const plugins = [PLUGIN, { ...PLUGIN, state: 'failed', droppedTotal: 7 } as const, { ...PLUGIN, droppedTotal: 1 }]
  t.same(factsOf({ plugins, seq: 12 }), { plugins: 3, running: 2, records: 12, lost: 8 })
  t.end()
})
