// What the receiver has of a stream is compared with what is here. Each of the spool's streams is compared at each handshake, closed
// ones too: a receiver that was restored from a backup has lost the ends of those as well. An end that cannot be compared any more,
// because it is freed here, is believed: the receiver had more once and lost it.

import type { Point, SenderEffect, SenderOptions, SenderView } from './sender-input.js'
import { openStream, VERSIONS } from './sender-hello.js'
import { accuse, disconnect } from './sender-retry.js'
import { beginSearch } from './sender-search.js'
import { startStream } from './sender-stream.js'
import {
  after,
  stepOf,
  type LinkState,
  type LinkStep,
  type SenderState,
  type SenderStep,
  type UpPhase,
} from './sender-state.js'
import { timelineBehind, timelineOf, type Timeline } from './sender-timeline.js'
import type { Welcome } from './wire/message.js'

export function onWelcome(
  state: SenderState,
  phase: UpPhase,
  welcome: Welcome,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { step } = phase
  const timeline = timelineOf(view.spool, step.stream)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  const { last, chain, receiver, credit, pingMs } = welcome
  const { start, end, isClosed, stream } = timeline
  if (step.kind !== 'hello' || !VERSIONS.includes(welcome.version) || last < start.seq)
    return accuse(state, view, options, 'a WELCOME that fits no HELLO')
  const link: LinkState = { ...phase.link, credit, pingMs }
  const up: UpPhase = { ...phase, link }
  const next: SenderState = { ...state, receiver, phase: up }
  const wait = (waiting: LinkStep, effect: SenderEffect): SenderStep =>
    stepOf({ ...next, phase: { ...up, step: waiting } }, effect)
  if (last > end.seq && isClosed)
    // It may have gone on there, in another's life; what counts is whether it has all of ours.
    return wait({ kind: 'asking-end', stream, last }, { kind: 'send', message: { type: 'probe', seqs: [end.seq] } })
  if (last > end.seq) return beginSearch(next, up, timeline, end.seq, view, options)
  const known = [end, start].find(({ seq }) => seq === last)
  if (known !== undefined) return compare(next, up, timeline, { seq: last, chain }, known.chain, view, options)
  if (last < view.spool.first - 1) return agree(next, link, timeline, { seq: last, chain }, view, options)
  return wait({ kind: 'checking', stream, last: { seq: last, chain } }, { kind: 'look-up', seq: last })
}

/** Our own chain where the receiver ends. */
export function onOwnChain(
  state: SenderState,
  phase: UpPhase,
  seq: number,
  chain: string | undefined,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { step } = phase
  if (step.kind !== 'checking' || step.last.seq !== seq) return stepOf(state)
  const timeline = timelineOf(view.spool, step.stream)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  // It was freed while it was looked up.
  if (chain === undefined && seq < view.spool.first - 1)
    return agree(state, phase.link, timeline, step.last, view, options)
  return compare(state, phase, timeline, step.last, chain, view, options)
}

/** The receiver's chain at the end of a closed stream. */
export function onEnd(
  state: SenderState,
  phase: UpPhase,
  chains: readonly (string | null)[],
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const timeline = timelineOf(view.spool, phase.step.stream)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  const [chain] = chains
  if (chain === undefined || chains.length !== 1)
    return accuse(state, view, options, 'a PROBED that does not fit its PROBE')
  const { end } = timeline
  // Gone there, and freed here: delivered long ago.
  const isPast = chain === null && end.seq < view.spool.first
  if (isPast || chain === end.chain) return agree(state, phase.link, timeline, end, view, options)
  return beginSearch(state, phase, timeline, end.seq - 1, view, options)
}

function compare(
  state: SenderState,
  phase: UpPhase,
  timeline: Timeline,
  last: Point,
  own: string | undefined,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  if (own === last.chain) return agree(state, phase.link, timeline, last, view, options)
  if (last.seq < timeline.from) return accuse(state, view, options, 'a WELCOME with another beginning than the HELLO')
  return beginSearch(state, phase, timeline, last.seq - 1, view, options)
}

/** Both have the same up to `last`: what was acknowledged beyond it is not there any more, and is sent again. */
function agree(
  state: SenderState,
  link: LinkState,
  timeline: Timeline,
  last: Point,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { stream, end, isClosed } = timeline
  const isComplete = isClosed && last.seq >= end.seq
  const acked = isComplete && state.acked.seq >= end.seq ? state.acked : last
  const regress: SenderEffect = {
    kind: 'alarm',
    alarm: { what: 'receiver-regress', acked: state.acked.seq, last: last.seq, receiver: state.receiver },
  }
  const effects: readonly SenderEffect[] = [
    ...(acked.seq < state.acked.seq ? [regress] : []),
    ...(acked.seq === state.acked.seq && acked.chain === state.acked.chain
      ? []
      : [{ kind: 'acked', point: acked } as const]),
  ]
  const next: SenderState = { ...state, acked, attempt: 0 }
  const agreed: LinkState = { ...link, agreed: last }
  const behind = isComplete ? timelineBehind(view.spool, stream) : undefined
  if (behind !== undefined) return after(effects, openStream(next, agreed, behind, view, options))
  return after(effects, startStream(next, link, stream, last, view, options))
}
