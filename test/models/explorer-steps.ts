// All that can happen next in a world. Whatever decides is a real core; what is here are the shells around them, the disks, the wire and
// the faults.

import {
  answer,
  arrive,
  connect,
  disconnected,
  give,
  lookUp,
  receive,
  receiverDown,
  senderOf,
  withSender,
} from './explorer-shells.js'
import { onDisk, started, type Carried, type Fault, type Sender, type Spool, type World } from './explorer-world.js'

/** Messages on their way in one direction before somebody has to read. */
const CHANNEL = 2
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

export interface Transition {
  readonly name: string
  readonly isFault: boolean
  readonly world: World
}

type Add = (name: string, next: World) => void
type Fail = (name: string, fault: Fault, next: () => World) => void

export function transitionsOf(world: World): readonly Transition[] {
  const steps: Transition[] = []
  const add: Add = (name, next) => {
    steps.push({ name, isFault: false, world: next })
  }
  const fail: Fail = (name, fault, next) => {
    if (world.faults[fault] === 0) return
    const faults = { ...world.faults, [fault]: world.faults[fault] - 1 }
    steps.push({ name, isFault: true, world: { ...next(), faults } })
  }
  for (const [at, sender] of world.senders.entries()) {
    senderSteps(world, at, sender, add)
    wireSteps(world, at, sender, add)
    creditStep(world, at, sender, add)
    senderFaults(world, at, sender, fail)
  }
  receiverSteps(world, add)
  receiverFaults(world, fail)
  copyFaults(world, add, fail)
  return steps
}

function senderSteps(world: World, at: number, sender: Sender, add: Add): void {
  const name = `S${at}`
  const { log, durable, freed, core, acked } = sender
  if (!sender.isUp) return add(`${name}.start`, withSender(world, at, { ...started(sender), old: sender.old }))
  if (world.produced < world.contents && log.length === durable) {
    const letter = LETTERS[world.produced] ?? ''
    add(`${name}.append`, {
      ...withSender(world, at, { ...sender, log: log + letter }),
      produced: world.produced + 1,
    })
  }
  if (durable < log.length)
    add(`${name}.sync`, give(withSender(world, at, { ...sender, durable: log.length }), at, { kind: 'durable' }))
  if (acked.seq > freed) add(`${name}.free`, withSender(world, at, { ...sender, freed: acked.seq }))
  if (core.phase.kind === 'down' && world.receiver.isUp) add(`${name}.connect`, connect(world, at))
  const [asked, ...others] = sender.asked
  // What was written and not synced could be read: that it is not sent is the core's doing.
  const isReadable = asked?.kind !== 'read' || (sender.out.length < CHANNEL && asked.from <= log.length)
  if (asked !== undefined && isReadable)
    add(`${name}.${asked.kind}`, answer(withSender(world, at, { ...sender, asked: others }), at, asked))
  const [message, ...rest] = sender.in
  if (message !== undefined) {
    const read = withSender(world, at, { ...sender, in: rest })
    if (message.kind === 'message') add(`${name}.hear ${message.message.type}`, give(read, at, message))
    else add(`${name}.closed`, disconnected(read, at))
  }
  return undefined
}

/** The receiver reads what is underway, also of connections that have ended at the sender. */
function wireSteps(world: World, at: number, sender: Sender, add: Add): void {
  const { receiver } = world
  if (!receiver.isUp) return
  const { session, out, old } = sender
  const [message, ...rest] = out
  if (message !== undefined && session !== undefined && sender.in.length < CHANNEL)
    add(`R.hear${at} ${nameOf(message)}`, arrive(withSender(world, at, { ...sender, out: rest }), session, message))
  if (old !== undefined) {
    const [late, ...later] = old.out
    if (late !== undefined) {
      const read = withSender(world, at, { ...sender, old: { ...old, out: later } })
      add(`R.hear old${at} ${nameOf(late)}`, arrive(read, old.session, late))
    }
    const gone = withSender(world, at, { ...sender, old: undefined })
    add(`R.closed old${at}`, receive(gone, { kind: 'closed', session: old.session }))
  }
}

