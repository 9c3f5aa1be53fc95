// The commit loop. One commit is under way at a time; what is taken meanwhile is the next one's, which begins when this one ends. When
// none is under way the first block waits `commitDelayMs` for company. An error changes nothing of what was taken: it is tried again,
// and whoever waits for it waits on.

import type { Block } from '../../src/journal/block.js'
import type { Origin } from '../../src/journal/entry.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import type { ForkNote } from '../../src/journal/notes.js'
import type { Refusal } from '../../src/journal/pending.js'
import type { StreamState } from '../../src/journal/stream-table.js'
import type { Clock } from '../../src/remote/ports.js'
import { diskState, STALL_MS, takesMore, type DiskLimits } from './disk-state.js'
import type { DiskState, Intake, StreamName } from './intake.js'

/** As much is pending at most, and one block more: what one commit of the journal writes. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024
/** A commit that failed is tried again after so long, doubled each time up to the longest. */
const SHORTEST_RETRY_MS = 250
const LONGEST_RETRY_MS = 5000
const LOOK_MS = 1000
/** At the end a disk that does not answer is waited for so long, as whoever ends us waits for five seconds. */
const CLOSE_MS = 2000

export interface IntakeWorld {
  readonly store: JournalStore
  readonly clock: Clock
  /** Bytes that are free for the journal; undefined if nobody can say. */
  freeBytes(): Promise<number | undefined>
}

export interface IntakeOptions extends DiskLimits {
  /** 0: at once. */
  readonly commitDelayMs: number
}

/** What changes in the journal without being told to those who take. */
export interface IntakeListener {
  /** A commit has ended well, or not. */
  committed(): void
  /** The disk gave an error; `isLost`: a segment was given up, and all is well again in another. */
  failed(code: string, text: string, isLost: boolean): void
}

type Committing =
  | { readonly kind: 'idle' }
  /** Company is waited for, or the time of the next try. */
  | { readonly kind: 'waiting'; readonly cancel: () => void }
  | { readonly kind: 'under-way'; readonly sinceMs: number }
  | { readonly kind: 'closed' }

/** So many blocks and bytes of lines, from the first on. */
interface Reach {
  readonly blocks: number
  readonly bytes: number
}

interface Waiter extends Reach {
  readonly call: () => void
}

export class JournalIntake implements Intake {
  readonly #world: IntakeWorld
  #options: IntakeOptions
  readonly #listener: IntakeListener
  #committing: Committing = { kind: 'idle' }
  #disk: DiskState = 'ok'
  #freeBytes: number | undefined
  #commitError: string | undefined
  #retryMs = SHORTEST_RETRY_MS
  /** Everything taken so far, in blocks and in bytes of lines. */
  #takenBlocks = 0
  #takenBytes = 0
  /** Both have to cover a block: a commit ends at a number of bytes, and a fork has none. */
  #durable: Reach = { blocks: 0, bytes: 0 }
  #waiters: Waiter[] = []
  readonly #roomWaiters = new Set<() => void>()
  readonly #diskListeners = new Set<(disk: DiskState) => void>()
  #cancelLook: () => void = () => {}

  constructor(world: IntakeWorld, options: IntakeOptions, listener: IntakeListener) {
    this.#world = world
    this.#options = options
    this.#listener = listener
  }

  /** Looks at the disk from now on. */
  async begin(): Promise<void> {
    await this.#look()
  }

  use(options: IntakeOptions): void {
    this.#options = options
    this.#judge()
  }

  take(origin: Origin, head: Uint8Array, lines: Uint8Array): Refusal | undefined {
    return this.#taken(this.#world.store.journal.take(origin, head, lines), lines.length)
  }

  /** One whose sums have been found to fit. */
  takeSound(origin: Origin, block: Block, lines: Uint8Array): Refusal | undefined {
    return this.#taken(this.#world.store.journal.takeSound(origin, block, lines), lines.length)
  }

  skip(origin: Origin, toSeq: number, chain: Buffer, reason: string): Refusal | undefined {
    const before = this.#world.store.journal.pendingBytes
    const refusal = this.#world.store.journal.skip(origin, toSeq, chain, reason)
    return this.#taken(refusal, this.#world.store.journal.pendingBytes - before)
  }

  fork(origin: Origin, note: ForkNote, chain: Buffer): Refusal | undefined {
    return this.#taken(this.#world.store.journal.fork(origin, note, chain), 0)
  }

  taken(of: StreamName): StreamState | undefined {
    return this.#world.store.journal.taken(of)
  }

  durable(of: StreamName): StreamState | undefined {
    return this.#world.store.journal.durable(of)
  }

