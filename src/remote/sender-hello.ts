import type { SenderOptions, SenderView } from './sender-input.js'
import { disconnect } from './sender-retry.js'
import { stepOf, type LinkState, type SenderState, type SenderStep } from './sender-state.js'
import { timelineOf } from './sender-timeline.js'
import type { Hello } from './wire/message.js'

/** The versions of the protocol that this sender speaks. */
export const VERSIONS: readonly number[] = [1]

/** Opens a stream on the connection; each of the spool's, oldest first, is opened at every handshake. */
export function openStream(
  state: SenderState,
  link: LinkState,
  stream: string,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { spool } = view
  const timeline = timelineOf(spool, stream)
  if (timeline === undefined) return disconnect(state, view, options, 'the stream is gone')
  const { from, start, end } = timeline
  const message: Hello = {
    type: 'hello',
    versions: VERSIONS,
    stream,
    from,
    before: start.chain,
    parent: timeline.parent,
    first: spool.first,
    last: end.seq,
    chain: end.chain,
    acked: Math.max(start.seq, Math.min(state.acked.seq, end.seq)),
    closed: timeline.isClosed,
    instance: options.instance,
    bootId: options.bootId,
    receiver: state.receiver,
    maxBlock: options.maxBlock,
    agent: options.agent,
  }
  const phase = { kind: 'up', link, step: { kind: 'hello', stream } } as const
  return stepOf({ ...state, phase }, { kind: 'send', message })
}
