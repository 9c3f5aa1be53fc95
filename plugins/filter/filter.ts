// Records in, decisions, and what is kept out to the child. Nothing is acknowledged before all that was kept up to it has been
// written to the child, nor while it belongs to an event that is still open. Under audispd a slow child is waited for: the
// records wait in the dispatcher's queue, under the policy for this plugin. auditd cannot be told to wait without holding up
// every other plugin; there what the buffer has no room for is dropped and counted.

import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import type { Hello, Plugin, PluginDefinition, RecordBatch } from '../../src/sdk/index.js'
import type { ChildFeed, FeedOwner } from './child-feed.js'
import type { FilterConfig } from './config.js'
import { EventLines, EVENT_LIMITS } from './event-lines.js'
import type { JobRunner } from './job-runner.js'
import { KeptLines } from './kept-lines.js'
import type { FilterRule } from './rule.js'
import type { RuleBook } from './rule-book.js'
import type { Teller } from './teller.js'

const LF = 0x0a
const PIECE_BYTES = 64 * 1024
/** Under audispd no more than this waits for the child here. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024
/** An event that nothing ends is waited for so long, and what comes meanwhile is not acknowledged: so many have to fit. */
const WINDOW = 65_536
/** Less than the second within which a plugin acknowledges. */
const OPEN_EVENT_MS = 800
/** As auditd's end_of_event_timeout: nobody waits for an acknowledgement there. */
const OPEN_EVENT_AUDITD_MS = 2000
/** At the end: how long programs that have been told may take. */
const JOBS_PATIENCE_MS = 1000

export interface FilterParts {
  readonly clock: Clock
  readonly voice: Voice
  readonly book: RuleBook
  readonly teller: Teller
  readonly jobs: JobRunner
  /** Makes the child's feed, unless there is no child. */
  readonly feed: ((owner: FeedOwner) => ChildFeed) | undefined
  /** The rules as the files have them now; undefined if they are not to be taken, which has been said. */
  readonly rulesNow: () => readonly FilterRule[] | undefined
  /** The child has ended by itself: false ends the filter. */
  readonly childEnded: FeedOwner['ended']
  /** Something has changed that people may want to see. */
  readonly changed: () => void
  /** Nothing changes any more. */
  readonly over: () => Promise<void>
}

/** What has come and gone since the start. */
export interface FilterCounts {
  records: number
  kept: number
  /** By a rule or by default. */
  dropped: number
  /** Kept, but there was no room. */
  lost: number
}

/** What may be acknowledged when all up to `position` is written; it has grown from `start`. */
interface Mark {
  readonly start: number
  position: number
  seq: number
}

export class Filter {
  readonly #config: Pick<FilterConfig, 'unit' | 'bufferBytes'>
  readonly #parts: FilterParts
  readonly #kept = new KeptLines()
  readonly #feed: ChildFeed | undefined
  /** What may be acknowledged as soon as so much has been written. */
  readonly #marks: Mark[] = []
  readonly counts: FilterCounts = { records: 0, kept: 0, dropped: 0, lost: 0 }
  #events: EventLines | undefined
  #plugin: Plugin | undefined
  /** auditd feeds us, or somebody by hand. */
  #isUnderAuditd = false
  #lastSeq = 0
  #ackedSeq = 0
  #heldUpMs = 0
  #callOff: (() => void) | undefined
  /** Records that were lost since the child has stopped keeping up. */
  #lostNow = 0
  #leavesOpen = false