/** Credit is told with the last point that the receiver has named; nothing else is said by it. */
function creditStep(world: World, at: number, { session, in: coming }: Sender, add: Add): void {
  const { sessions, streams } = world.receiver.core
  const step = sessions.find(({ id }) => id === session)?.step
  if (!world.isTelling || !world.receiver.isUp || step === undefined || coming.length > 0) return
  if (step.kind !== 'welcomed' && step.kind !== 'looking-up' && step.kind !== 'streaming') return
  const named = streams.find(({ stream }) => stream === step.stream)?.durable
  if (named === undefined) return
  const message = { type: 'ack', seq: named.seq, chain: named.chain, credit: 1, state: 'ok' } as const
  add(`R.tell${at}`, withSender(world, at, { ...senderOf(world, at), in: [{ kind: 'message', message }] }))
}

function receiverSteps(world: World, add: Add): void {
  const { receiver } = world
  const { journal, durable, asked } = receiver
  if (!receiver.isUp) return add('R.start', { ...world, receiver: { ...receiver, isUp: true } })
  if (durable < journal.length) {
    const synced: World = { ...world, receiver: { ...receiver, durable: journal.length } }
    add('R.commit', receive(synced, { kind: 'committed', ticket: journal.length - durable }))
  }
  for (const [index, { session, stream, seqs }] of asked.entries()) {
    const rest = asked.filter((_, other) => other !== index)
    const answered: World = { ...world, receiver: { ...receiver, asked: rest } }
    add(`R.look-up ${session}`, lookUp(answered, session, stream, seqs))
  }
  return undefined
}

function senderFaults(world: World, at: number, sender: Sender, fail: Fail): void {
  const name = `S${at}`
  if (sender.isUp) fail(`${name}.CRASH`, 'crashS', () => replaced(world, at, onDisk(sender), cutOff(sender)))
  if (sender.session !== undefined)
    fail(`${name}.CUT`, 'cut', () => disconnected(withSender(world, at, { ...sender, in: [] }), at))
  fail(`${name}.WIPE`, 'wipeS', () => {
    const stream = `s${world.streams + 1}`
    const spool = { log: '', durable: 0, freed: 0, timelines: [{ stream, from: 1 }], acked: { seq: 0, chain: '' } }
    return { ...replaced(world, at, spool, undefined), streams: world.streams + 1 }
  })
}

/** Disks that are copied, and copies that are taken into use. */
function copyFaults(world: World, add: Add, fail: Fail): void {
  const [original, ...others] = world.senders
  if (original === undefined) return
  const { savedSpool, savedJournal, faults, receiver } = world
  const copy = onDisk(original)
  if (others.length === 0)
    fail('CLONE', 'cloneS', () => ({ ...world, senders: [original, { ...started(copy), isUp: false }] }))
  if (savedSpool === undefined && faults.rollS > 0) add('SAVE_S', { ...world, savedSpool: copy })
  if (savedSpool !== undefined)
    fail('ROLL_BACK_S', 'rollS', () => ({ ...replaced(world, 0, savedSpool, undefined), savedSpool: undefined }))
  if (savedJournal === undefined && faults.restR > 0)
    add('SAVE_R', { ...world, savedJournal: receiver.journal.slice(0, receiver.durable) })
  if (savedJournal !== undefined)
    fail('RESTORE_R', 'restR', () => ({ ...receiverDown(world, savedJournal), savedJournal: undefined }))
}

function receiverFaults(world: World, fail: Fail): void {
  const { journal, durable, isUp } = world.receiver
  // What was written and not synced may be there, up to any entry.
  for (let length = isUp ? durable : Infinity; length <= journal.length; length++)
    fail(`R.CRASH ${length - durable} survive`, 'crashR', () => receiverDown(world, journal.slice(0, length)))
  fail('R.WIPE', 'wipeR', () => receiverDown(world, []))
}

/** The process is dead, and this is its disk. What it had underway may still arrive. */
function replaced(world: World, at: number, spool: Spool, old: Sender['old']): World {
  const { session, old: older } = senderOf(world, at)
  let next = withSender(world, at, { ...started(spool), isUp: false, old })
  // What is underway of a connection can be forgotten only when the receiver has noticed.
  for (const ended of [session, older?.session])
    if (ended !== undefined && ended !== old?.session) next = receive(next, { kind: 'closed', session: ended })
  return next
}

function cutOff({ session, out, old }: Sender): Sender['old'] {
  return session === undefined ? old : { session, out }
}

function nameOf(carried: Carried): string {
  return carried.kind === 'message' ? carried.message.type : carried.kind
}
