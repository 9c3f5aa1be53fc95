// The data phase of one stream: blocks go out in order as far as credit and window allow, and ACKs come back. An ACK counts only if it
// names the end of a block that was sent, with its chain; then nothing that another copy of this spool has delivered can be taken for
// ours, and nothing that is not durable here can be acknowledged.

import type { BlockFacts, Point, SenderEffect, SenderInput, SenderOptions, SenderView } from './sender-input.js'
import { openStream } from './sender-hello.js'
import { accuse, disconnect } from './sender-retry.js'
import {
  after,
  stepOf,
  type LinkState,
  type SenderState,
  type SenderStep,
  type SentPoint,
  type StreamingStep,
  type UpPhase,
} from './sender-state.js'
import { timelineBehind, timelineOf } from './sender-timeline.js'
import { ackChain, type Ack } from './wire/message.js'

/** The most that is sent and not acknowledged, in blocks: they are looked through at each ACK. */
export const MAX_SENT = 4096

type Missing = Extract<SenderInput, { readonly kind: 'missing' }>

interface Place {
  readonly state: SenderState
  readonly link: LinkState
  readonly step: StreamingStep
}

/** START behind what the receiver has. */
export function startStream(
  state: SenderState,
  link: LinkState,
  stream: string,
  last: Point,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const next = last.seq + 1
  const step: StreamingStep = { kind: 'streaming', stream, next, sent: [], isReading: false, blockBytes: 0 }
  const phase = { kind: 'up', link: { ...link, agreed: last }, step } as const
  const start: SenderEffect = { kind: 'send', message: { type: 'start', from: next, chain: last.chain } }
  return after([start], pump({ ...state, phase }, view, options))
}

/** Whatever can be done now: the next stream when this one is closed and all of it acknowledged, else more blocks. */
export function pump(state: SenderState, view: SenderView, options: SenderOptions): SenderStep {
  const place = placeOf(state)
  if (place === undefined || state.isSuspended) return stepOf(state)
  const { link, step } = place
  const timeline = timelineOf(view.spool, step.stream)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  if (timeline.isClosed && step.next > timeline.end.seq && step.sent.length === 0) {
    const behind = timelineBehind(view.spool, step.stream)
    if (behind !== undefined) return openStream(state, link, behind, view, options)
  }
  const { used, settled, credit } = link
  const hasRoom = isRoom({ used, settled, credit, count: step.sent.length }, step.blockBytes, options)
  if (step.isReading || step.next > timeline.end.seq || !hasRoom) return stepOf(state)
  return stepOf(moved(place, link, { ...step, isReading: true }), { kind: 'read', from: step.next })
}

/** Blocks are here. What does not fit stays with the shell and is asked for again. */
export function sendBlocks(
  state: SenderState,
  blocks: readonly BlockFacts[],
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const place = placeOf(state)
  if (place === undefined || !place.step.isReading || blocks[0]?.firstSeq !== place.step.next) return stepOf(state)
  const end = timelineOf(view.spool, place.step.stream)?.end.seq ?? 0
  const { settled, credit } = place.link
  let { used } = place.link
  let { next } = place.step
  const sent = [...place.step.sent]
  let count = 0
  let blockBytes = 0
  for (const { firstSeq, lastSeq, bytes, chain } of state.isSuspended ? [] : blocks) {
    // What lies beyond the end is not durable, or another stream's.
    if (firstSeq !== next || lastSeq > end) break
    if (!isRoom({ used, settled, credit, count: sent.length }, bytes, options)) {
      blockBytes = bytes
      break
    }
    used += bytes
    next = lastSeq + 1
    sent.push({ seq: lastSeq, chain, used })
    count++
  }
  const step: StreamingStep = { ...place.step, next, sent, isReading: false, blockBytes }
  const effects: readonly SenderEffect[] = count === 0 ? [] : [{ kind: 'send-blocks', count }]
  return after(effects, pump(moved(place, { ...place.link, used }, step), view, options))
}

