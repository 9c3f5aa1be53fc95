// From HELLO to START: whose stream it is, what the journal has of it, and where sender and journal differ.

import type { ReceiverDesk } from './receiver-desk.js'
import type { ReceiverOptions, SessionId } from './receiver-input.js'
import type { Point, Session, Stream } from './receiver-state.js'
import type { Hello } from './wire/message.js'

/** The versions of the protocol that this receiver speaks, the best one first. */
const VERSIONS: readonly number[] = [1]
/** On one connection. A search needs few, even among more blocks than there are seqs. */
const MAX_PROBES = 256

export function onHello(desk: ReceiverDesk, options: ReceiverOptions, session: Session, hello: Hello): void {
  const { principal } = session
  const { stream, from, instance, parent, acked } = hello
  if (!VERSIONS.some((version) => hello.versions.includes(version)))
    return desk.fail(session, 'version', `version ${VERSIONS.join(', ')} is spoken here`)
  desk.letGo(session)
  const known = desk.streams.get({ principal, stream })
  if (known === undefined && !hasRoom(desk, options, principal))
    return desk.fail(session, 'streams', 'too many streams are open')
  const start: Point = { seq: from - 1, chain: hello.before }
  const origin = from === 1 ? ({ kind: 'new' } as const) : ({ kind: 'forked', parent } as const)
  const given = known ?? { principal, stream, durable: start, taken: start, origin }
  if (known?.owner !== undefined) supersede(desk, known.owner, { ...session, instance }, stream)
  desk.streams.give(given, session.id)
  const waiting: Session = { ...session, instance, step: { kind: 'barrier', stream, acked } }
  desk.put(waiting)
  // The barrier: what the older connection has brought is decided before this one hears where the stream ends.
  if (given.taken.seq > given.durable.seq) return desk.do({ kind: 'commit' })
  return welcome(desk, options, waiting, given, acked)
}

/** Nothing of the stream is undecided now. */
export function welcome(
  desk: ReceiverDesk,
  { receiver, pingMs }: ReceiverOptions,
  session: Session,
  { stream, durable }: Pick<Stream, 'stream' | 'durable'>,
  acked: number,
): void {
  const { principal, id, credit } = session
  const { seq: last, chain } = durable
  if (acked > last) desk.alarm({ what: 'regress', principal, stream, acked, last })
  const welcomed: Session = { ...session, step: { kind: 'welcomed', stream }, toldCredit: credit }
  desk.put(welcomed)
  desk.send(session, { type: 'welcome', version: 1, receiver, session: String(id), last, chain, credit, pingMs })
  desk.tellTrouble(welcomed)
}

export function onProbe(desk: ReceiverDesk, session: Session, stream: string, seqs: readonly number[]): void {
  const { principal, id, probes } = session
  if (probes >= MAX_PROBES) return desk.fail(session, 'protocol', 'too many PROBEs')
  desk.put({ ...session, probes: probes + 1, step: { kind: 'looking-up', stream, count: seqs.length } })
  return desk.do({ kind: 'look-up', session: id, principal, stream, seqs })
}

export function onLookedUp(desk: ReceiverDesk, session: Session, chains: readonly (string | undefined)[]): void {
  const { step } = session
  if (step.kind !== 'looking-up' || chains.length !== step.count) return
  desk.put({ ...session, step: { kind: 'welcomed', stream: step.stream } })
  desk.send(session, { type: 'probed', chains: chains.map((chain) => chain ?? null) })
}

/** The newest HELLO has the stream, so that nobody is locked out by a connection that only looks alive. */
function supersede(desk: ReceiverDesk, owner: SessionId, newer: Session, stream: string): void {
  const older = desk.session(owner)
  if (older === undefined) return
  const { principal, address } = newer
  if (older.instance !== newer.instance)
    desk.alarm({ what: 'duplicate-sender', principal, stream, address, oldAddress: older.address })
  desk.fail(older, 'superseded', 'a newer connection has the stream')
}

/** Room for one more stream of this principal, made if need be and possible. */
function hasRoom(desk: ReceiverDesk, { maxStreams }: ReceiverOptions, principal: string): boolean {
  if (desk.streams.of(principal).length < maxStreams) return true
  const victim = desk.streams.leastHeard(principal)
  if (victim === undefined) return false
  const { stream, durable } = victim
  desk.streams.forget(victim)
  desk.alarm({ what: 'stream-forgotten', principal, stream, last: durable.seq, chain: durable.chain })
  desk.do({ kind: 'forget', principal, stream })
  return true
}
