// The core with its journal: what it wants taken is taken at once, so that the order in the journal is the order of its tickets, and it
// is told of a commit when that is durable.

import type { Block } from '../../src/journal/block.js'
import type { Origin } from '../../src/journal/entry.js'
import { chainsOf } from '../../src/journal/foreign-chain.js'
import { FileError } from '../../src/journal/file-port.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import type { Refusal } from '../../src/journal/pending.js'
import { initialReceiver, ReceiverCore } from '../../src/remote/receiver-core.js'
import type {
  BlockFault,
  ReceiverAlarm,
  ReceiverEffect,
  ReceiverInput,
  ReceiverOptions,
  StreamRow,
} from '../../src/remote/receiver-input.js'
import type { ControlMessage, Data, ErrorCode } from '../../src/remote/wire/message.js'
import type { JournalIntake } from './journal-intake.js'
import { RMW_STREAM } from './rmw-senders.js'

/** Whoever asked for what the disk cannot read comes back so much later. */
const UNREADABLE_RETRY_MS = 5000

export interface ShellHost {
  readonly intake: JournalIntake
  readonly store: JournalStore
  /** As it is written into the journal with each block; undefined: the session is over. */
  addressOf(session: number): string | undefined
  send(session: number, message: ControlMessage): void
  close(session: number, error: ErrorCode | undefined): void
  /** Bytes of a session are not held any more: they are durable, or were not taken. */
  released(session: number, bytes: number): void
  /** `tell` says to the core that more is durable; what has to be done before and after that is done around it. */
  durable(tell: () => void): void
  alarm(alarm: ReceiverAlarm): void
  /** A look-up has failed; its session is ended, and comes again. */
  readonly unreadable: (text: string) => void
}

/** A DATA that has arrived, and what was found of it. */
export interface ArrivedData {
  readonly data: Data
  /** Undefined: its sums do not fit. */
  readonly block: Block | undefined
  readonly fault: BlockFault | undefined
}

interface Sound {
  readonly block: Block
  readonly lines: Buffer
}

interface Held {
  readonly ticket: number
  readonly session: number
  readonly bytes: number
}

export class ReceiverShell {
  readonly #host: ShellHost
  readonly #core: ReceiverCore
  #ticket = 0
  /** Up to which ticket the intake has been asked to call. */
  #awaited = 0
  #isBarrierWanted = false
  #durable = 0
  #isTelling = false
  /** Taken, in order, not durable yet. */
  #held: Held[] = []
  /** Of each session, what its last block was taken as: the next one mostly is of the same stream. */
  readonly #origins = new Map<number, Origin>()
  /** One at a time, of each session one at most: each reads through indexes, and the disk is for commits before all else. */
  #lookUps: Promise<void> = Promise.resolve()

  constructor(host: ShellHost, options: Omit<ReceiverOptions, 'receiver'>) {
    const { journal } = host.store
    this.#host = host
    this.#core = new ReceiverCore({ ...options, receiver: journal.meta.journal }, initialReceiver(rowsOf(host.store)))
  }

  give(input: Exclude<ReceiverInput, { kind: 'data' }>): void {
    if (input.kind === 'closed') this.#origins.delete(input.session)
    this.#apply(this.#core.on(input), undefined)
  }

