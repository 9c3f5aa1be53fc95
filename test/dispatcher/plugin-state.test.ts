import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import {
  GOOD_LIFE_MS,
  newLife,
  next,
  type Circumstances,
  type Life,
  type PluginAction,
  type PluginEvent,
  type PluginState,
  type Step,
} from '../../src/dispatcher/plugin-state.js'
import type { RestartPolicy } from '../../src/dispatcher/settings.js'
import { PluginDriver, type Move } from './plugin-driver.js'

const POLICY: RestartPolicy = { firstDelayMs: 100, longestDelayMs: 60_000, maxRestarts: 10, windowMs: 600_000 }
const STOP_TIMEOUT_MS = 5000
const READY_TIMEOUT_MS = 10_000
const NOW_MS = 1_000_000
const AT: Circumstances = {
  nowMs: NOW_MS,
  roll: 1,
  restart: POLICY,
  stopTimeoutMs: STOP_TIMEOUT_MS,
  readyTimeoutMs: READY_TIMEOUT_MS,
}

const STATES: Record<PluginState['kind'], readonly PluginState[]> = {
  stopped: [{ kind: 'stopped' }],
  starting: [{ kind: 'starting' }],
  greeting: [{ kind: 'greeting', pid: 7 }],
  running: [{ kind: 'running', pid: 7, sinceMs: NOW_MS - 10 }],
  backoff: [{ kind: 'backoff', untilMs: NOW_MS + 100 }],
  stopping: (['unborn', 'ended', 'asked', 'killed'] as const).flatMap((step) =>
    (['stopped', 'starting', 'invalid', { fault: 'no PONG' }] as const).map((after) => ({
      kind: 'stopping' as const,
      step,
      after,
    })),
  ),
  failed: [{ kind: 'failed', reason: 'exit status 78' }],
  invalid: [{ kind: 'invalid' }],
}
const CRASH = { how: 'exit status 1', exitCode: 1, excused: false }
const EVENTS: Record<PluginEvent['kind'], readonly PluginEvent[]> = {
  start: [{ kind: 'start' }],
  spawned: [
    { kind: 'spawned', pid: 8, greets: false },
    { kind: 'spawned', pid: 8, greets: true },
  ],
  ready: [{ kind: 'ready' }],
  fault: [{ kind: 'fault', why: 'impossible ACK' }],
  exited: [
    { kind: 'exited', death: CRASH },
    { kind: 'exited', death: { how: 'exit status 78', exitCode: 78, excused: false } },
    { kind: 'exited', death: { how: 'signal SIGTERM', exitCode: undefined, excused: true } },
  ],
  timer: [{ kind: 'timer' }],
  restart: [{ kind: 'restart' }],
  stop: [
    { kind: 'stop', after: 'stopped' },
    { kind: 'stop', after: 'invalid' },
  ],
}

/** No order of events brings these about: a process is spawned once and exits once, and there it is not. */
const IMPOSSIBLE: readonly string[] = [
  'stopped spawned',
  'stopped exited',
  'greeting spawned',
  'running spawned',
  'backoff spawned',
  'backoff exited',
  'failed spawned',
  'failed exited',
  'invalid spawned',
  'invalid exited',
]

function lifeIn(state: PluginState): Life {
  return { ...newLife(POLICY), state }
}

void test('every state has an answer to every event, but for those that cannot come', (t) => {
  const impossible = new Set<string>()
  for (const state of Object.values(STATES).flat()) {
    for (const event of Object.values(EVENTS).flat()) {
      try {
        const step = next(lifeIn(state), event, AT)
        t.ok(step.life.state.kind in STATES, `${state.kind} ${event.kind}`)
      } catch (error) {
        t.match(error, { message: `plugin-state: ${event.kind} while ${state.kind}` })
        impossible.add(`${state.kind} ${event.kind}`)
      }
    }
  }
  t.same([...impossible].sort(), [...IMPOSSIBLE].sort())
  t.end()
})

function dos(step: Step): string[] {
  return step.actions.map((action) => action.do)
}

