import { test } from 'tap'
import { Backlog, type Waiting } from '../../../plugins/log/backlog.js'
import { DEFAULT_CONFIG, type LogConfig } from '../../../plugins/log/config.js'
import { Keeper } from '../../../plugins/log/keeper.js'
import { SinkTrouble, type Sink, type TroubleCode } from '../../../plugins/log/sink.js'
import { HandClock, rest } from '../remote-recv/hand-clock.js'
import { lines } from './log-place.js'

const MIB = 1024 ** 2

/** A keeper before a sink that does what the test says. */
class Stage {
  readonly clock = new HandClock()
  readonly written: number[] = []
  readonly said: string[] = []
  readonly run: string[] = []
  trouble: TroubleCode | undefined
  freeBytes = 2 ** 40
  /** What there is to lose. */
  rotated = 0
  onTrouble: () => void = () => {}
  readonly keeper: Keeper

  constructor(config: Partial<LogConfig> = {}) {
    const sink: Sink = {
      append: async ({ last }) => {
        if (this.trouble !== undefined) throw new SinkTrouble(this.trouble, 'for a test')
        this.written.push(last)
      },
      pass: async () => {},
      rotate: () => {},
      freeOldest: () => {
        if (this.rotated === 0) return false
        this.rotated--
        if (this.rotated === 1) this.trouble = undefined
        return true
      },
      end: () => {},
      close: async () => {},
    }
    const host = {
      clock: this.clock,
      sink,
      room: () => ({ freeBytes: this.freeBytes, totalBytes: 2 ** 41 }),
      run: (name: string) => void this.run.push(name),
      troubled: () => {
        this.onTrouble()
      },
      log: (_level: string, text: string) => void this.said.push(text),
    }
    this.keeper = new Keeper(host, { ...DEFAULT_CONFIG, ...config })
  }
}

void test('a full disk: the lines wait, are tried once a second, and it is told once and at the end', async (t) => {
  const stage = new Stage()
  stage.trouble = 'full'
  const put = stage.keeper.put(lines(1, 3))
  await stage.clock.pass(5000)
  t.same(stage.said, ['the disk is full; the records wait'])
  t.equal(stage.keeper.isWell, false)
  stage.trouble = undefined
  await stage.clock.pass(1000)
  t.equal(await put, true)
  t.same(stage.written, [3])
  t.same(stage.said.slice(1), ['the log is written again'])
})

void test('the end does not wait: what is not written is given up', async (t) => {
  for (const trouble of ['full', 'error', 'no-reader', 'medium', 'size'] as const) {
    const stage = new Stage()
    stage.trouble = trouble
    const put = stage.keeper.put(lines(1, 3))
    await rest()
    stage.keeper.end()
    t.equal(await put, false, trouble)
    t.equal(await stage.keeper.put(lines(4, 5)), false)
    const well = new Stage()
    well.keeper.end()
    t.equal(await well.keeper.put(lines(1, 1)), true, 'while all is well, everything is written to the end')
  }
})

void test('what the admin has chosen is done once an episode', async (t) => {
  for (const [action, run] of [
    [{ kind: 'ignore' }, []],
    [{ kind: 'syslog' }, []],
    [{ kind: 'exec', name: 'page-me' }, ['page-me']],
    [{ kind: 'single' }, ['single']],
    [{ kind: 'halt' }, ['halt']],
  ] as const) {
    for (const [trouble, key] of [
      ['full', 'diskFullAction'],
      ['error', 'diskErrorAction'],
    ] as const) {
      const stage = new Stage({ [key]: action })
      stage.trouble = trouble
      const put = stage.keeper.put(lines(1, 1))
      await stage.clock.pass(3000)
      t.same(stage.run, run, `${key} = ${action.kind}`)
      stage.trouble = undefined
      await stage.clock.pass(1000)
      t.equal(await put, true)
      stage.trouble = trouble
      const again = stage.keeper.put(lines(2, 2))
      await stage.clock.pass(3000)
      t.same(stage.run, [...run, ...run], 'and in the next episode again')
      stage.keeper.end()
      t.equal(await again, false)
    }
  }
})

void test('suspend waits for the admin, though the disk is well', async (t) => {
  const stage = new Stage({ diskFullAction: { kind: 'suspend' } })
  stage.trouble = 'full'
  const put = stage.keeper.put(lines(1, 1))
  await rest()
  stage.trouble = undefined
  await stage.clock.pass(60_000)
  t.same(stage.written, [])
  stage.keeper.resume()
  t.equal(await put, true)
  t.same(stage.said, [
    'the disk is full; the records wait',
    'nothing is written until SIGUSR2 or a reload, as the admin wants',
    'going on, as the admin says',
  ])
})

void test('rotate makes room as often as it takes, and waits when there is nothing to lose', async (t) => {
  const stage = new Stage({ diskFullAction: { kind: 'rotate' } })
  stage.rotated = 3
  stage.trouble = 'full'
  t.equal(await stage.keeper.put(lines(1, 1)), true)
  t.equal(stage.rotated, 1)
  stage.rotated = 0
  stage.trouble = 'full'
  const put = stage.keeper.put(lines(2, 2))
  await rest()
  t.match(stage.said.at(-1), 'the disk is full')
  stage.keeper.end()
  t.equal(await put, false)
})

void test('a medium at its end waits for the admin alone', async (t) => {
  const stage = new Stage()
  stage.trouble = 'medium'
  const put = stage.keeper.put(lines(1, 1))
  await rest()
  stage.trouble = undefined
  await stage.clock.pass(60_000)
  t.same(stage.written, [])
  stage.keeper.resume()
  t.equal(await put, true)
  t.same(stage.said.at(-1), 'the log is written again')
})

