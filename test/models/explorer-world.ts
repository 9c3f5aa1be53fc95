// The world that the explorer walks through: one or two senders, what is on the wire, and one receiver, all of it plain data. One content
// is one durable block of one record. A chain is all contents up to there, a letter each, which is what an ideal hash comes to.

import type { ArrivedBlock, Point, ReceiverSnapshot, SenderState } from './explorer-cores.js'
import { initialReceiver, initialSender } from './explorer-cores.js'
import type { ControlMessage } from '../../src/remote/wire/message.js'

export const FAULTS = ['crashS', 'crashR', 'cut', 'wipeS', 'cloneS', 'rollS', 'restR', 'wipeR'] as const
export type Fault = (typeof FAULTS)[number]
export type Budget = Readonly<Record<Fault, number>>

export type Carried =
  | { readonly kind: 'message'; readonly message: ControlMessage }
  | { readonly kind: 'data'; readonly block: ArrivedBlock }
  | { readonly kind: 'closed' }

/** What a sender's core has asked its shell for. */
export type Asked =
  | { readonly kind: 'look-up'; readonly seq: number }
  | { readonly kind: 'sample'; readonly above: number; readonly to: number; readonly count: number }
  | { readonly kind: 'read'; readonly from: number }
  | { readonly kind: 'fork'; readonly fromSeq: number; readonly before: string }

export interface Timeline {
  readonly stream: string
  readonly from: number
}

/** What is on a sender's disk. */
export interface Spool {
  /** All that was ever appended and is not rolled back. */
  readonly log: string
  readonly durable: number
  /** Freed up to here. */
  readonly freed: number
  readonly timelines: readonly Timeline[]
  /** What the cursor says. */
  readonly acked: Point
}

export interface Sender extends Spool {
  readonly isUp: boolean
  readonly core: SenderState
  readonly asked: readonly Asked[]
  /** The connection, by the receiver's number for it. */
  readonly session: number | undefined
  readonly out: readonly Carried[]
  readonly in: readonly Carried[]
  /** What is still underway of a connection that ended here. */
  readonly old: { readonly session: number; readonly out: readonly Carried[] } | undefined
}

export interface Entry {
  readonly kind: 'data' | 'hole' | 'fork'
  readonly stream: string
  readonly from: number
  /** One below `from` for a FORK. */
  readonly to: number
  /** Behind `to`. */
  readonly chain: string
}

export interface Receiver {
  readonly isUp: boolean
  readonly journal: readonly Entry[]
  readonly durable: number
  readonly core: ReceiverSnapshot
  /** By session, the seqs that are looked up. */
  readonly asked: readonly { readonly session: number; readonly stream: string; readonly seqs: readonly number[] }[]
}

export interface World {
  /** How many contents there may be. */
  readonly contents: number
  /** Whether what a sender's core asks of its own disk may be answered late, also when nobody waits for it any more. */
  readonly isSlow: boolean
  /** Whether the receiver tells of credit alone whenever it likes. */
  readonly isTelling: boolean
  readonly produced: number
  /** Stream ids that were given out. */
  readonly streams: number
  readonly faults: Budget
  readonly senders: readonly Sender[]
  readonly receiver: Receiver
  readonly savedSpool: Spool | undefined
  readonly savedJournal: readonly Entry[] | undefined
  /** What one end has accused the other of. */
  readonly accused: string | undefined
}

const START: Point = { seq: 0, chain: '' }

export function initialWorld(
  contents: number,
  faults: Budget,
  { isSlow, isTelling }: Pick<World, 'isSlow' | 'isTelling'>,
): World {
  const spool: Spool = { log: '', durable: 0, freed: 0, timelines: [{ stream: 's1', from: 1 }], acked: START }
  return {
    contents,
    isSlow,
    isTelling,
    produced: 0,
    streams: 1,
    faults,
    senders: [started(spool)],
    receiver: startedReceiver([]),
    savedSpool: undefined,
    savedJournal: undefined,
    accused: undefined,
  }
}

/** A sender as its process finds its disk. */
export function started(spool: Spool): Sender {
  const { log, durable, freed, timelines, acked } = spool
  const core = initialSender(acked)
  const connection = { session: undefined, out: [], in: [], old: undefined }
  return { log, durable, freed, timelines, acked, isUp: true, core, asked: [], ...connection }
}

/** What a power failure, a copy or a restore finds of a sender. */
export function onDisk({ log, durable, freed, timelines, acked }: Spool): Spool {
  return { log: log.slice(0, durable), durable, freed, timelines, acked }
}

