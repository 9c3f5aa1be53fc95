import { test } from 'tap'
import { ControlError } from '../../src/control/control-error.js'
import type { DaemonStatus, PluginStatus } from '../../src/control/daemon-status.js'
import { awaitOutcome, outcomeText, type Asking } from '../../src/ctl/plugin-outcome.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'

/** Time passes when somebody waits for it. */
function fakeClock() {
  let nowMs = 0
  return {
    nowMs: () => nowMs,
    after: (ms: number, then: () => void) => {
      nowMs += ms
      setImmediate(then)
      return () => {}
    },
  }
}

type Step = Partial<PluginStatus> | 'gone' | Pick<DaemonStatus, 'plugins' | 'invalid'>

/** One answer after the other; the last again and again. */
function saying(...steps: readonly Step[]): Asking {
  let asked = 0
  return {
    ask: () => {
      const step = steps[Math.min(asked++, steps.length - 1)] ?? 'gone'
      if (step === 'gone') return Promise.reject(new ControlError('no-such-plugin', 'no', 'no'))
      if ('plugins' in step) return Promise.resolve({ ...STATUS, ...step })
      return Promise.resolve({ ...STATUS, plugins: [{ ...PLUGIN, ...step }] })
    },
  }
}

const STARTING = { state: 'starting', pid: null } as const
const RUNNING = { state: 'running', pid: 7 } as const
const died = { how: 'exit status 2', at: STATUS.now }

void test('running is what goes on running', async (t) => {
  const clock = fakeClock()
  t.match(await awaitOutcome(saying(STARTING, RUNNING), 'syslog', 'running', clock), {
    isWell: true,
    what: 'running, pid 7',
  })
  t.ok(clock.nowMs() >= 400, 'it is looked at for a while')
  const dies = saying(STARTING, RUNNING, RUNNING, {
    state: 'backoff',
    pid: null,
    lastExit: died,
    lastStderr: ['\x1bno'],
  })
  const outcome = await awaitOutcome(dies, 'syslog', 'running', fakeClock())
  t.match(outcome, { isWell: false })
  t.equal(
    outcomeText(outcome),
    'syslog: has died: exit status 2, and is started again; see: audispctl logs syslog\n    \\x1bno\n',
  )
})

void test('who speaks the protocol has said that it runs', async (t) => {
  const clock = fakeClock()
  const { isWell } = await awaitOutcome(saying({ ...RUNNING, format: 'protocol' }), 'syslog', 'running', clock)
  t.ok(isWell)
  t.equal(clock.nowMs(), 0)
})

void test('the process from before is not the one that was started', async (t) => {
  const said = { ...RUNNING, format: 'protocol' } as const
  const client = saying(said, { ...said, state: 'stopping' }, { ...said, pid: 8 })
  t.match(await awaitOutcome(client, 'syslog', 'running', fakeClock(), 7), { isWell: true, what: 'running, pid 8' })
})

void test('what can no longer become so is told at once', async (t) => {
  const outcome = async (step: Step, wanted: 'running' | 'stopped' = 'running') =>
    awaitOutcome(saying(step), 'syslog', wanted, fakeClock())
  t.match(await outcome({ state: 'failed', lastExit: died }), { isWell: false, what: /^failed: exit status 2; see/ })
  t.match(await outcome({ state: 'stopped', held: true }), { isWell: false, what: /audispctl start syslog/ })
  t.match(await outcome('gone'), { isWell: false, what: 'there is no such plugin any more' })
  const invalid = { plugins: [], invalid: [{ name: 'syslog', file: 'f', problems: ['f:1: no'] }] }
  t.match(await outcome(invalid), { isWell: false, what: 'invalid: f:1: no' })
  t.match(await outcome('gone', 'stopped'), { isWell: true, what: 'stopped' })
  t.match(await outcome(invalid, 'stopped'), { isWell: true })
  t.match(await outcome({ state: 'failed' }, 'stopped'), { isWell: true })
})

void test('stopped is waited for, but not for ever', async (t) => {
  const client = saying(RUNNING, { ...RUNNING, state: 'stopping' }, { state: 'stopped', pid: null })
  t.match(await awaitOutcome(client, 'syslog', 'stopped', fakeClock()), { isWell: true, what: 'stopped' })
  t.match(await awaitOutcome(saying(STARTING), 'syslog', 'running', fakeClock()), {
    isWell: false,
    what: 'is still starting after 60 s; see: audispctl status syslog',
  })
})
