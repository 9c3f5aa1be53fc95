// Who said what in a scene, and when: kept for the case that something fails.

import type { Clock } from '../../dispatcher/clock.js'

/** D: the dispatcher, P: the plugin, E: its stderr, -: what happened. */
export type Speaker = 'D' | 'P' | 'E' | '-'

export interface Utterance {
  /** Since the scene began. */
  readonly atMs: number
  readonly who: Speaker
  readonly text: string
}

/** So many lines before and after a failure are shown. */
const SHOWN_AROUND = 12
/** Older ones are forgotten, by halves. */
const MAX_KEPT = 4096
const SHOWN_BYTES = 120

/** A place in a transcript. */
export type Mark = number

export class Transcript {
  readonly #clock: Clock
  readonly #beganMs: number
  #kept: Utterance[] = []
  #forgotten = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#beganMs = clock.nowMs()
  }

  /** `line` without its LF. */
  said(who: Speaker, line: Buffer | string): Mark {
    if (this.#kept.length === MAX_KEPT) {
      this.#kept = this.#kept.slice(MAX_KEPT / 2)
      this.#forgotten += MAX_KEPT / 2
    }
    const text = typeof line === 'string' ? line : printable(line)
    this.#kept.push({ atMs: Math.round(this.#clock.nowMs() - this.#beganMs), who, text })
    return this.#forgotten + this.#kept.length - 1
  }

  /** The end as it is now. */
  get now(): Mark {
    return this.#forgotten + this.#kept.length
  }

  around(mark: Mark): readonly Utterance[] {
    const at = mark - this.#forgotten
    return this.#kept.slice(Math.max(0, at - SHOWN_AROUND), Math.max(0, at + SHOWN_AROUND + 1))
  }
}

/** The beginning of any bytes, fit for a terminal. */
export function printable(bytes: Buffer): string {
  const text = escaped(bytes.toString('latin1', 0, SHOWN_BYTES))
  return bytes.length > SHOWN_BYTES ? `${text}… (${bytes.length} bytes)` : text
}

/** `latin1`: one character a byte. */
function escaped(latin1: string): string {
  return latin1.replace(/[^\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
