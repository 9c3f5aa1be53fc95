import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { feedFile, type Fed } from '../../../src/ctl/replay/feed.js'
import { AT_ONCE, steadily, type Pace } from '../../../src/ctl/replay/pace.js'
import { ALWAYS } from '../../../src/ctl/replay/record-reader.js'

const LOG = Array.from({ length: 10 }, (_, at) => `type=CWD msg=audit(${at}.000:${at}): cwd="/"\n`).join('')

interface Run {
  readonly fed: Fed
  /** When what was written. */
  readonly written: (readonly [ms: number, text: string])[]
  readonly records: number
}

async function run(
  path: string,
  pace: Pace,
  write = (): boolean => true,
  overAtMs = Infinity,
  mostBytes = 0,
): Promise<Run> {
  let now = 0
  const written: (readonly [number, string])[] = []
  const player = {
    write: (bytes: Buffer) => {
      written.push([now, bytes.toString()])
      return Promise.resolve(write())
    },
  }
  const sleep = (ms: number): Promise<void> => {
    now += ms
    return Promise.resolve()
  }
  const progress = { records: 0, bytes: 0 }
  const world = { nowMs: () => now, sleep, isOver: () => now >= overAtMs }
  const fed = await feedFile({ path, bytes: mostBytes }, ALWAYS, pace, player, progress, world)
  return { fed, written, records: progress.records }
}

void test('at once, in large pieces', async (t) => {
  const dir = t.testdir({ log: LOG })
  const { fed, written, records } = await run(join(dir, 'log'), AT_ONCE)
  t.same(written, [[0, LOG]])
  t.match(fed, { records: 10, strange: 0, problem: undefined })
  t.equal(records, 10)
})

void test('at a pace', async (t) => {
  const dir = t.testdir({ log: LOG })
  const { written, records } = await run(join(dir, 'log'), steadily(10, 0))
  t.equal(written.map(([, text]) => text).join(''), LOG)
  t.same(
    written.map(([ms]) => ms),
    [0, 100, 200, 300, 400, 500, 600, 700, 800, 900],
  )
  t.equal(records, 10)
})

void test('it ends when nobody reads any more, or when it is asked to', async (t) => {
  const dir = t.testdir({ log: LOG })
  const unread = await run(join(dir, 'log'), steadily(10, 0), () => false)
  t.equal(unread.written.length, 1)
  const ended = await run(join(dir, 'log'), steadily(10, 0), undefined, 450)
  t.same([ended.records, ended.fed.records], [5, 5], 'what was not given is not counted')
})

void test('what is wrong with a file comes back', async (t) => {
  const dir = t.testdir({ noise: '\0'.repeat(3_000_000) })
  const { fed } = await run(join(dir, 'noise'), AT_ONCE)
  t.match(fed, { records: 0, problem: { message: /no audit records are in it/ } })
  const absent = await run(join(dir, 'absent'), AT_ONCE)
  t.match(absent.fed.problem, { message: /absent/ })
})

void test('a plugin that writes to the file that is read gets no more than what was there', async (t) => {
  const before = LOG.repeat(1000)
  const path = join(t.testdir({ log: before }), 'log')
  let turns = 0
  const grow = (): boolean => {
    appendFileSync(path, before)
    return turns++ < 50
  }
  const { fed } = await run(path, AT_ONCE, grow, undefined, before.length)
  t.match(fed, { records: 10_000, strange: 0, problem: undefined })
})