  /** Whether it was taken. */
  data(session: number, arrived: ArrivedData): boolean {
    const { block, data, fault } = arrived
    const bytes = data.head.length + data.lines.length
    const { firstSeq, count } = block ?? { firstSeq: 0, count: 0 }
    const [before, chain] = [block?.before.toString('hex') ?? '', block?.chain.toString('hex') ?? '']
    const ticket = this.#ticket
    const facts = { firstSeq, count, before, chain, bytes, fault: block === undefined ? 'bad-block' : fault }
    this.#apply(
      this.#core.on({ kind: 'data', session, block: facts }),
      block === undefined ? undefined : { block, lines: data.lines },
    )
    const isTaken = this.#ticket > ticket
    if (isTaken) this.#held.push({ ticket: this.#ticket, session, bytes })
    else this.#host.released(session, bytes)
    return isTaken
  }

  /** To be called when a round of inputs is over: one call of the intake's for all that was taken in it. */
  awaitDurable(): void {
    const ticket = this.#ticket
    if (ticket === this.#awaited && !this.#isBarrierWanted) return
    this.#awaited = ticket
    this.#isBarrierWanted = false
    this.#host.intake.whenDurable(() => {
      this.#isDurable(ticket)
    })
  }

  /** One commit makes many rounds durable at once, and is told to the core once. */
  #isDurable(ticket: number): void {
    this.#durable = ticket
    if (this.#isTelling) return
    this.#isTelling = true
    queueMicrotask(() => {
      this.#isTelling = false
      this.#onDurable(this.#durable)
    })
  }

  #onDurable(ticket: number): void {
    const end = this.#held.findIndex((held) => held.ticket > ticket)
    const durable = this.#held.splice(0, end < 0 ? this.#held.length : end)
    for (const { session, bytes } of durable) this.#host.released(session, bytes)
    this.#host.durable(() => {
      this.give({ kind: 'committed', ticket })
    })
  }

  #apply(effects: readonly ReceiverEffect[], sound: Sound | undefined): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#host.send(effect.session, effect.message)
          break
        case 'close':
          this.#origins.delete(effect.session)
          this.#host.close(effect.session, effect.error)
          break
        case 'take':
        case 'skip':
        case 'fork':
          this.#ticket = effect.ticket
          sure(effect.kind, this.#enter(effect, sound))
          break
        case 'commit':
          this.#isBarrierWanted = true
          break
        case 'look-up':
          this.#lookUps = this.#lookUps.then(() => this.#lookUp(effect))
          break
        case 'forget':
          this.#host.store.journal.forget(effect)
          break
        case 'alarm':
          this.#host.alarm(effect.alarm)
          break
        default:
          effect satisfies never
      }
    }
  }

  #enter(
    effect: Extract<ReceiverEffect, { kind: 'take' | 'skip' | 'fork' }>,
    sound: Sound | undefined,
  ): Refusal | undefined {
    const origin = this.#originOf(effect)
    const { intake } = this.#host
    switch (effect.kind) {
      case 'take':
        return sound === undefined ? 'bad-block' : intake.takeSound(origin, sound.block, sound.lines)
      case 'skip':
        return intake.skip(origin, effect.to, Buffer.from(effect.chain, 'hex'), effect.reason)
      case 'fork':
        return intake.fork(origin, { parent: effect.parent, atSeq: effect.atSeq }, Buffer.from(effect.chain, 'hex'))
      default:
        return effect satisfies never
    }
  }

  #originOf({ session, principal, stream }: ReceiverEffect & { kind: 'take' | 'skip' | 'fork' }): Origin {
    const known = this.#origins.get(session)
    if (known?.stream === stream) return known
    const origin = { principal, stream, peer: this.#host.addressOf(session) ?? '' }
    this.#origins.set(session, origin)
    return origin
  }

  async #lookUp({ session, principal, stream, seqs }: ReceiverEffect & { kind: 'look-up' }): Promise<void> {
    const { store } = this.#host
    if (this.#host.addressOf(session) === undefined) return
    try {
      const chains = await store.read(chainsOf(store.journal, { principal, stream }, seqs))
      this.give({ kind: 'looked-up', session, chains: chains.map((chain) => chain?.toString('hex')) })
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.#host.unreadable(error.message)
      const text = 'the journal cannot be read'
      this.give({ kind: 'expel', session, code: 'disk', text, retryAfterMs: UNREADABLE_RETRY_MS })
    }
    this.awaitDurable()
  }
}

function rowsOf(store: JournalStore): StreamRow[] {
  return [...store.journal.streams]
    .filter(({ principal, stream }) => principal !== '' && stream !== RMW_STREAM)
    .map(({ principal, stream, lastSeq, chain }) => ({
      principal,
      stream,
      last: lastSeq,
      chain: chain.toString('hex'),
    }))
}

/** The core has judged what the journal judges once more: they cannot disagree. */
function sure(kind: string, refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw new Error(`the journal refuses a ${kind} that the core has accepted: ${refusal}`)
}