void test('a first start opens the queue; a start of what runs is nothing', (t) => {
  for (const state of [...STATES.stopped, ...STATES.failed, ...STATES.invalid]) {
    for (const kind of ['start', 'restart'] as const) {
      const step = next({ state, deathsMs: [1, 2, 3], delayMs: 9999 }, { kind }, AT)
      t.same(step.life, { state: { kind: 'starting' }, deathsMs: [], delayMs: 100 }, 'and earlier deaths are forgotten')
      t.same(dos(step), ['open-queue', 'spawn'])
    }
  }
  for (const state of [...STATES.starting, ...STATES.running]) {
    t.same(next(lifeIn(state), { kind: 'start' }, AT), { life: lifeIn(state), actions: [] })
  }
  for (const kind of ['start', 'restart', 'timer'] as const) {
    const step = next({ ...newLife(POLICY), state: { kind: 'backoff', untilMs: 5 }, deathsMs: [1] }, { kind }, AT)
    t.same(step.life, { state: { kind: 'starting' }, deathsMs: [1], delayMs: 100 })
    t.same(dos(step), ['clear-timer', 'spawn'])
  }
  t.end()
})

void test('stopping: end of input, then SIGTERM, then SIGKILL for as long as it takes', (t) => {
  const timer: PluginAction = { do: 'set-timer', ms: STOP_TIMEOUT_MS }
  let step = next(lifeIn({ kind: 'running', pid: 7, sinceMs: 0 }), { kind: 'stop', after: 'invalid' }, AT)
  t.same(step.actions, [{ do: 'end-input' }, timer])
  for (const action of ['terminate', 'kill', 'kill', 'kill']) {
    step = next(step.life, { kind: 'timer' }, AT)
    t.same(step.actions, [{ do: action }, timer])
  }
  step = next(step.life, { kind: 'exited', death: CRASH }, AT)
  t.same(step.life.state, { kind: 'invalid' })
  t.same(step.actions, [{ do: 'clear-timer' }, { do: 'shut-queue', reason: 'stopped' }, { do: 'tell-stopped' }])
  t.end()
})

void test('a plugin that has to greet runs once it is READY, and is ended when it is not in time', (t) => {
  const born = next(lifeIn({ kind: 'starting' }), { kind: 'spawned', pid: 9, greets: true }, AT)
  t.same(born.life.state, { kind: 'greeting', pid: 9 })
  t.same(born.actions, [{ do: 'tell-started' }, { do: 'set-timer', ms: READY_TIMEOUT_MS }])
  const ready = next(born.life, { kind: 'ready' }, AT)
  t.same(ready, { life: lifeIn({ kind: 'running', pid: 9, sinceMs: NOW_MS }), actions: [{ do: 'clear-timer' }] })
  const late = next(born.life, { kind: 'timer' }, AT)
  t.same(late.life.state, { kind: 'stopping', step: 'asked', after: { fault: 'no READY within 10 s' } })
  t.same(dos(next(born.life, { kind: 'exited', death: CRASH }, AT)), ['clear-timer', 'tell-died', 'set-timer'])
  t.same(dos(next(born.life, { kind: 'stop', after: 'stopped' }, AT)), ['end-input', 'set-timer'])
  t.end()
})

void test('a fault ends the process without ceremony, and counts as a death', (t) => {
  for (const state of [...STATES.greeting, ...STATES.running]) {
    const step = next(lifeIn(state), { kind: 'fault', why: 'impossible ACK 9' }, AT)
    t.same(step.life.state, { kind: 'stopping', step: 'asked', after: { fault: 'impossible ACK 9' } })
    t.same(step.actions, [{ do: 'cut-input' }, { do: 'terminate' }, { do: 'set-timer', ms: STOP_TIMEOUT_MS }])
    t.same(dos(next(step.life, { kind: 'timer' }, AT)), ['kill', 'set-timer'])
    const gone = next(step.life, { kind: 'exited', death: { ...CRASH, exitCode: 78, excused: true } }, AT)
    t.same(gone.life.state, { kind: 'backoff', untilMs: NOW_MS + 100 }, 'whatever it says at its end')
    t.match(gone.actions, [{ do: 'clear-timer' }, { do: 'tell-died', how: 'impossible ACK 9' }, { do: 'set-timer' }])
    const stopped = next(step.life, { kind: 'stop', after: 'stopped' }, AT)
    t.same(next(stopped.life, { kind: 'exited', death: CRASH }, AT).life.state, { kind: 'stopped' })
  }
  t.end()
})