  constructor(config: Pick<FilterConfig, 'unit' | 'bufferBytes'>, parts: FilterParts) {
    this.#config = config
    this.#parts = parts
    this.#feed = parts.feed?.({
      wrote: () => {
        this.#acknowledge()
      },
      ended: parts.childEnded,
    })
    this.#feed?.start()
  }

  get feed(): ChildFeed | undefined {
    return this.#feed
  }

  get openEvents(): number {
    return this.#events?.openEvents ?? 0
  }

  readonly definition: PluginDefinition = {
    acknowledge: 'manual',
    window: WINDOW,
    open: (hello) => {
      this.#open(hello)
    },
    main: (plugin) => {
      this.#hear(plugin)
      return Promise.resolve()
    },
    records: (batch, plugin) => this.#records(batch, plugin),
    reload: () => {
      this.reload()
    },
    stop: () => this.#stop(),
  }

  /** The process is to end before its input does: what is open comes again to the next one. */
  leaveOpen(): void {
    this.#leavesOpen = !this.#isUnderAuditd
  }

  /** Reads the rules again; broken ones leave those that hold. */
  reload(): void {
    const rules = this.#parts.rulesNow()
    if (rules !== undefined) {
      this.#parts.book.replace(rules)
      this.#parts.voice.log('info', 'the rules were read again', { rules: rules.length })
      this.#parts.changed()
    }
    this.#feed?.relay('SIGHUP')
  }

  #open({ run }: Hello): void {
    this.#isUnderAuditd = run === ''
    if (this.#config.unit === 'record') return
    const timeoutMs = this.#isUnderAuditd ? OPEN_EVENT_AUDITD_MS : OPEN_EVENT_MS
    this.#events = new EventLines(
      { timeoutMs, ...EVENT_LIMITS },
      { event: (records) => this.#event(records), late: (record, isKept) => this.#take([record], isKept) },
    )
  }

  #hear(plugin: Plugin): void {
    if (this.#plugin !== undefined) return
    this.#plugin = plugin
    this.#parts.teller.heardBy(plugin)
    if (!this.#isUnderAuditd) this.#parts.voice.heardBy(plugin)
  }

  #records(batch: RecordBatch, plugin: Plugin): void | Promise<void> {
    this.#hear(plugin)
    const nowMs = this.#nowMs()
    this.counts.records += batch.count
    for (const piece of batch.pieces(PIECE_BYTES)) {
      if (this.#events === undefined) this.#eachRecord(piece)
      else this.#events.take(piece, this.#lastSeq, nowMs)
    }
    this.#lastSeq = batch.last
    this.#events?.expire(nowMs)
    this.#passOn()
    this.#parts.changed()
    const feed = this.#feed
    if (feed === undefined || this.#isUnderAuditd || feed.waitingBytes <= MAX_WAITING_BYTES) return this.#arm()
    return this.#waitForRoom(feed, plugin)
  }

  /** Time stands still meanwhile: the rest of an open event waits to be read. */
  async #waitForRoom(feed: ChildFeed, { stopping }: Plugin): Promise<void> {
    this.#callOff?.()
    this.#callOff = undefined
    const sinceMs = this.#parts.clock.monotonicMs()
    await feed.room(MAX_WAITING_BYTES / 2, stopping)
    this.#heldUpMs += this.#parts.clock.monotonicMs() - sinceMs
    this.#arm()
  }

  #eachRecord(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      const end = piece.indexOf(LF, at)
      const record = piece.subarray(at, end)
      this.#take([record], this.#parts.book.keepsRecord(record))
      at = end + 1
    }
  }

  #event(records: readonly Buffer[]): boolean {
    const isKept = this.#parts.book.keepsEvent(records)
    this.#take(records, isKept)
    return isKept
  }

  #take(records: readonly Buffer[], isKept: boolean): void {
    if (!isKept) {
      this.counts.dropped += records.length
      return
    }
    this.counts.kept += records.length
    if (this.#feed !== undefined) this.#kept.add(records)
  }

  /** What has been kept goes to the child. */
  #passOn(): void {
    const feed = this.#feed
    const { count } = this.#kept
    if (feed !== undefined && count > 0) {
      const lines = this.#kept.take()
      if (this.#isUnderAuditd && feed.waitingBytes + lines.length > this.#config.bufferBytes) this.#lose(count)
      else feed.push(lines)
    }
    const seq = this.#events?.safeSeq ?? this.#lastSeq
    const last = this.#marks.at(-1)
    const position = feed?.end ?? 0
    // While the child stands still there are not to be as many as records.
    if (last !== undefined && position - last.start <= PIECE_BYTES) Object.assign(last, { position, seq })
    else this.#marks.push({ start: position, position, seq })
    this.#acknowledge()
  }

  #acknowledge(): void {
    const written = this.#feed?.farthest ?? 0
    let seq = 0
    for (let first = this.#marks[0]; first !== undefined && first.position <= written; first = this.#marks[0]) {
      ;({ seq } = first)
      this.#marks.shift()
    }
    if (this.#lostNow > 0 && (this.#feed?.waitingBytes ?? 0) <= this.#config.bufferBytes / 2) this.#keepsUp()
    if (seq <= this.#ackedSeq) return
    this.#ackedSeq = seq
    this.#plugin?.ack(seq)
  }

  #lose(count: number): void {
    this.counts.lost += count
    if (this.#lostNow === 0)
      this.#parts.voice.log('warn', 'the child does not keep up; what it has no room for is lost', {
        bufferBytes: this.#config.bufferBytes,
      })
    this.#lostNow += count
  }

  #keepsUp(): void {
    this.#parts.voice.log('warn', 'the child keeps up again', { lost: this.#lostNow })
    this.#lostNow = 0
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs() - this.#heldUpMs
  }

  #arm(): void {
    const nextMs = this.#events?.nextExpiryMs
    if (nextMs === undefined || this.#callOff !== undefined) return
    this.#callOff = this.#parts.clock.after(Math.max(1, Math.ceil(nextMs - this.#nowMs())), () => {
      this.#callOff = undefined
      this.#events?.expire(this.#nowMs())
      this.#passOn()
      this.#arm()
    })
  }

  async #stop(): Promise<void> {
    this.#callOff?.()
    if (!this.#leavesOpen) this.#events?.flush()
    this.#passOn()
    this.#parts.book.close()
    const left = await this.#feed?.close()
    // What was never written is not acknowledged: under audispd it comes again to the next process.
    const lost = left === undefined ? 0 : left.writtenBefore + (this.#isUnderAuditd ? left.neverWritten : 0)
    this.counts.lost += lost
    if (lost > 0) this.#parts.voice.log('warn', 'the child has not taken all records before the end', { lost })
    await this.#parts.jobs.close(JOBS_PATIENCE_MS)
    this.#parts.voice.alone()
    await this.#parts.over()
  }
}
