// What a plugin's life is made of: states, what can happen, what is to be done. How one leads to the other is in plugin-state.ts.

import type { RestartPolicy } from './settings.js'

/** What follows when a process that is being stopped has gone: it is told to rest, begun anew, or counted as a death. */
export type AfterStop = 'stopped' | 'starting' | 'invalid' | { readonly fault: string }

/** How far stopping has come: waiting for the spawn to end, told to stop, asked by SIGTERM, killed. */
export type StopStep = 'unborn' | 'ended' | 'asked' | 'killed'

export type PluginState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  /** The process is there and has not said READY yet; only in the line protocol. */
  | { readonly kind: 'greeting'; readonly pid: number }
  | { readonly kind: 'running'; readonly pid: number; readonly sinceMs: number }
  | { readonly kind: 'backoff'; readonly untilMs: number }
  | { readonly kind: 'stopping'; readonly step: StopStep; readonly after: AfterStop }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'invalid' }

/** Nothing runs and nothing will until it is told to. */
export function isAtRest({ kind }: PluginState): boolean {
  return kind === 'stopped' || kind === 'failed' || kind === 'invalid'
}

/** It is being stopped, and may still be told so. */
export function isBeingTold(state: PluginState): boolean {
  return state.kind === 'stopping' && state.step === 'ended'
}

/** Its end was asked for, and is no fault of its own. */
export function isStopped(state: PluginState): boolean {
  return state.kind === 'stopping' && typeof state.after === 'string'
}

/** It is being stopped for good. */
export function isLeaving(state: PluginState): boolean {
  return state.kind === 'stopping' && (state.after === 'stopped' || state.after === 'invalid')
}

export interface Death {
  /** As a person reads it: `exit status 1`, `signal SIGKILL`, `not started: …`. */
  readonly how: string
  readonly exitCode: number | undefined
  /** It was asked to go from outside while the daemon ends: no crash. */
  readonly excused: boolean
}

export type PluginEvent =
  | { readonly kind: 'start' }
  /** `greets`: it has to say READY within `readyTimeoutMs`. */
  | { readonly kind: 'spawned'; readonly pid: number; readonly greets: boolean }
  | { readonly kind: 'ready' }
  /** The process is there and cannot be worked with. */
  | { readonly kind: 'fault'; readonly why: string }
  | { readonly kind: 'exited'; readonly death: Death }
  | { readonly kind: 'timer' }
  /** The drop-in or the program changed: end this process and start the next. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'stop'; readonly after: 'stopped' | 'invalid' }

export type PluginAction =
  | { readonly do: 'spawn' }
  | { readonly do: 'end-input' }
  /** As end-input, but what is still to be said is not said any more. */
  | { readonly do: 'cut-input' }
  | { readonly do: 'terminate' }
  | { readonly do: 'kill' }
  | { readonly do: 'set-timer'; readonly ms: number }
  | { readonly do: 'clear-timer' }
  | { readonly do: 'open-queue' }
  | { readonly do: 'shut-queue'; readonly reason: 'failed' | 'stopped' }
  | { readonly do: 'tell-started' }
  | { readonly do: 'tell-died'; readonly how: string; readonly restartInMs: number; readonly excused: boolean }
  | { readonly do: 'tell-failed'; readonly reason: string }
  | { readonly do: 'tell-stopped' }

/** The state, and what is remembered of earlier deaths. */
export interface Life {
  readonly state: PluginState
  readonly deathsMs: readonly number[]
  readonly delayMs: number
}

export interface Circumstances {
  readonly nowMs: number
  /** Random, 0 to 1: keeps plugins that died together from starting together. */
  readonly roll: number
  readonly restart: RestartPolicy
  readonly stopTimeoutMs: number
  readonly readyTimeoutMs: number
}

export interface Step {
  readonly life: Life
  readonly actions: readonly PluginAction[]
}
