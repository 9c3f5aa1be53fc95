// The shells around the cores: they carry out effects and give the answers, from disks that are faithful. Blocks that are freed cannot be
// read, and only the chain before the oldest one is still known; a receiver answers for what is durable.

import {
  ReceiverCore,
  stepSender,
  type Point,
  type ReceiverEffect,
  type ReceiverInput,
  type ReceiverOptions,
  type SenderEffect,
  type SenderInput,
  type SenderOptions,
  type SpoolFacts,
} from './explorer-cores.js'
import {
  countless,
  startedReceiver,
  timeless,
  type Asked,
  type Carried,
  type Entry,
  type Receiver,
  type Sender,
  type Timeline,
  type World,
} from './explorer-world.js'
import type { ControlMessage } from '../../src/remote/wire/message.js'

/** Later than any time that a core waits for. */
const LATER_MS = 1e9
const SENDER: SenderOptions = { servers: 1, instance: 'i', bootId: 'b', agent: 'a', maxBlock: 1, windowBytes: 1 }
const RECEIVER: ReceiverOptions = { receiver: 'r', pingMs: 15_000, maxStreams: 64 }

/** The sender's core is told something, and its shell does what it wants. */
export function give(world: World, at: number, input: SenderInput, nowMs = 0): World {
  const sender = senderOf(world, at)
  const view = { nowMs, fraction: 0, spool: factsOf(sender) }
  const { state, effects } = stepSender(sender.core, input, view, SENDER)
  let next = withSender(world, at, { ...sender, core: timeless(state) })
  for (const effect of effects) next = carryOut(next, at, effect, input)
  return next
}

/** The receiver's core is told something, and its shell does what it wants. */
export function receive(world: World, input: ReceiverInput): World {
  const { receiver } = world
  const core = new ReceiverCore(RECEIVER, receiver.core)
  const effects = core.on(input)
  let next: World = { ...world, receiver: { ...receiver, core: countless(core.snapshot()) } }
  for (const effect of effects) next = serve(next, effect, input)
  return next
}

/** A message, or the end, as it comes to the receiver. */
export function arrive(world: World, session: number, carried: Carried): World {
  switch (carried.kind) {
    case 'message':
      return receive(world, { kind: 'message', session, message: carried.message })
    case 'data':
      return receive(world, { kind: 'data', session, block: carried.block })
    case 'closed':
      throw new Error('a sender does not carry its end')
  }
  return carried satisfies never
}

export function connect(world: World, at: number): World {
  const session = freeSession(world)
  const dialled = give(world, at, { kind: 'time' }, LATER_MS)
  const connected = withSender(dialled, at, { ...senderOf(dialled, at), session, in: [], out: [] })
  const opened = receive(connected, { kind: 'opened', session, principal: 'p', address: 'x', credit: 1 })
  return give(opened, at, { kind: 'connected' })
}

/** The connection ends at the sender; the receiver may still get what was sent. */
export function disconnected(world: World, at: number): World {
  return give(leave(world, at), at, { kind: 'closed', why: '' })
}

/** The receiver's process is gone, and this is its disk. */
export function receiverDown(world: World, journal: readonly Entry[]): World {
  let next: World = { ...world, receiver: { ...startedReceiver(journal), isUp: false } }
  for (const [at, sender] of world.senders.entries()) {
    next = withSender(next, at, { ...sender, session: undefined, in: [], out: [], old: undefined })
    if (sender.session !== undefined) next = give(next, at, { kind: 'closed', why: '' })
  }
  return next
}

/** The shell answers what the sender's core has asked for. */
export function answer(world: World, at: number, asked: Asked): World {
  const { log, freed, timelines } = senderOf(world, at)
  switch (asked.kind) {
    case 'look-up': {
      const { seq } = asked
      return give(world, at, { kind: 'chain', seq, chain: seq < freed ? undefined : log.slice(0, seq) })
    }
    case 'sample': {
      const { above, to, count } = asked
      const seqs = Array.from(
        { length: Math.max(0, to - Math.max(above, freed)) },
        (_, n) => Math.max(above, freed) + n + 1,
      )
      const points = spread(seqs, count).map((seq): Point => ({ seq, chain: log.slice(0, seq) }))
      return give(world, at, { kind: 'samples', above, to, points })
    }
    case 'read': {
      const { from } = asked
      if (from <= freed) {
        const missing = { from, to: freed, chain: log.slice(0, freed), reason: 'freed' }
        return give(world, at, { kind: 'missing', ...missing })
      }
      const block = { firstSeq: from, lastSeq: from, bytes: 0, chain: log.slice(0, from) }
      return give(world, at, { kind: 'blocks', blocks: [block] })
    }
    case 'fork': {
      const stream = `s${world.streams + 1}`
      const forked = forkedAt(timelines, stream, asked.fromSeq)
      const next = withSender(world, at, { ...senderOf(world, at), timelines: forked })
      return give({ ...next, streams: world.streams + 1 }, at, { kind: 'forked' })
    }
  }
  return asked satisfies never
}

