// The sender's spool: what the dispatcher gives goes into the journal, and is acknowledged when it is synced. One commit is under way
// at a time; what comes meanwhile is the next one's, so that the slower the disk, the more records share a commit. What to do with
// records is decided as late as possible, when a commit begins: until then they are held here, unacknowledged and bounded.

import { NO_SOURCE } from '../../src/journal/block.js'
import type { RecordLines } from '../../src/sdk/record-batch.js'
import type { OnFull } from './admin-action.js'
import type { DiskUse } from './disk-use.js'
import { Dropping } from './dropping.js'
import { Held } from './held.js'
import {
  fullReason,
  judge,
  resumed,
  ROOM,
  roomLeft,
  type Admission,
  type Fullness,
  type Room,
  type RoomLimits,
} from './room.js'
import { SpoolDisk, type SpoolDiskHost } from './spool-disk.js'

/** What one commit takes in; the journal writes no more at once either. */
const MAX_COMMIT_BYTES = 4 * 1024 * 1024
/** A disk that is full, or gives errors, is tried again after so long. */
const RETRY_MS = 1000

export interface SpoolOptions extends RoomLimits {
  readonly onFull: OnFull
}

export interface SpoolHost extends Omit<SpoolDiskHost, 'failed'> {
  /** To the dispatcher: all up to seq is safe. Rises. */
  ack(seq: number): void
  /** Once an episode: the spool has no room, or cannot be written. */
  troubled(what: 'overflow' | 'queue-error', text: string): void
}

export interface SpoolStatus {
  readonly fullness: Fullness
  readonly use: DiskUse
  readonly heldRecords: number
  /** Dropped by this process, and freed unsent. */
  readonly droppedRecords: number
  /** Each LOSS that this process has entered, the dispatcher's own losses among them. */
  readonly losses: { readonly entries: number; readonly records: number }
  /** Of the last commit; empty if it was well. */
  readonly commitError: string
  readonly isStalled: boolean
}

/** `waiting`: for a second to go by, as nothing can be done now. */
type Working =
  | { readonly kind: 'idle' }
  | { readonly kind: 'working' }
  | { readonly kind: 'waiting'; readonly cancel: () => void }
  | { readonly kind: 'closed' }

export class Spool {
  readonly #host: SpoolHost
  #options: SpoolOptions
  readonly #disk: SpoolDisk
  readonly #held = new Held()
  readonly #dropping: Dropping
  #run: Buffer = NO_SOURCE.run
  #working: Working = { kind: 'idle' }
  #fullness: Fullness = ROOM
  #lastAdmission: Admission = 'take'
  /** Of this run: given to the journal or dropped, and told to the dispatcher. */
  #takenSeq = 0
  #ackedSeq = 0
  #droppedRecords = 0
  #losses = { entries: 0, records: 0 }
  #whenIdle: () => void = () => {}

  /** Drops that an earlier process has counted go in before anything else does. */
  static async open(host: SpoolHost, options: SpoolOptions): Promise<Spool> {
    const dropping = await Dropping.open(host.store)
    const spool = new Spool(host, options, dropping)
    spool.#countLoss(dropping.enter())
    await spool.#commit()
    return spool
  }

  private constructor(host: SpoolHost, options: SpoolOptions, dropping: Dropping) {
    this.#host = host
    this.#options = options
    this.#dropping = dropping
    const failed = (text: string): void => {
      host.troubled('queue-error', text)
    }
    this.#disk = new SpoolDisk({ ...host, failed })
  }

  get status(): SpoolStatus {
    return {
      fullness: this.#fullness,
      use: this.#disk.use,
      heldRecords: this.#held.records,
      droppedRecords: this.#droppedRecords,
      losses: this.#losses,
      commitError: this.#disk.commitError,
      isStalled: this.#disk.isStalled,
    }
  }

  /** The run of the dispatcher whose records come from now on. Returns the first seq of it that is not safe here, if any is. */
  begin(run: Buffer): number | undefined {
    this.#run = run
    this.#ackedSeq = this.#safeSeq()
    this.#takenSeq = this.#ackedSeq
    return this.#ackedSeq === 0 ? undefined : this.#ackedSeq + 1
  }

  /** Records in their order; a promise if it is time to wait with the next ones. */
  take(pieces: Iterable<RecordLines>): Promise<void> | undefined {
    for (const { bytes, count, last } of pieces) this.#held.add({ kind: 'lines', bytes, records: count, seq: last })
    this.#wake()
    return this.#held.room()
  }

  /** Records that the dispatcher has lost: their LOSS stands in their place. */
  gap(records: number, fromSeq: number, seq: number, reason: string): void {
    this.#held.add({ kind: 'gap', records, fromSeq, seq, reason: `dispatcher-${reason}` })
    this.#wake()
  }

  /** Other limits, or another policy; suspension is over. */
  use(options: SpoolOptions): void {
    this.#options = options
    this.resume()
  }

  /** Records are taken again, if there is room. */
  resume(): void {
    this.#fullness = resumed(this.#fullness)
    this.roomFreed()
  }

