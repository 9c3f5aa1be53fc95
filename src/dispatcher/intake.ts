// How records get in line for a plugin of the line protocol, and what is lost when there is no room.

import type { LostReason } from '../protocol/line.js'
import type { Bounds } from './bounds.js'
import { firstOf, gapOf, wholeUpTo, UNWRITTEN, type Gap, type Run } from './entry.js'
import { EntryList } from './entry-list.js'
import { PROTOCOL } from './format.js'
import type { DropReason, Ledger } from './ledger.js'

export interface IntakeOwner {
  /** Writes what the plugin takes now. */
  makeRoom(): void
  /** Bytes of what stands first that the plugin has begun to get. */
  begun(): number
}

export class Intake {
  readonly #waiting: EntryList
  readonly #bounds: Bounds
  readonly #ledger: Ledger
  readonly #owner: IntakeOwner

  constructor(waiting: EntryList, bounds: Bounds, ledger: Ledger, owner: IntakeOwner) {
    this.#waiting = waiting
    this.#bounds = bounds
    this.#ledger = ledger
    this.#owner = owner
  }

  /** Takes a run, as far as the bounds let it. Its segment is held from then on. */
  take(offered: Omit<Run, 'kind' | 'at'>, ownRecord: boolean): void {
    const { refusal } = this.#bounds.flow
    if (refusal !== undefined) return this.lose(refusal, offered.records, offered.first, offered.last)
    const run: Run = { ...offered, kind: 'run', at: UNWRITTEN }
    run.segment.hold()
    if (this.#bounds.takes(run.records, run.end - run.start)) this.#append(run)
    else this.#takeWhatFits(run, ownRecord)
  }

  /** Notes records that never come to this plugin, in their place in the line. */
  lose(reason: DropReason & LostReason, records: number, first: number, last: number): void {
    this.#bounds.flow.drop(reason, records)
    this.#waiting.append(gapOf(reason, records, first, last))
  }

  /** What was lost when a process had got it, and the plugin has said to be safe before it was told, is not lost at all. */
  readonly regain = ({ reason, line, isMixed }: Gap, count: number): void => {
    if (reason === 'input-gap' || line !== undefined || isMixed) return
    this.#ledger.dropped[reason] -= count
    this.#ledger.delivered += count
  }

  #append(run: Run): void {
    this.#ledger.queued += run.records
    this.#waiting.append(run)
  }

  /** Takes records as long as there is room, or the plugin makes some; the rest is lost, or pushes out what is older. */
  #takeWhatFits(run: Run, ownRecord: boolean): void {
    const rest = new EntryList()
    rest.append(run)
    for (let left = rest.firstRun; left !== undefined; left = rest.firstRun) {
      const fits = this.#fitting(left)
      if (fits > 0) this.#append(rest.takeBeginning(left, firstOf(left, fits)))
      const { queued } = this.#ledger
      if (rest.length > 0) this.#owner.makeRoom()
      if (this.#ledger.queued === queued) break
    }
    for (const left of rest.takeAll()) if (left.kind === 'run') this.#overflow(left, ownRecord)
  }

  /** How many of the first records have room. */
  #fitting(run: Run): number {
    let records = 0
    let end = run.start
    while (records < run.records) {
      const next = PROTOCOL.endOfRecord(run.segment.bytes, end)
      if (!this.#bounds.hasRoom(records + 1, next - run.start)) break
      end = next
      records++
    }
    return records
  }

  #overflow(run: Run, ownRecord: boolean): void {
    const dropped = this.#bounds.overflow(ownRecord)
    if (dropped === 'oldest') {
      this.#append(run)
      return this.#dropOldest()
    }
    this.lose(dropped, run.records, run.first, run.last)
    run.segment.release()
  }

  /** Drops from the front until the limits hold, but never a record that the plugin has begun to get. */
  #dropOldest(): void {
    const begun = this.#owner.begun()
    const first = this.#waiting.first
    if (begun > 0 && first?.kind === 'run') {
      const upTo = wholeUpTo(first, first.start + begun)
      const isBetween = upTo.end === first.start + begun
      this.#waiting.splitFirst(first, isBetween ? upTo : firstOf(first, upTo.records + 1))
    }
    while (!this.#bounds.hasRoom(0, 0)) {
      const at = this.#waiting.runFrom(begun > 0 ? 1 : 0)
      const run = this.#waiting.at(at)
      if (run?.kind !== 'run') return
      this.#ledger.queued--
      this.#bounds.flow.drop('queue-full', 1)
      this.#waiting.lose(at, run, firstOf(run, 1), 'queue-full')
    }
  }
}