/** The chain of a receiver behind a seq, where a block of the stream ends. */
function chainIn(journal: readonly Entry[], stream: string, seq: number): string | undefined {
  return journal.find((entry) => entry.stream === stream && entry.kind !== 'fork' && entry.to === seq)?.chain
}

/** The receiver's shell answers what its core has asked for. */
export function lookUp(world: World, session: number, stream: string, seqs: readonly number[]): World {
  const durable = world.receiver.journal.slice(0, world.receiver.durable)
  return receive(world, { kind: 'looked-up', session, chains: seqs.map((seq) => chainIn(durable, stream, seq)) })
}

export function senderOf(world: World, at: number): Sender {
  const sender = world.senders[at]
  if (sender === undefined) throw new Error(`there is no sender ${at}`)
  return sender
}

export function withSender(world: World, at: number, sender: Sender): World {
  return { ...world, senders: world.senders.map((each, index) => (index === at ? sender : each)) }
}

function carryOut(world: World, at: number, effect: SenderEffect, input: SenderInput): World {
  const sender = senderOf(world, at)
  switch (effect.kind) {
    case 'send':
      return say(world, at, effect.message)
    case 'send-blocks': {
      const blocks = input.kind === 'blocks' ? input.blocks.slice(0, effect.count) : []
      const carried = blocks.map(({ firstSeq, chain }): Carried => {
        const before = sender.log.slice(0, firstSeq - 1)
        return { kind: 'data', block: { firstSeq, count: 1, before, chain, bytes: 0, fault: undefined } }
      })
      return withSender(world, at, { ...sender, out: [...sender.out, ...carried] })
    }
    case 'close':
      return leave(world, at)
    case 'look-up':
    case 'sample':
      return world.isSlow ? ask(world, at, effect) : answer(world, at, effect)
    case 'read':
    case 'fork':
      return ask(world, at, effect)
    case 'acked':
      return withSender(world, at, { ...sender, acked: effect.point })
    case 'alarm':
      return effect.alarm.what === 'peer-error' ? { ...world, accused: effect.alarm.text } : world
    case 'connect':
    case 'peer':
      return world
  }
  return effect satisfies never
}

/**
 * Where nothing is slow, what changes nothing but where the handshake stands is heard as soon as it is said: whatever happens elsewhere in
 * between could as well have happened before or after both.
 */
function say(world: World, at: number, message: ControlMessage): World {
  const sender = senderOf(world, at)
  const { session, out } = sender
  if (session === undefined) throw new Error('a message is sent without a connection')
  const isOfHandshake = message.type === 'hello' || message.type === 'start' || message.type === 'probe'
  if (!world.isSlow && isOfHandshake && out.length === 0 && world.receiver.isUp)
    return receive(world, { kind: 'message', session, message })
  return withSender(world, at, { ...sender, out: [...out, { kind: 'message', message }] })
}

/** One that is late stays, if it is slow here: what follows on a later connection may meet its answer. */
function ask(world: World, at: number, asked: Asked): World {
  const sender = senderOf(world, at)
  const late = sender.asked.slice(world.isSlow ? -1 : sender.asked.length)
  return withSender(world, at, { ...sender, asked: [...late, asked] })
}