void test('what is not born yet is stopped once it is', (t) => {
  let step = next(lifeIn({ kind: 'starting' }), { kind: 'stop', after: 'stopped' }, AT)
  t.same(step.actions, [])
  step = next(step.life, { kind: 'timer' }, AT)
  t.same(step.life.state, { kind: 'stopping', step: 'unborn', after: 'stopped' }, 'hurry as one may')
  step = next(step.life, { kind: 'spawned', pid: 9, greets: false }, AT)
  t.same(step.life.state, { kind: 'stopping', step: 'ended', after: 'stopped' })
  t.same(dos(step), ['end-input', 'set-timer'])
  const restarted = next(lifeIn({ kind: 'starting' }), { kind: 'restart' }, AT)
  t.same(restarted, { life: lifeIn({ kind: 'stopping', step: 'unborn', after: 'starting' }), actions: [] })
  t.same(dos(next(restarted.life, { kind: 'exited', death: CRASH }, AT)), ['clear-timer', 'spawn'])
  t.end()
})

void test('a process that ends as it was told to is followed by the next, whatever was said last', (t) => {
  const stopping = lifeIn({ kind: 'stopping', step: 'asked', after: 'stopped' })
  for (const kind of ['start', 'restart'] as const) {
    const step = next(stopping, { kind }, AT)
    t.same(step.life.state, { kind: 'stopping', step: 'asked', after: 'starting' })
    t.same(step.actions, [])
    const exited = next(step.life, { kind: 'exited', death: CRASH }, AT)
    t.same(dos(exited), ['clear-timer', 'spawn'])
    t.same(exited.life.deathsMs, [], 'it was no crash')
    const stopped = next(step.life, { kind: 'stop', after: 'invalid' }, AT)
    t.same(stopped.life.state, { kind: 'stopping', step: 'asked', after: 'invalid' })
  }
  t.end()
})

void test('pauses double, up to the longest, and begin anew after a good life', (t) => {
  const policy = { ...POLICY, longestDelayMs: 1000, maxRestarts: 0 }
  const pauses: number[] = []
  let life = newLife(policy)
  let nowMs = 0
  for (const ranMs of [0, 1, 10, 59_999, 0, 0, GOOD_LIFE_MS, 0]) {
    life = next(
      { ...life, state: { kind: 'starting' } },
      { kind: 'spawned', pid: 1, greets: false },
      { ...AT, nowMs },
    ).life
    nowMs += ranMs
    const died = next(life, { kind: 'exited', death: CRASH }, { ...AT, nowMs, restart: policy })
    const [told, timer] = died.actions
    assert.ok(told?.do === 'tell-died' && timer?.do === 'set-timer')
    t.equal(told.restartInMs, timer.ms)
    t.same(died.life.state, { kind: 'backoff', untilMs: nowMs + timer.ms })
    pauses.push(timer.ms)
    life = died.life
  }
  t.same(pauses, [100, 200, 400, 800, 1000, 1000, 100, 200])
  t.end()
})

void test('a good life counts as well when it ends because the drop-in changed', (t) => {
  const grown = { ...lifeIn({ kind: 'running', pid: 1, sinceMs: NOW_MS - GOOD_LIFE_MS }), delayMs: 51_200 }
  for (const event of [...EVENTS.restart, ...EVENTS.stop]) t.equal(next(grown, event, AT).life.delayMs, 100)
  const short = { ...grown, state: { kind: 'running' as const, pid: 1, sinceMs: NOW_MS - GOOD_LIFE_MS + 1 } }
  for (const event of [...EVENTS.restart, ...EVENTS.stop]) t.equal(next(short, event, AT).life.delayMs, 51_200)
  t.end()
})

