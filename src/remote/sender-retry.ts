// How a connection ends and when the next one is tried: for ever, at random within a time that doubles, so that a thousand senders do
// not come back at once. Who was replaced by a newer connection of the same stream waits longer, and for ever so long if it has nothing
// to send: two copies of one machine would throw each other out in turn.

import type { SenderAlarm, SenderEffect, SenderOptions, SenderView } from './sender-input.js'
import { stepOf, type SenderState, type SenderStep } from './sender-state.js'
import type { Failure } from './wire/message.js'

const USUAL_RETRY = { firstMs: 500, longestMs: 60_000 }
const MIN_SUPERSEDED_MS = 5_000
const MAX_SUPERSEDED_MS = 60_000
/** Replaced and with nothing to send: only the receiver's having lost something is a reason to come back. */
const IDLE_SUPERSEDED_MS = 3_600_000
/** As long as a receiver may keep us away by a word. */
const MAX_TOLD_MS = 600_000
/** From here on the doubling makes no difference. */
const MAX_ATTEMPT = 16

/** The connection, or the try, is over. `effects` come first. */
export function disconnected(
  state: SenderState,
  { nowMs, fraction }: SenderView,
  options: SenderOptions,
  ...effects: readonly SenderEffect[]
): SenderStep {
  const untilMs = nowMs + retryMs(state.attempt, fraction, options)
  return stepOf(
    {
      ...state,
      phase: { kind: 'down', untilMs, idleUntilMs: untilMs },
      server: nextServer(state, options),
      attempt: Math.min(state.attempt + 1, MAX_ATTEMPT),
    },
    ...effects,
  )
}

/** We end it. */
export function disconnect(state: SenderState, view: SenderView, options: SenderOptions, why: string): SenderStep {
  return disconnected(state, view, options, { kind: 'close', why })
}

/** The receiver has said what cannot be: it is told so, and so is the admin. */
export function accuse(state: SenderState, view: SenderView, options: SenderOptions, text: string): SenderStep {
  const message: Failure = { type: 'error', code: 'protocol', text, retryAfterMs: 0, action: 'operator' }
  const alarm: SenderAlarm = { what: 'peer-error', text }
  const effects: readonly SenderEffect[] = [
    { kind: 'alarm', alarm },
    { kind: 'send', message },
    { kind: 'close', why: text },
  ]
  return disconnected(state, view, options, ...effects)
}

/** The receiver ends it by an ERROR, while it was about that stream. */
export function failed(
  state: SenderState,
  stream: string,
  failure: Failure,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { nowMs, fraction } = view
  const close: SenderEffect = { kind: 'close', why: `the receiver says ${failure.code}` }
  if (failure.action === 'superseded') {
    const untilMs = nowMs + between(MIN_SUPERSEDED_MS, MAX_SUPERSEDED_MS, fraction)
    const phase = { kind: 'down', untilMs, idleUntilMs: nowMs + IDLE_SUPERSEDED_MS } as const
    return stepOf({ ...state, phase }, { kind: 'alarm', alarm: { what: 'superseded', stream } }, close)
  }
  const { code, text } = failure
  const isHopeless = failure.action !== 'retry'
  const alarms: readonly SenderEffect[] = isHopeless ? [{ kind: 'alarm', alarm: { what: 'refused', code, text } }] : []
  const step = disconnected(
    isHopeless ? { ...state, attempt: MAX_ATTEMPT } : state,
    { ...view, nowMs: nowMs + Math.min(failure.retryAfterMs, MAX_TOLD_MS) },
    options,
  )
  return stepOf(step.state, ...alarms, close)
}

function retryMs(attempt: number, fraction: number, { retry }: SenderOptions): number {
  const { firstMs, longestMs } = retry ?? USUAL_RETRY
  return between(firstMs, Math.min(longestMs, 2 * firstMs * 2 ** attempt), fraction)
}

function between(min: number, max: number, fraction: number): number {
  return Math.round(min + (max - min) * fraction)
}

/** Of several servers, one that has been reached stays first choice; one that has not makes room for the next. */
function nextServer({ phase, server }: SenderState, { servers }: SenderOptions): number {
  const isInVain = phase.kind === 'connecting' || (phase.kind === 'up' && phase.link.agreed === undefined)
  return isInVain ? (server + 1) % servers : server
}
