// Tells of what is lost to one plugin, as its queue notices it. The record that says that a loss began cannot reach the loser
// itself, whose queue is full: it is owed to it until there is room.

import { lineNode, lineType } from '../protocol/record.js'
import { selectorMatches, type Selector } from '../protocol/selector.js'
import type { Clock } from './clock.js'
import type { Herald } from './herald.js'
import type { DropReason, Ledger } from './ledger.js'
import type { OutboxWatcher } from './outbox.js'
import type { PluginVoice } from './plugin-voice.js'
import type { OverflowAction } from './settings.js'

const NOTHING: Buffer = Buffer.alloc(0)
/** A queue may fill and empty many times within one turn; of so many beginnings the records are owed, the newest. */
const MAX_OWED = 8

export interface LossTellerParts {
  readonly voice: PluginVoice
  readonly herald: Herald
  readonly clock: Clock
  readonly ledger: () => Ledger
  readonly overflow: () => OverflowAction
  /** Runs `single` and `halt`. */
  readonly changeRunlevel: (to: 'single' | 'halt') => void
  readonly makeRoom: () => void
}

export class LossTeller implements OutboxWatcher {
  readonly #parts: LossTellerParts
  #owed: Buffer[] = []
  /** How many of them there is room for. */
  #due = 0

  constructor(parts: LossTellerParts) {
    this.#parts = parts
  }

  makeRoom(): void {
    this.#parts.makeRoom()
  }

  lossBegan(reason: DropReason): void {
    const { voice, ledger, changeRunlevel } = this.#parts
    const overflow = this.#parts.overflow()
    this.#owed = [...this.#owed, voice.lossBegan(reason, ledger().queued, overflow)].slice(-MAX_OWED)
    this.#due = 0
    if (overflow === 'single' || overflow === 'halt') changeRunlevel(overflow)
  }

  lossEnded(lost: number): void {
    this.#due = this.#owed.length
    this.#parts.voice.lossEnded(lost, this.#parts.overflow())
  }

  tooLong(): void {
    this.#parts.voice.tooLong(this.#parts.ledger().dropped['too-long'], this.#parts.clock.nowMs())
  }

  poisoned(line: Buffer): void {
    this.#parts.voice.poisoned(line)
  }

  queueShut(reason: 'failed' | 'stopped', lost: number): void {
    if (lost > 0) this.#parts.voice.queueShut(reason, lost)
  }

  queueReopened(lost: number): void {
    this.#due = this.#owed.length
    if (lost > 0) this.#parts.voice.queueReopened(lost)
  }

  /** The next record about the beginning of a loss of its own; empty unless there is room, and `selector` asks for it. */
  takeOwed(selector: Selector): Buffer {
    while (this.#due > 0) {
      this.#due--
      const line = this.#owed.shift() ?? NOTHING
      // What is still to be published will come with that.
      if (isWanted(line, selector) && !this.#parts.herald.isPending(line)) return line
    }
    return NOTHING
  }
}

function isWanted(line: Buffer, selector: Selector): boolean {
  const { length } = line
  return length > 0 && selectorMatches(selector, lineType(line, 0, length), lineNode(line, 0, length), 'self')
}