void test('little space is told once, looked at once a second, and an action is run once', async (t) => {
  const stage = new Stage({
    spaceLeftAction: { kind: 'exec', name: 'tidy' },
    adminSpaceLeftAction: { kind: 'suspend' },
  })
  const put = async (): Promise<boolean> => {
    await stage.clock.pass(1000)
    return stage.keeper.put(lines(1, 1))
  }
  stage.freeBytes = 60 * MIB
  await put()
  await put()
  t.same(stage.run, ['tidy'])
  t.same(stage.said, ['the disk has less than space_left', 'an action is run, as the admin wants'])
  stage.freeBytes = 10 * MIB
  t.equal(await stage.keeper.put(lines(1, 1)), true, 'not looked at within the same second')
  await put()
  t.equal(stage.keeper.isWell, false)
  const waits = stage.keeper.put(lines(1, 1))
  stage.keeper.resume()
  t.equal(await waits, true)
  stage.freeBytes = 2 ** 40
  await put()
  t.equal(stage.said.at(-1), 'there is room on the disk again')
})

void test('space_left_action = rotate loses the oldest at each look', async (t) => {
  const stage = new Stage({ spaceLeftAction: { kind: 'rotate' } })
  stage.rotated = 5
  stage.freeBytes = 60 * MIB
  for (let look = 0; look < 3; look++) {
    await stage.clock.pass(1000)
    await stage.keeper.put(lines(1, 1))
  }
  t.equal(stage.rotated, 2)
  t.same(stage.said, ['the disk has less than space_left'])
})

/** A backlog before the keeper of a stage; what is done is noted. */
function backlogOf(stage: Stage, atBound: 'drop' | 'wait', maxBytes: number, done: number[] = []): Backlog {
  const log = (_level: string, text: string, fields?: object): void => {
    stage.said.push(fields === undefined ? text : `${text} ${JSON.stringify(fields)}`)
  }
  const { keeper } = stage
  const put = (waiting: Waiting): Promise<boolean> =>
    waiting.kind === 'lines' ? keeper.put(waiting.lines) : keeper.pass(waiting.last)
  const host = {
    atBound,
    isWell: () => keeper.isWell,
    put,
    done: (seq: number) => void done.push(seq),
    failed: unexpected,
    log,
  }
  const backlog = new Backlog(host, maxBytes)
  stage.onTrouble = () => {
    backlog.lookAgain()
  }
  return backlog
}

function unexpected(error: unknown): void {
  throw error
}

const some = (first: number, last: number): Waiting => ({ kind: 'lines', lines: lines(first, last) })

void test('without a dispatcher that keeps them, so much waits, and the rest is counted', async (t) => {
  const stage = new Stage()
  const backlog = backlogOf(stage, 'drop', 3 * lines(1, 2).bytes.length)
  stage.trouble = 'full'
  for (let n = 0; n < 5; n++) await backlog.add(some(2 * n + 1, 2 * n + 2))
  await rest()
  await backlog.add(some(11, 12))
  stage.trouble = undefined
  await stage.clock.pass(1000)
  await backlog.drained()
  t.same(stage.written, [2, 4, 6])
  t.same(
    stage.said.filter((text) => text.includes('dropped')),
    [
      'records are dropped, as nothing can be written and nobody else keeps them',
      'records were dropped, as nothing could be written {"records":6}',
    ],
  )
})

void test('a dispatcher that keeps them waits at the bound, and nothing is dropped, nor done before it is written', async (t) => {
  const stage = new Stage()
  const done: number[] = []
  const backlog = backlogOf(stage, 'wait', 100, done)
  stage.trouble = 'full'
  await backlog.add(some(1, 1))
  await backlog.add({ kind: 'gap', last: 4 })
  let isTaken = false
  const third = backlog.add(some(5, 6)).then(() => (isTaken = true))
  await rest()
  t.equal(isTaken, false)
  t.same(done, [])
  stage.trouble = undefined
  await stage.clock.pass(1000)
  await third
  await backlog.drained()
  t.same(done, [1, 4, 6], 'gaps in their places')
  stage.trouble = 'full'
  await backlog.add(some(7, 8))
  stage.keeper.end()
  await backlog.drained()
  t.same(done, [1, 4, 6])
  t.notMatch(stage.said.join('; '), 'dropped')
})

void test('while all is well nothing is dropped, however fast it comes', async (t) => {
  const stage = new Stage()
  const backlog = backlogOf(stage, 'drop', 100)
  for (let n = 1; n <= 20; n++) await backlog.add(some(n, n))
  await backlog.drained()
  t.equal(stage.written.length, 20)
})

void test('without a dispatcher that keeps them, nobody waits at the bound for a disk that fills up meanwhile', async (t) => {
  for (const diskFullAction of [{ kind: 'syslog' }, { kind: 'suspend' }] as const) {
    const stage = new Stage({ diskFullAction })
    const backlog = backlogOf(stage, 'drop', 100)
    stage.trouble = 'full'
    await Promise.all([backlog.add(some(1, 1)), backlog.add(some(2, 2)), backlog.add(some(3, 3))])
    stage.trouble = undefined
    stage.keeper.resume()
    await backlog.drained()
    t.ok(stage.said.includes('records were dropped, as nothing could be written {"records":2}'), stage.said.join('; '))
  }
})
