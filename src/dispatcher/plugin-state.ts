// The life of a plugin as a total table: every state has an answer to every event, and the answer is a value. Nothing here
// has a clock, a child or a random number; plugin.ts has them and does what is said here.

import type {
  AfterStop,
  Circumstances,
  Death,
  Life,
  PluginAction,
  PluginEvent,
  PluginState,
  Step,
  StopStep,
} from './plugin-life.js'
import { died, lived } from './plugin-death.js'
import type { RestartPolicy } from './settings.js'

export { GOOD_LIFE_MS } from './plugin-death.js'
export type { Circumstances, Death, Life, PluginAction, PluginEvent, PluginState, Step } from './plugin-life.js'

type EventOf<K extends PluginEvent['kind']> = Extract<PluginEvent, { kind: K }>
type StateOf<K extends PluginState['kind']> = Extract<PluginState, { kind: K }>
type Answer<S extends PluginState['kind'], E extends PluginEvent['kind']> = (
  life: Life,
  state: StateOf<S>,
  event: EventOf<E>,
  at: Circumstances,
) => Step
type Table = { [S in PluginState['kind']]: { [E in PluginEvent['kind']]: Answer<S, E> } }

export function newLife(restart: RestartPolicy): Life {
  return { state: { kind: 'stopped' }, deathsMs: [], delayMs: restart.firstDelayMs }
}

export function next(life: Life, event: PluginEvent, at: Circumstances): Step {
  const { state } = life
  switch (state.kind) {
    case 'stopped':
      return answer('stopped', life, state, event, at)
    case 'starting':
      return answer('starting', life, state, event, at)
    case 'greeting':
      return answer('greeting', life, state, event, at)
    case 'running':
      return answer('running', life, state, event, at)
    case 'backoff':
      return answer('backoff', life, state, event, at)
    case 'stopping':
      return answer('stopping', life, state, event, at)
    case 'failed':
      return answer('failed', life, state, event, at)
    case 'invalid':
      return answer('invalid', life, state, event, at)
    default:
      return state satisfies never
  }
}

function answer<S extends PluginState['kind']>(
  kind: S,
  life: Life,
  state: StateOf<S>,
  event: PluginEvent,
  at: Circumstances,
): Step {
  const row = TABLE[kind]
  switch (event.kind) {
    case 'start':
      return row.start(life, state, event, at)
    case 'spawned':
      return row.spawned(life, state, event, at)
    case 'ready':
      return row.ready(life, state, event, at)
    case 'fault':
      return row.fault(life, state, event, at)
    case 'exited':
      return row.exited(life, state, event, at)
    case 'timer':
      return row.timer(life, state, event, at)
    case 'restart':
      return row.restart(life, state, event, at)
    case 'stop':
      return row.stop(life, state, event, at)
    default:
      return event satisfies never
  }
}

const TABLE: Table = {
  stopped: {
    start: beginAnew,
    spawned: cannotHappen,
    ready: nothing,
    fault: nothing,
    exited: cannotHappen,
    timer: nothing,
    restart: beginAnew,
    stop: (life, _state, event) => rest(life, event.after),
  },
  starting: {
    start: nothing,
    spawned: (life, _state, event, at) => born(life, event, at),
    ready: nothing,
    fault: nothing,
    exited: (life, _state, event, at) => died(life, event.death, at),
    timer: nothing,
    restart: (life) => stopping(life, 'unborn', 'starting', []),
    stop: (life, _state, event) => stopping(life, 'unborn', event.after, []),
  },
  greeting: {
    start: nothing,
    spawned: cannotHappen,
    ready: (life, state, _event, at) => clearTimer(runs(life, state.pid, at)),
    fault: (life, _state, event, at) => faulty(life, event.why, at),
    exited: (life, _state, event, at) => clearTimer(died(life, event.death, at)),
    timer: (life, _state, _event, at) => faulty(life, `no READY within ${at.readyTimeoutMs / 1000} s`, at),
    restart: (life, _state, _event, at) => endInput(life, 'starting', at),
    stop: (life, _state, event, at) => endInput(life, event.after, at),
  },
  running: {
    start: nothing,
    spawned: cannotHappen,
    ready: nothing,
    fault: (life, state, event, at) => faulty(lived(life, state, at), event.why, at),
    exited: (life, state, event, at) => died(lived(life, state, at), event.death, at),
    timer: nothing,
    restart: (life, state, _event, at) => endInput(lived(life, state, at), 'starting', at),
    stop: (life, state, event, at) => endInput(lived(life, state, at), event.after, at),
  },
  backoff: {
    start: spawnNow,
    spawned: cannotHappen,
    ready: nothing,
    fault: nothing,
    exited: cannotHappen,
    timer: spawnNow,
    restart: spawnNow,
    stop: (life, _state, event) => clearTimer(settled(life, event.after)),
  },
  stopping: {
    start: (life, state) => stopping(life, state.step, 'starting', []),
    spawned: (life, state, _event, at) => endInput(life, state.after, at),
    ready: nothing,
    fault: nothing,
    exited: (life, state, event, at) => gone(life, state.after, event.death, at),
    timer: (life, state, _event, at) => pressOn(life, state, at),
    restart: (life, state) => stopping(life, state.step, 'starting', []),
    stop: (life, state, event) => stopping(life, state.step, event.after, []),
  },
  failed: {
    start: beginAnew,
    spawned: cannotHappen,
    ready: nothing,
    fault: nothing,
    exited: cannotHappen,
    timer: nothing,
    restart: beginAnew,
    stop: (life, _state, event) => rest(life, event.after),
  },
  invalid: {
    start: beginAnew,
    spawned: cannotHappen,
    ready: nothing,
    fault: nothing,
    exited: cannotHappen,
    timer: nothing,
    restart: beginAnew,
    stop: (life, _state, event) => rest(life, event.after),
  },
}

