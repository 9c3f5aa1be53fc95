// What plugin.ts has around the table of a plugin's states: a process, a timer, a queue, a clock. It keeps the order of events
// that plugin.ts keeps, and checks at each what was promised.

import assert from 'node:assert/strict'
import {
  GOOD_LIFE_MS,
  newLife,
  next,
  type Life,
  type PluginAction,
  type PluginEvent,
} from '../../src/dispatcher/plugin-state.js'
import type { RestartPolicy } from '../../src/dispatcher/settings.js'

const STOP_TIMEOUT_MS = 5000
const READY_TIMEOUT_MS = 10_000
const EXIT_BAD_CONFIGURATION = 78

export type Move =
  | { do: 'start' | 'restart' | 'timer' | 'hurry' | 'born' | 'stillborn' | 'ready' | 'fault' }
  | { do: 'stop'; after: 'stopped' | 'invalid' }
  | { do: 'die'; exitCode: number; excused: boolean }

export class PluginDriver {
  life: Life
  process: 'none' | 'unborn' | 'alive' = 'none'
  nowMs = 0
  #timerMs: number | undefined
  #isQueueOpen = true
  #aliveSinceMs = 0
  #deathsMs: number[] = []
  #pauseMs: number
  readonly #restart: RestartPolicy
  readonly #roll: number

  readonly #greets: boolean

  constructor(restart: RestartPolicy, roll: number, greets: boolean) {
    this.#greets = greets
    this.#restart = restart
    this.#roll = roll
    this.#pauseMs = restart.firstDelayMs
    this.life = newLife(restart)
  }

  /** Does a move, if it can be made now. */
  move(move: Move): void {
    switch (move.do) {
      case 'start':
      case 'restart':
        return this.#apply({ kind: move.do })
      case 'stop':
        return this.#apply({ kind: 'stop', after: move.after })
      case 'timer':
        if (this.#timerMs === undefined) return
        this.nowMs = Math.max(this.nowMs, this.#timerMs)
        this.#timerMs = undefined
        return this.#apply({ kind: 'timer' })
      case 'hurry':
        if (this.life.state.kind === 'stopping') this.#apply({ kind: 'timer' })
        return
      case 'born':
        if (this.process !== 'unborn') return
        this.process = 'alive'
        this.#aliveSinceMs = this.nowMs
        return this.#apply({ kind: 'spawned', pid: 1, greets: this.#greets })
      case 'ready':
        if (this.life.state.kind === 'greeting') this.#aliveSinceMs = this.nowMs
        return this.#apply({ kind: 'ready' })
      case 'fault':
        return this.#apply({ kind: 'fault', why: 'no PONG' })
      case 'stillborn':
        if (this.process === 'unborn') this.#exit(undefined, false)
        return
      case 'die':
        if (this.process === 'alive') this.#exit(move.exitCode, move.excused)
        return
      default:
        move satisfies never
    }
  }

  #exit(exitCode: number | undefined, excused: boolean): void {
    const { state } = this.life
    const isFault = state.kind === 'stopping' && typeof state.after !== 'string'
    const isDeath = state.kind !== 'stopping' || isFault
    this.process = 'none'
    if (excused && isDeath && !isFault) this.#pauseMs = this.#restart.firstDelayMs
    this.#apply({ kind: 'exited', death: { how: 'gone', exitCode, excused } })
    if (isDeath) this.#checkDeath(isFault ? undefined : exitCode, excused && !isFault)
  }

  #checkDeath(exitCode: number | undefined, excused: boolean): void {
    const { maxRestarts, windowMs, longestDelayMs } = this.#restart
    if (!excused) this.#deathsMs.push(this.nowMs)
    const recent = this.#deathsMs.filter((ms) => this.nowMs - ms < windowMs)
    const isTooMuch = maxRestarts > 0 && recent.length > maxRestarts
    const { state } = this.life
    assert.equal(state.kind, !excused && (exitCode === EXIT_BAD_CONFIGURATION || isTooMuch) ? 'failed' : 'backoff')
    if (state.kind !== 'backoff') return
    const pauseMs = state.untilMs - this.nowMs
    assert.ok(pauseMs <= this.#pauseMs && pauseMs >= Math.floor(0.8 * this.#pauseMs), `pause of ${pauseMs}`)
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestDelayMs)
  }

  #apply(event: PluginEvent): void {
    const before = this.life.state.kind
    const isGoodLife = this.nowMs - this.#aliveSinceMs >= GOOD_LIFE_MS
    // It is over when the process ends, or is told to.
    if (before === 'running' && event.kind !== 'start' && isGoodLife) this.#pauseMs = this.#restart.firstDelayMs
    const circumstances = {
      nowMs: this.nowMs,
      roll: this.#roll,
      restart: this.#restart,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      readyTimeoutMs: READY_TIMEOUT_MS,
    }
    const step = next(this.life, event, circumstances)
    this.life = step.life
    for (const action of step.actions) this.#do(action)
    const isAtRest = before === 'stopped' || before === 'failed' || before === 'invalid'
    if (isAtRest && this.life.state.kind === 'starting') {
      this.#deathsMs = []
      this.#pauseMs = this.#restart.firstDelayMs
    }
    this.#check()
  }

  #do(action: PluginAction): void {
    switch (action.do) {
      case 'spawn':
        assert.equal(this.process, 'none', 'never two processes')
        this.process = 'unborn'
        return
      case 'end-input':
      case 'cut-input':
      case 'terminate':
      case 'kill':
        return assert.equal(this.process, 'alive')
      case 'set-timer':
        assert.ok(action.ms >= 0)
        this.#timerMs = this.nowMs + action.ms
        return
      case 'clear-timer':
        this.#timerMs = undefined
        return
      case 'open-queue':
        this.#isQueueOpen = true
        return
      case 'shut-queue':
        this.#isQueueOpen = false
        return
      case 'tell-started':
      case 'tell-died':
      case 'tell-failed':
      case 'tell-stopped':
        return
      default:
        action satisfies never
    }
  }

  /** What holds between any two events. */
  #check(): void {
    const { state } = this.life
    const waits =
      state.kind === 'backoff' || state.kind === 'greeting' || (state.kind === 'stopping' && state.step !== 'unborn')
    assert.equal(this.#timerMs !== undefined, waits, `${state.kind} and its timer`)
    const isUnborn = state.kind === 'starting' || (state.kind === 'stopping' && state.step === 'unborn')
    const isAlive =
      state.kind === 'running' || state.kind === 'greeting' || (state.kind === 'stopping' && state.step !== 'unborn')
    assert.equal(this.process, isUnborn ? 'unborn' : isAlive ? 'alive' : 'none')
    const isDown = state.kind === 'failed' || state.kind === 'invalid'
    if (isDown) assert.ok(!this.#isQueueOpen)
    else if (state.kind !== 'stopped') assert.ok(this.#isQueueOpen)
    assert.ok(this.life.deathsMs.length <= this.#restart.maxRestarts + 1, 'memory is bounded')
  }
}