/** Seqs that nobody can send any more: the receiver enters a HOLE in their place. */
export function sendSkip(state: SenderState, missing: Missing, view: SenderView, options: SenderOptions): SenderStep {
  const place = placeOf(state)
  const timeline = place === undefined ? undefined : timelineOf(view.spool, place.step.stream)
  if (place === undefined || timeline === undefined) return stepOf(state)
  const { step, link } = place
  const { from, reason } = missing
  if (!step.isReading || from !== step.next || missing.to < from || timeline.end.seq < from) return stepOf(state)
  // What is missing may reach into the next stream, which tells of its own part.
  const { seq: to, chain } = missing.to < timeline.end.seq ? { seq: missing.to, chain: missing.chain } : timeline.end
  const sent: readonly SentPoint[] = [...step.sent, { seq: to, chain, used: link.used }]
  const effects: readonly SenderEffect[] = [
    { kind: 'alarm', alarm: { what: 'hole', stream: step.stream, from, to, reason } },
    { kind: 'send', message: { type: 'skip', from, to, chain, reason } },
  ]
  const moving: StreamingStep = { ...step, next: to + 1, sent, isReading: false, blockBytes: 0 }
  return after(effects, pump(moved(place, link, moving), view, options))
}

export function onAck(
  state: SenderState,
  phase: UpPhase,
  ack: Ack,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  // Less than before when the receiver recalls what lies unused.
  const link: LinkState = { ...phase.link, credit: ack.credit }
  const up: SenderState = { ...state, phase: { ...phase, link } }
  const { step } = phase
  const text = `an ACK of ${ack.seq} fits nothing that was sent`
  if (step.kind !== 'streaming') {
    // Credit may be told at any time after a WELCOME, with the last point that the receiver has named. While that is still being compared,
    // or the next stream's WELCOME is waited for, it says nothing else and moves nothing.
    const isWelcomed = step.kind !== 'hello' || link.agreed !== undefined
    return isWelcomed ? stepOf(up) : accuse(state, view, options, text)
  }
  if (isAt(link.agreed, ack)) return pump(up, view, options)
  const at = step.sent.findIndex(({ seq }) => seq === ack.seq)
  const point = step.sent[at]
  if (point === undefined || !isAt(point, ack)) return accuse(state, view, options, text)
  const acked: Point = { seq: point.seq, chain: point.chain }
  const rest: StreamingStep = { ...step, sent: step.sent.slice(at + 1) }
  const next: SenderState = {
    ...up,
    acked,
    attempt: 0,
    phase: { kind: 'up', link: { ...link, agreed: acked, settled: point.used }, step: rest },
  }
  return after([{ kind: 'acked', point: acked }], pump(next, view, options))
}

function isAt(point: Point | undefined, ack: Ack): boolean {
  return point !== undefined && point.seq === ack.seq && ackChain(point.chain) === ackChain(ack.chain)
}

/** Of the link, and of the step how many blocks it has sent. */
interface Underway extends Pick<LinkState, 'used' | 'settled' | 'credit'> {
  readonly count: number
}

/** Whether so many bytes may go out now. One block always may that is alone in the window. Asked for each block. */
function isRoom({ used, settled, credit, count }: Underway, bytes: number, { windowBytes }: SenderOptions): boolean {
  const underway = used - settled
  if (count >= MAX_SENT || (underway > 0 && underway + bytes > windowBytes)) return false
  return used + Math.max(bytes, 1) <= credit
}

function placeOf(state: SenderState): Place | undefined {
  const { phase } = state
  return phase.kind === 'up' && phase.step.kind === 'streaming'
    ? { state, link: phase.link, step: phase.step }
    : undefined
}

function moved({ state }: Place, link: LinkState, step: StreamingStep): SenderState {
  return { ...state, phase: { kind: 'up', link, step } }
}