  /** Segments are gone: what waits for room is tried at once. */
  roomFreed(): void {
    this.#disk.forget()
    if (this.#working.kind === 'waiting') this.#working.cancel()
    if (this.#working.kind === 'waiting' || this.#working.kind === 'idle') void this.#work()
  }

  /** The program is to end: nobody waits for room any more. */
  end(): void {
    this.#held.end()
  }

  /** All that can be made durable is, and acknowledged; what there is no room for is left to the next process. */
  async close(): Promise<void> {
    this.#held.close()
    if (this.#working.kind === 'waiting') this.#working.cancel()
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve
    })
    if (this.#working.kind !== 'working') void this.#work()
    await idle
    this.#working = { kind: 'closed' }
  }

  /** What waits for room, or for a disk that gives errors, is not tried at each record. */
  #wake(): void {
    if (this.#working.kind === 'idle') void this.#work()
    if (this.#working.kind !== 'waiting' || this.#lastAdmission !== 'drop') return
    this.#working.cancel()
    void this.#work()
  }

  async #work(): Promise<void> {
    this.#working = { kind: 'working' }
    while (await this.#step());
    const isBehind = this.#host.store.journal.pendingBytes > 0 || !this.#dropping.isOver
    const later = (): void => {
      void this.#work()
    }
    // Whoever looks at the status of a full spool shall see when it is over, though nothing comes.
    const isOver = this.#held.isClosed || (this.#held.isEmpty && !isBehind && this.#fullness.kind !== 'full')
    this.#working = isOver ? { kind: 'idle' } : { kind: 'waiting', cancel: this.#host.clock.after(RETRY_MS, later) }
    this.#whenIdle()
  }

  /** False: all is done, or nothing can be done now. */
  async #step(): Promise<boolean> {
    const { journal } = this.#host.store
    await this.#disk.look()
    await this.#dropping.settle()
    const admission = await this.#admission()
    if (admission === 'take') this.#admit()
    if (admission === 'drop' && this.#dropping.canDrop) await this.#drop()
    if (journal.pendingBytes === 0 || !(await this.#commit())) return false
    return !this.#held.isEmpty || journal.pendingBytes > 0 || this.#fullness.kind === 'full'
  }

  /** What the other side has got is freed before anything else is done about a full spool. */
  async #admission(): Promise<Admission> {
    const first = this.#judge()
    if (first === 'take' || this.#held.isEmpty) return first
    if (await this.#disk.free(this.#host.store.journal.acked.seq)) return this.#judge()
    if (first !== 'free-oldest') return first
    return (await this.#freeOldest()) ? this.#judge() : 'hold'
  }

  #judge(): Admission {
    const before = this.#fullness
    const { kind } = this.#options.onFull
    const reason = fullReason(this.#room, this.#held.nextBytes, before, kind)
    const { fullness, admission } = judge(before, reason, kind, this.#host.clock.monotonicMs())
    this.#fullness = fullness
    this.#lastAdmission = admission
    if (before.kind === 'room' && fullness.kind !== 'room') this.#tellFull(fullness.reason)
    if (before.kind !== 'room' && fullness.kind === 'room')
      this.#host.log('info', 'the spool has room again', { dropped: this.#dropping.records })
    return admission
  }

  get #room(): Room {
    return roomLeft({ ...this.#disk.use, commitError: this.#disk.commitError }, this.#options)
  }

  #tellFull(reason: string): void {
    const { kind } = this.#options.onFull
    this.#host.log('warn', 'the spool has no room', { reason, onFull: kind, bytes: this.#disk.use.spoolBytes })
    this.#host.troubled('overflow', `the spool has no room: ${reason}`)
  }

  #admit(): void {
    const { journal } = this.#host.store
    this.#countLoss(this.#dropping.enter())
    for (const item of this.#held.take(Math.min(MAX_COMMIT_BYTES - journal.pendingBytes, this.#room.bytes))) {
      this.#takenSeq = Math.max(this.#takenSeq, item.seq)
      const source = { run: this.#run, seq: this.#takenSeq }
      if (item.kind === 'lines') {
        journal.append(item.bytes, item.records, source)
        continue
      }
      const { reason, records, fromSeq, seq } = item
      journal.lose({ reason, lost: records, fromSource: fromSeq, toSource: seq }, source)
      this.#countLoss(records)
    }
  }

  #countLoss(records: number): void {
    if (records > 0) this.#losses = { entries: this.#losses.entries + 1, records: this.#losses.records + records }
  }

  async #drop(): Promise<void> {
    const items = this.#held.take(Infinity)
    this.#droppedRecords += items.reduce((sum, { records }) => sum + records, 0)
    const isSaved = await this.#disk.patiently(this.#dropping.drop(items, this.#run, this.#takenSeq))
    this.#takenSeq = Math.max(this.#takenSeq, items.at(-1)?.seq ?? 0)
    if (isSaved) this.#tellSafe()
  }

  /** The uplink finds them gone, and tells the other side which they were: what it holds in memory still goes over. */
  async #freeOldest(): Promise<boolean> {
    const { journal } = this.#host.store
    const [oldest, next] = journal.segments
    if (oldest === undefined || next === undefined) return false
    const unsent = next.firstSeq - Math.max(oldest.firstSeq, journal.acked.seq + 1)
    if (!(await this.#disk.free(next.firstSeq - 1))) return false
    this.#droppedRecords += unsent
    this.#host.log('warn', 'records were freed that nobody else has', { records: unsent, lastSeq: next.firstSeq - 1 })
    return true
  }

  async #commit(): Promise<boolean> {
    if (!(await this.#disk.commit())) return false
    await this.#dropping.settle()
    this.#tellSafe()
    this.#host.changed()
    return true
  }

  #tellSafe(): void {
    const seq = this.#safeSeq()
    if (seq <= this.#ackedSeq) return
    this.#ackedSeq = seq
    this.#host.ack(seq)
  }

  /** What was counted as dropped is safe only when all that was given before it is. */
  #safeSeq(): number {
    const { journal } = this.#host.store
    const source = journal.durable()?.source ?? NO_SOURCE
    const durable = source.run.equals(this.#run) ? source.seq : 0
    return journal.pendingBytes > 0 ? durable : Math.max(durable, this.#dropping.safeSeq(this.#run))
  }
}