function serve(world: World, effect: ReceiverEffect, input: ReceiverInput): World {
  const { receiver } = world
  switch (effect.kind) {
    case 'send':
      return toSender(world, effect.session, { kind: 'message', message: anonymous(effect.message) })
    case 'close': {
      const { error } = effect
      const accused = error === undefined || error === 'superseded' ? world.accused : error
      const asked = receiver.asked.filter(({ session }) => session !== effect.session)
      const closed: World = { ...world, accused, receiver: { ...receiver, asked } }
      const next = hearEnd(toSender(closed, effect.session, { kind: 'closed' }), effect.session)
      const senders = next.senders.map((sender) => ({
        ...sender,
        out: sender.session === effect.session ? [] : sender.out,
        old: sender.old?.session === effect.session ? undefined : sender.old,
      }))
      return { ...next, senders }
    }
    case 'take': {
      if (input.kind !== 'data') throw new Error('a take without data')
      const { firstSeq, count, chain } = input.block
      return append(world, effect.stream, { kind: 'data', from: firstSeq, to: firstSeq + count - 1, chain })
    }
    case 'skip': {
      const last = receiver.journal.findLast(({ stream }) => stream === effect.stream)
      return append(world, effect.stream, {
        kind: 'hole',
        from: (last?.to ?? 0) + 1,
        to: effect.to,
        chain: effect.chain,
      })
    }
    case 'fork': {
      const { atSeq, chain } = effect
      return append(world, effect.stream, { kind: 'fork', from: atSeq + 1, to: atSeq, chain })
    }
    case 'look-up': {
      const { session, stream, seqs } = effect
      if (!world.isSlow) return lookUp(world, session, stream, seqs)
      return { ...world, receiver: { ...receiver, asked: [...receiver.asked, { session, stream, seqs }] } }
    }
    case 'forget':
      throw new Error('a stream is forgotten, and there are few')
    case 'commit':
    case 'alarm':
      return world
  }
  return effect satisfies never
}

function append(world: World, stream: string, entry: Omit<Entry, 'stream'>): World {
  const receiver: Receiver = { ...world.receiver, journal: [...world.receiver.journal, { stream, ...entry }] }
  return { ...world, receiver }
}

/** Where nothing is slow, a sender that is thrown out hears all that was said to it at once. */
function hearEnd(world: World, session: number): World {
  let next = world
  for (;;) {
    const at = next.senders.findIndex((sender) => sender.session === session)
    const sender = next.senders[at]
    const [carried, ...rest] = sender?.in ?? []
    if (world.isSlow || sender === undefined || carried === undefined) return next
    next = withSender(next, at, { ...sender, in: rest })
    next = carried.kind === 'message' ? give(next, at, carried) : disconnected(next, at)
  }
}

/** Without what is only for people. */
function anonymous(message: ControlMessage): ControlMessage {
  return message.type === 'welcome' ? { ...message, session: '' } : message
}

/** To the connection, if it is still there. */
function toSender(world: World, session: number, carried: Carried): World {
  const at = world.senders.findIndex((sender) => sender.session === session)
  const sender = world.senders[at]
  return sender === undefined ? world : withSender(world, at, { ...sender, in: [...sender.in, carried] })
}

/** The sender's end is closed. An older connection that the receiver still has is noticed to be dead. */
function leave(world: World, at: number): World {
  const { session, out, old } = senderOf(world, at)
  if (session === undefined) return world
  // The receiver has closed it: nothing is underway any more.
  const isOpen = world.receiver.core.sessions.some(({ id }) => id === session)
  const left = { session: undefined, in: [], out: [], old: isOpen ? { session, out } : undefined }
  const next = withSender(world, at, { ...senderOf(world, at), ...left })
  return old === undefined ? next : receive(next, { kind: 'closed', session: old.session })
}

/** The lowest number that no connection has, alive or not yet noticed to be dead. */
function freeSession({ senders, receiver }: World): number {
  const used = new Set([
    ...senders.flatMap(({ session, old }) => [session, old?.session]),
    ...receiver.core.sessions.map(({ id }) => id),
  ])
  let session = 0
  while (used.has(session)) session++
  return session
}

function factsOf({ log, durable, freed, timelines }: Sender): SpoolFacts {
  return {
    timelines: timelines.map(({ stream, from }) => ({ stream, from, before: log.slice(0, from - 1) })),
    first: freed + 1,
    durable: { seq: durable, chain: log.slice(0, durable) },
  }
}

/** From `fromSeq` to the end of its timeline under another id. */
function forkedAt(timelines: readonly Timeline[], stream: string, fromSeq: number): readonly Timeline[] {
  const at = timelines.findLastIndex(({ from }) => from <= fromSeq)
  const isWhole = timelines[at]?.from === fromSeq
  return [...timelines.slice(0, isWhole ? at : at + 1), { stream, from: fromSeq }, ...timelines.slice(at + 1)]
}

/** At most so many of them, the last one among them. */
function spread(seqs: readonly number[], count: number): readonly number[] {
  const step = Math.ceil(seqs.length / count)
  return seqs.filter((_, index) => (seqs.length - 1 - index) % step === 0)
}