  whenDurable(call: () => void): void {
    if (this.#isAllDurable()) call()
    else this.#waiters.push({ blocks: this.#takenBlocks, bytes: this.#takenBytes, call })
  }

  get disk(): DiskState {
    return this.#disk
  }

  get hasRoom(): boolean {
    return (
      this.#committing.kind !== 'closed' &&
      takesMore(this.#disk) &&
      this.#world.store.journal.pendingBytes < MAX_PENDING_BYTES
    )
  }

  whenRoom(call: () => void): () => void {
    const waiter = (): void => {
      call()
    }
    this.#roomWaiters.add(waiter)
    return () => this.#roomWaiters.delete(waiter)
  }

  onDisk(listener: (disk: DiskState) => void): () => void {
    const own = (disk: DiskState): void => {
      listener(disk)
    }
    this.#diskListeners.add(own)
    return () => this.#diskListeners.delete(own)
  }

  /** The last commit of what was taken, if the disk allows it. Nothing is tried again after it. False: the disk has not answered. */
  async close(): Promise<boolean> {
    const wasUnderWay = this.#committing.kind === 'under-way'
    if (this.#committing.kind === 'waiting') this.#committing.cancel()
    this.#cancelLook()
    this.#committing = { kind: 'closed' }
    let cancel = (): void => {}
    const isLate = new Promise<boolean>((resolve) => {
      cancel = this.#world.clock.after(CLOSE_MS, () => {
        resolve(false)
      })
    })
    const hasAnswered = await Promise.race([this.#lastCommits(wasUnderWay), isLate])
    cancel()
    return hasAnswered
  }

  async #lastCommits(wasUnderWay: boolean): Promise<boolean> {
    // Behind the one under way; more than one commit can be needed.
    if (wasUnderWay) await this.#world.store.write(function* () {})
    while (this.#world.store.journal.pendingBytes > 0 && (await this.#commitOnce())) this.#settle()
    this.#settle()
    return true
  }

  #taken(refusal: Refusal | undefined, bytes: number): Refusal | undefined {
    if (refusal !== undefined) return refusal
    this.#takenBlocks++
    this.#takenBytes += bytes
    if (this.#committing.kind === 'idle') this.#commitAfter(this.#options.commitDelayMs)
    return undefined
  }

  #commitAfter(ms: number): void {
    if (ms === 0) {
      void this.#commit()
      return
    }
    const cancel = this.#world.clock.after(ms, () => {
      void this.#commit()
    })
    this.#committing = { kind: 'waiting', cancel }
  }

  async #commit(): Promise<void> {
    this.#committing = { kind: 'under-way', sinceMs: this.#world.clock.monotonicMs() }
    const isDone = await this.#commitOnce()
    // Whoever closes goes on by itself.
    if (this.#committing.kind !== 'under-way') return
    this.#committing = { kind: 'idle' }
    this.#judge()
    if (isDone) this.#settle()
    this.#listener.committed()
    if (this.#committing.kind !== 'idle') return
    if (!isDone) this.#commitAfter(this.#nextRetryMs())
    else if (!this.#isAllDurable()) this.#commitAfter(0)
    if (this.hasRoom) this.#wakeForRoom()
  }

  /** Whether it was well. What it has covered is known only now: it takes at most so many bytes at a time. */
  async #commitOnce(): Promise<boolean> {
    const { store } = this.#world
    let begun = 0
    const cancelStall = this.#world.clock.after(STALL_MS, () => {
      this.#judge()
    })
    const commit = await store.write(() => {
      begun = this.#takenBlocks
      return store.journal.commit()
    })
    cancelStall()
    if (commit.kind === 'failed') {
      this.#commitError = commit.error.code
      this.#listener.failed(commit.error.code, commit.error.message, false)
      return false
    }
    this.#commitError = undefined
    this.#retryMs = SHORTEST_RETRY_MS
    this.#durable = { blocks: begun, bytes: this.#takenBytes - store.journal.pendingBytes }
    if (commit.kind === 'durable' && commit.poisoned !== undefined)
      this.#listener.failed(commit.poisoned.code, commit.poisoned.message, true)
    return true
  }

  #isAllDurable(): boolean {
    return this.#durable.blocks >= this.#takenBlocks && this.#durable.bytes >= this.#takenBytes
  }

  #settle(): void {
    const { blocks, bytes } = this.#durable
    const open = this.#waiters.findIndex((waiter) => waiter.blocks > blocks || waiter.bytes > bytes)
    for (const { call } of this.#waiters.splice(0, open < 0 ? this.#waiters.length : open)) call()
  }

  #nextRetryMs(): number {
    const ms = this.#retryMs
    this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * ms)
    return ms
  }

  async #look(): Promise<void> {
    this.#freeBytes = await this.#world.freeBytes()
    if (this.#committing.kind === 'closed') return
    this.#judge()
    this.#cancelLook = this.#world.clock.after(LOOK_MS, () => {
      void this.#look()
    })
  }

  #judge(): void {
    const commitMs =
      this.#committing.kind === 'under-way' ? this.#world.clock.monotonicMs() - this.#committing.sinceMs : 0
    const facts = { freeBytes: this.#freeBytes, commitError: this.#commitError, commitMs }
    const disk = diskState(facts, this.#options, this.#disk)
    if (disk === this.#disk) return
    this.#disk = disk
    for (const listener of this.#diskListeners) listener(disk)
    if (this.hasRoom) this.#wakeForRoom()
  }

  #wakeForRoom(): void {
    const waiters = [...this.#roomWaiters]
    this.#roomWaiters.clear()
    for (const call of waiters) call()
  }
}