void test('a pause is within the bounds of the day', (t) => {
  const dead = { ...lifeIn({ kind: 'starting' }), delayMs: 12_800 }
  const pauseWith = (restart: RestartPolicy): PluginState =>
    next(dead, { kind: 'exited', death: CRASH }, { ...AT, restart }).life.state
  t.same(pauseWith({ ...POLICY, longestDelayMs: 2000 }), { kind: 'backoff', untilMs: NOW_MS + 2000 })
  t.same(pauseWith({ ...POLICY, firstDelayMs: 30_000 }), { kind: 'backoff', untilMs: NOW_MS + 30_000 })
  t.end()
})

void test('what cannot go on fails: exit status 78, or one death too many', (t) => {
  const bad = next(
    lifeIn({ kind: 'running', pid: 1, sinceMs: 0 }),
    { kind: 'exited', death: { ...CRASH, exitCode: 78 } },
    AT,
  )
  t.match(bad.life.state, { kind: 'failed', reason: /exit status 1: it says that its configuration is bad/ })
  t.same(dos(bad), ['shut-queue', 'tell-failed'])
  const deathsMs = Array.from({ length: 10 }, (_, index) => NOW_MS - 599_999 + index)
  const dead = { ...lifeIn({ kind: 'starting' }), deathsMs }
  const failed = next(dead, { kind: 'exited', death: CRASH }, AT)
  const reason = 'exit status 1: 11 deaths within 600 s, more than max_restarts = 10'
  t.same(failed.life.state, { kind: 'failed', reason })
  t.same(failed.actions, [
    { do: 'shut-queue', reason: 'failed' },
    { do: 'tell-failed', reason },
  ])
  const later = next(dead, { kind: 'exited', death: CRASH }, { ...AT, nowMs: NOW_MS + 1 })
  t.equal(later.life.state.kind, 'backoff', 'the first of them is no longer within the window')
  const excused = next(dead, { kind: 'exited', death: { ...CRASH, excused: true } }, AT)
  t.equal(excused.life.state.kind, 'backoff')
  t.same(excused.life.deathsMs, deathsMs, 'and not counted')
  t.end()
})

const MOVE: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('start' as const, 'restart' as const, 'hurry' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('timer' as const, 'born' as const, 'ready' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stillborn' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fault' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('stop' as const),
      after: fc.constantFrom('stopped' as const, 'invalid' as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('die' as const),
      exitCode: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(78) }),
      excused: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
)
const PAUSE_MS = fc.oneof(fc.nat(100), fc.nat(10_000), fc.nat(70_000))
const RESTART: fc.Arbitrary<RestartPolicy> = fc
  .record({
    firstDelayMs: fc.integer({ min: 10, max: 5000 }),
    factor: fc.integer({ min: 1, max: 40 }),
    maxRestarts: fc.nat(6),
    windowMs: fc.integer({ min: 1000, max: 100_000 }),
  })
  .map(({ firstDelayMs, factor, maxRestarts, windowMs }) => ({
    firstDelayMs,
    longestDelayMs: firstDelayMs * factor,
    maxRestarts,
    windowMs,
  }))

void test('whatever happens: one process at most, the right pauses, the right end, and a stop leads to rest', (t) => {
  fc.assert(
    fc.property(
      RESTART,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.tuple(MOVE, PAUSE_MS), { maxLength: 60, size: 'max' }),
      fc.constantFrom('stopped' as const, 'invalid' as const),
      fc.nat(3),
      fc.boolean(),
      (restart, roll, moves, after, patience, greets) => {
        const driver = new PluginDriver(restart, roll, greets)
        for (const [move, pauseMs] of moves) {
          driver.nowMs += pauseMs
          driver.move(move)
        }
        driver.move({ do: 'stop', after })
        driver.move({ do: 'born' })
        for (let timer = 0; timer < patience; timer++) driver.move({ do: 'timer' })
        driver.move({ do: 'die', exitCode: 1, excused: false })
        assert.equal(driver.life.state.kind, after)
        assert.equal(driver.process, 'none')
      },
    ),
    { numRuns: 2000 },
  )
  t.end()
})
