// From START on: what comes is taken if it follows what was taken, by seq and by chain, and acknowledged when it is durable.

import type { ReceiverDesk } from './receiver-desk.js'
import { welcome } from './receiver-handshake.js'
import type { ArrivedBlock, ReceiverOptions } from './receiver-input.js'
import type { Session, Stream } from './receiver-state.js'
import type { Skip, Start } from './wire/message.js'

export function onStart(desk: ReceiverDesk, session: Session, name: string, { from, chain }: Start): void {
  const taken = desk.streamOf(session)?.taken
  if (from - 1 !== taken?.seq || chain !== taken.chain)
    return desk.fail(session, 'out-of-order', `START ${from} does not follow`)
  return onGrant(desk, { ...session, step: { kind: 'streaming', stream: name } })
}

export function onData(desk: ReceiverDesk, session: Session, block: ArrivedBlock): void {
  const { principal, step } = session
  const stream = desk.streamOf(session)
  if (step.kind !== 'streaming' || stream === undefined)
    return desk.fail(session, 'protocol', 'a data has no place here')
  const { firstSeq, count, before, chain, bytes, fault } = block
  const { taken } = stream
  const used = session.used + bytes
  if (used > session.credit) return desk.fail(session, 'credit', `${used} bytes of DATA, and credit for less`)
  if (fault !== undefined) return desk.fail(session, fault, `the block at ${firstSeq} is refused`)
  if (firstSeq !== taken.seq + 1 || before !== taken.chain || count < 1)
    return desk.fail(session, 'out-of-order', `a block at ${firstSeq} does not follow ${taken.seq}`)
  desk.put({ ...session, used })
  beginStream(desk, session, stream)
  const ticket = desk.streams.take(stream, { seq: firstSeq + count - 1, chain })
  return desk.do({ kind: 'take', ticket, session: session.id, principal, stream: stream.stream })
}

export function onSkip(desk: ReceiverDesk, session: Session, name: string, { from, to, chain, reason }: Skip): void {
  const { principal, id } = session
  const stream = desk.streamOf(session)
  if (stream === undefined || from !== stream.taken.seq + 1 || to < from)
    return desk.fail(session, 'out-of-order', `a SKIP at ${from} does not follow`)
  beginStream(desk, session, stream)
  desk.alarm({ what: 'hole', principal, stream: name, from, to, reason })
  const ticket = desk.streams.take(stream, { seq: to, chain })
  return desk.do({ kind: 'skip', ticket, session: id, principal, stream: name, to, chain, reason })
}

/** More of the stream is durable. */
export function onDurable(desk: ReceiverDesk, options: ReceiverOptions, stream: Stream): void {
  const session = desk.session(stream.owner)
  if (session === undefined) return undefined
  const { step } = session
  const isAll = stream.durable.seq === stream.taken.seq
  switch (step.kind) {
    case 'barrier':
      return isAll ? welcome(desk, options, session, stream, step.acked) : desk.do({ kind: 'commit' })
    case 'streaming':
      return desk.ack(session, stream)
    case 'leaving':
      desk.ack(session, stream)
      return isAll ? desk.close(session, undefined) : desk.do({ kind: 'commit' })
    case 'opened':
    case 'welcomed':
    case 'looking-up':
      return undefined
  }
  return step satisfies never
}

/** Credit that was not told yet is told now, unless an ACK is about to. */
export function onGrant(desk: ReceiverDesk, session: Session): void {
  desk.put(session)
  const stream = desk.streamOf(session)
  if (session.step.kind !== 'streaming' || stream === undefined || session.credit <= session.toldCredit) return
  if (stream.durable.seq === stream.taken.seq) desk.ack(session, stream)
}

export function onBye(desk: ReceiverDesk, session: Session): void {
  const stream = desk.streamOf(session)
  const { step } = session
  if (step.kind !== 'streaming' || stream === undefined || stream.durable.seq === stream.taken.seq)
    return desk.close(session, undefined)
  desk.put({ ...session, step: { kind: 'leaving', stream: step.stream } })
  return desk.do({ kind: 'commit' })
}

/** Before the first block of a stream that the journal has nothing of. */
function beginStream(desk: ReceiverDesk, session: Session, stream: Stream): void {
  const { principal, origin, taken } = stream
  switch (origin.kind) {
    case 'stored':
      return undefined
    case 'new':
      // A spool that was wiped, or a second one, has no fork to tell where it comes from.
      if (desk.streams.of(principal).some((other) => other.origin.kind === 'stored'))
        desk.alarm({ what: 'new-stream', principal, stream: stream.stream })
      return undefined
    case 'forked': {
      const { parent } = origin
      const at = { principal, stream: stream.stream, parent, atSeq: taken.seq }
      desk.alarm({ what: 'fork', ...at })
      const ticket = desk.streams.take(stream, taken)
      return desk.do({ kind: 'fork', ticket, session: session.id, ...at, chain: taken.chain })
    }
  }
  return origin satisfies never
}
