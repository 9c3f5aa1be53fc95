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
  #owed = NOTHING
  #isDue = false

  constructor(parts: LossTellerParts) {
    this.#parts = parts
  }

  makeRoom(): void {
    this.#parts.makeRoom()
  }

  lossBegan(reason: DropReason): void {
    const { voice, ledger, changeRunlevel } = this.#parts
    const overflow = this.#parts.overflow()
    this.#owed = voice.lossBegan(reason, ledger().queued, overflow)
    this.#isDue = false
    if (overflow === 'single' || overflow === 'halt') changeRunlevel(overflow)
  }

  lossEnded(lost: number): void {
    this.#isDue = true
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
    this.#isDue = true
    if (lost > 0) this.#parts.voice.queueReopened(lost)
  }

  /** The record about the beginning of its own loss; empty unless there is room, and `selector` asks for it. */
  takeOwed(selector: Selector): Buffer {
    if (!this.#isDue) return NOTHING
    const line = this.#owed
    this.#isDue = false
    this.#owed = NOTHING
    const { length } = line
    const isWanted = selectorMatches(selector, lineType(line, 0, length), lineNode(line, 0, length), 'self')
    if (length === 0 || !isWanted) return NOTHING
    // It is still to be published, and will come with that.
    return this.#parts.herald.isPending(line) ? NOTHING : line
  }
}