/** The process is there. */
function born(life: Life, { pid, greets }: EventOf<'spawned'>, at: Circumstances): Step {
  if (!greets) {
    const step = runs(life, pid, at)
    return { ...step, actions: [{ do: 'tell-started' }, ...step.actions] }
  }
  return {
    life: { ...life, state: { kind: 'greeting', pid } },
    actions: [{ do: 'tell-started' }, { do: 'set-timer', ms: at.readyTimeoutMs }],
  }
}

function runs(life: Life, pid: number, at: Circumstances): Step {
  return { life: { ...life, state: { kind: 'running', pid, sinceMs: at.nowMs } }, actions: [] }
}

/** It is ended without ceremony, and that is a death like any other. */
function faulty(life: Life, fault: string, at: Circumstances): Step {
  return stopping(life, 'asked', { fault }, [
    { do: 'cut-input' },
    { do: 'terminate' },
    { do: 'set-timer', ms: at.stopTimeoutMs },
  ])
}

/** A process that was being stopped has gone. */
function gone(life: Life, after: AfterStop, death: Death, at: Circumstances): Step {
  if (after === 'starting') return spawnNow(life)
  if (typeof after === 'string') return clearTimer(settled(life, after))
  return clearTimer(died(life, { ...death, how: after.fault, exitCode: undefined, excused: false }, at))
}

function nothing(life: Life): Step {
  return { life, actions: [] }
}

/** A pair that no order of events can bring about: spawned and exited come once each, in that order, for a process alone. */
function cannotHappen(life: Life, state: PluginState, event: PluginEvent): Step {
  throw new Error(`plugin-state: ${event.kind} while ${state.kind} (deaths: ${life.deathsMs.length})`)
}

function beginAnew(_life: Life, _state: PluginState, _event: PluginEvent, at: Circumstances): Step {
  return {
    life: { state: { kind: 'starting' }, deathsMs: [], delayMs: at.restart.firstDelayMs },
    actions: [{ do: 'open-queue' }, { do: 'spawn' }],
  }
}

function spawnNow(life: Life): Step {
  return { life: { ...life, state: { kind: 'starting' } }, actions: [{ do: 'clear-timer' }, { do: 'spawn' }] }
}

function stopping(life: Life, step: StopStep, after: AfterStop, actions: readonly PluginAction[]): Step {
  return { life: { ...life, state: { kind: 'stopping', step, after } }, actions }
}

function endInput(life: Life, after: AfterStop, at: Circumstances): Step {
  return stopping(life, 'ended', after, [{ do: 'end-input' }, { do: 'set-timer', ms: at.stopTimeoutMs }])
}

function pressOn(life: Life, state: StateOf<'stopping'>, at: Circumstances): Step {
  const timer: PluginAction = { do: 'set-timer', ms: at.stopTimeoutMs }
  switch (state.step) {
    case 'unborn':
      return nothing(life)
    case 'ended':
      return stopping(life, 'asked', state.after, [{ do: 'terminate' }, timer])
    case 'asked':
    case 'killed':
      return stopping(life, 'killed', state.after, [{ do: 'kill' }, timer])
    default:
      return state.step satisfies never
  }
}

/** Nothing runs; the queue is shut and this is said. */
function settled(life: Life, after: 'stopped' | 'invalid'): Step {
  return {
    life: { ...life, state: { kind: after } },
    actions: [{ do: 'shut-queue', reason: 'stopped' }, { do: 'tell-stopped' }],
  }
}

/** Nothing ran before either: only the state changes. */
function rest(life: Life, after: 'stopped' | 'invalid'): Step {
  return { life: { ...life, state: { kind: after } }, actions: [{ do: 'shut-queue', reason: 'stopped' }] }
}

function clearTimer(step: Step): Step {
  return { ...step, actions: [{ do: 'clear-timer' }, ...step.actions] }
}
