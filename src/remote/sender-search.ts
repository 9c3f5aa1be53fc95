// Finding the end of what sender and receiver have in common, when the chains say that they differ, and giving the rest another stream
// id. Chains fit up to one seq and to none above it, so each answer to a PROBE of 64 leaves one 65th to be searched.

import type { Point, SenderEffect, SenderOptions, SenderView } from './sender-input.js'
import { accuse, disconnect } from './sender-retry.js'
import { stepOf, type LinkStep, type Search, type SenderState, type SenderStep, type UpPhase } from './sender-state.js'
import { timelineOf, type Timeline } from './sender-timeline.js'
import { MAX_PROBE } from './wire/message.js'

/** Enough for more blocks than there are seqs; more means that the answers make no sense. */
const MAX_ROUNDS = 16

interface Searching {
  readonly state: SenderState
  readonly phase: UpPhase
  readonly timeline: Timeline
  readonly view: SenderView
  readonly options: SenderOptions
}

/** The stream is not the receiver's; above `high` nothing can be common. */
export function beginSearch(
  state: SenderState,
  phase: UpPhase,
  timeline: Timeline,
  high: number,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const searching: Searching = { state, phase, timeline, view, options }
  const { stream, from, start } = timeline
  const freed = view.spool.first - 1
  if (freed < from) return narrow(searching, { low: start, high, base: undefined, rounds: 0 })
  // What is freed was delivered once. If not even its end is known there, nothing can be shown to be: all of the stream goes on under
  // a new id, and what is freed of it is a HOLE there.
  if (freed > high) return fork(searching, start)
  return waiting(searching, { kind: 'finding-base', stream, seq: freed, high }, { kind: 'look-up', seq: freed })
}

/** Our own chain behind what is freed. */
export function onBase(
  state: SenderState,
  phase: UpPhase,
  seq: number,
  chain: string | undefined,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { step } = phase
  const timeline = timelineOf(view.spool, step.stream)
  if (step.kind !== 'finding-base' || step.seq !== seq) return stepOf(state)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  const base = chain === undefined ? undefined : { seq, chain }
  const low = base ?? timeline.start
  return narrow({ state, phase, timeline, view, options }, { low, high: step.high, base, rounds: 0 })
}

export function onSamples(
  state: SenderState,
  phase: UpPhase,
  above: number,
  to: number,
  points: readonly Point[],
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { step } = phase
  if (step.kind !== 'sampling' || step.search.low.seq !== above || step.search.high !== to) return stepOf(state)
  const timeline = timelineOf(view.spool, step.stream)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  return probe({ state, phase, timeline, view, options }, step.search, points.slice(0, MAX_PROBE - 1))
}

export function onProbed(
  state: SenderState,
  phase: UpPhase,
  chains: readonly (string | null)[],
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { step } = phase
  if (step.kind !== 'probing' || chains.length !== step.points.length || step.search.rounds >= MAX_ROUNDS)
    return accuse(state, view, options, 'a PROBED that nobody has asked for')
  const timeline = timelineOf(view.spool, step.stream)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  const searching: Searching = { state, phase, timeline, view, options }
  const { points, search } = step
  const atBase = search.base === undefined ? undefined : chains[0]
  // Null is no proof against it: a receiver may have purged what it handed over long ago.
  if (typeof atBase === 'string' && atBase !== search.base?.chain) return fork(searching, timeline.start)
  const at = points.findLastIndex(({ chain }, index) => chains[index] === chain)
  const low = points[at] ?? search.low
  const above = points.find(({ seq }) => seq > low.seq)
  const high = above === undefined ? search.high : above.seq - 1
  return narrow(searching, { low, high, base: undefined, rounds: search.rounds + 1 })
}

/** The next question, or the end of the search. */
function narrow(searching: Searching, search: Search): SenderStep {
  const { low, high, base } = search
  if (high <= low.seq) return base === undefined ? fork(searching, low) : probe(searching, search, [])
  const step = { kind: 'sampling', stream: searching.timeline.stream, search } as const
  return waiting(searching, step, { kind: 'sample', above: low.seq, to: high, count: MAX_PROBE - 1 })
}

function probe(searching: Searching, search: Search, sampled: readonly Point[]): SenderStep {
  const points = search.base === undefined ? sampled : [search.base, ...sampled]
  if (points.length === 0) return fork(searching, search.low)
  const step = { kind: 'probing', stream: searching.timeline.stream, search, points } as const
  return waiting(searching, step, { kind: 'send', message: { type: 'probe', seqs: points.map(({ seq }) => seq) } })
}

function waiting({ state, phase }: Searching, step: LinkStep, effect: SenderEffect): SenderStep {
  return stepOf({ ...state, phase: { ...phase, step } }, effect)
}

/** What follows `low` gets a new id; the handshake begins anew when that is durable. */
function fork({ state, timeline }: Searching, low: Point): SenderStep {
  const { stream, end } = timeline
  const fromSeq = low.seq + 1
  return stepOf(
    { ...state, phase: { kind: 'forking' } },
    { kind: 'alarm', alarm: { what: 'fork', stream, fromSeq, last: end.seq } },
    { kind: 'send', message: { type: 'bye', reason: 'the rest goes on under a new stream id' } },
    { kind: 'close', why: 'the stream is forked' },
    { kind: 'fork', fromSeq, before: low.chain },
  )
}