export function startedReceiver(journal: readonly Entry[]): Receiver {
  const streams = [...new Set(journal.map(({ stream }) => stream))]
  const rows = streams.map((stream) => {
    const last = journal.findLast((entry) => entry.stream === stream)
    return { principal: 'p', stream, last: last?.to ?? 0, chain: last?.chain ?? '' }
  })
  return { isUp: true, journal, durable: journal.length, core: initialReceiver(rows), asked: [] }
}

/** Keys of worlds. A world is made of few different parts, so each of those is written out once and has a number from then on. */
export class Keys {
  readonly #numbers = new Map<string, number>()
  readonly #seen = new WeakMap<object, number>()

  /** Two worlds of the same key go on alike. */
  of({ produced, streams, faults, senders, receiver, savedSpool, savedJournal, accused }: World): string {
    const parts = [faults, receiver, savedSpool, savedJournal, ...senders]
    return parts.map((part) => this.#numberOf(part)).join(' ') + ` ${produced} ${streams} ${accused ?? ''}`
  }

  #numberOf(part: object | undefined): number {
    if (part === undefined) return -1
    const seen = this.#seen.get(part)
    if (seen !== undefined) return seen
    const text = JSON.stringify(part)
    const number = this.#numbers.get(text) ?? this.#numbers.size
    this.#numbers.set(text, number)
    this.#seen.set(part, number)
    return number
  }
}

/**
 * The same world with connections numbered by whose they are, and two senders that nothing distinguishes in an order of their own: without
 * it most worlds would be walked through several times.
 */
export function canonical(world: World): World {
  const isAlike = world.senders.length === 2 && world.savedSpool === undefined && world.faults.rollS === 0
  const senders = isAlike ? inOrder(world.senders) : world.senders
  const numbers = new Map<number, number>()
  for (const [at, { session, old }] of senders.entries()) {
    if (session !== undefined) numbers.set(session, 2 * at)
    if (old !== undefined) numbers.set(old.session, 2 * at + 1)
  }
  const isSame = [...numbers].every(([from, to]) => from === to)
  if (isSame) return senders.every((sender, at) => sender === world.senders[at]) ? world : { ...world, senders }
  const numberOf = (session: number): number => numbers.get(session) ?? session
  const { receiver } = world
  const { core } = receiver
  return {
    ...world,
    senders: senders.map((sender) => ({
      ...sender,
      session: sender.session === undefined ? undefined : numberOf(sender.session),
      old: sender.old === undefined ? undefined : { ...sender.old, session: numberOf(sender.old.session) },
    })),
    receiver: {
      ...receiver,
      asked: receiver.asked.map((each) => ({ ...each, session: numberOf(each.session) })),
      core: {
        ...core,
        streams: core.streams.map((stream) =>
          stream.owner === undefined ? stream : { ...stream, owner: numberOf(stream.owner) },
        ),
        sessions: core.sessions
          .map((session) => ({ ...session, id: numberOf(session.id) }))
          .toSorted((a, b) => a.id - b.id),
      },
    },
  }
}

/** By what they are, whatever their connections are numbered. */
function inOrder(senders: readonly Sender[]): readonly Sender[] {
  const named = senders.map((sender) => ({
    sender,
    name: JSON.stringify({ ...sender, session: sender.session !== undefined, old: sender.old?.out }),
  }))
  return named.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ sender }) => sender)
}

/** Time is no matter here: whatever may happen after some time may happen at any time. */
export function timeless(core: SenderState): SenderState {
  const { phase } = core
  switch (phase.kind) {
    case 'down': {
      const isIdle = phase.idleUntilMs > phase.untilMs
      return { ...core, attempt: 0, server: 0, phase: { kind: 'down', untilMs: 0, idleUntilMs: isIdle ? 1 : 0 } }
    }
    case 'up':
      return {
        ...core,
        attempt: 0,
        server: 0,
        phase: { ...phase, link: { ...phase.link, heardMs: 0, isPinged: false, hasState: false } },
      }
    case 'connecting':
    case 'forking':
    case 'stopped':
      return { ...core, attempt: 0, server: 0 }
  }
  return phase satisfies never
}

/** Tickets are counted from what is durable, and nobody is forgotten. */
export function countless(core: ReceiverSnapshot): ReceiverSnapshot {
  const takes = core.takes.map((take, at) => ({ ...take, ticket: at + 1 }))
  return {
    ...core,
    streams: core.streams.map((stream) => ({ ...stream, heard: 0 })).toSorted(byName),
    sessions: core.sessions.map((session) => ({ ...session, probes: 0 })).toSorted((a, b) => a.id - b.id),
    takes,
    ticket: takes.length,
    heard: 0,
  }
}

function byName(a: { readonly stream: string }, b: { readonly stream: string }): number {
  return a.stream < b.stream ? -1 : 1
}
