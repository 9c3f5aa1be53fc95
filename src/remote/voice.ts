// What either program says goes into its dispatcher's log: with its level where there is somebody to take it, else on standard error,
// where what nobody has to act on goes in any case. Of each text so many go out in so much time; what is left out is counted.

import { renderLine } from '../log.js'
import { harmlessText } from '../protocol/harmless-text.js'
import type { Clock } from './ports.js'

export type Level = 'debug' | 'info' | 'warn' | 'error'
/** To the dispatcher; nobody waits for it. */
type Notify = (level: Level, text: string) => Promise<void>

export type LogFields = Readonly<Record<string, string | number>>

/** Of one text. */
const LINES_PER_WINDOW = 10
const WINDOW_MS = 60_000
/** Texts are constants of this program; this is for the case that one is not. */
const MAX_TEXTS = 500
const MAX_FIELD_CHARACTERS = 300

interface Said {
  readonly sinceMs: number
  lines: number
}

export class Voice {
  readonly #clock: Clock
  readonly #write: (line: string) => void
  readonly #said = new Map<string, Said>()
  #notify: Notify | undefined

  constructor(clock: Clock, write: (line: string) => void) {
    this.#clock = clock
    this.#write = write
  }

  /** The dispatcher listens from now on. */
  heardBy(plugin: { readonly notify: Notify }): void {
    this.#notify = (level, text) => plugin.notify(level, text)
  }

  /** Nobody answers any more. */
  alone(): void {
    this.#notify = undefined
  }

  /** `text` is constant; what varies, and what peers said, stands in `fields`, and is cut and made harmless. */
  readonly log = (level: Level, text: string, fields: LogFields = {}): void => {
    const leftOut = this.#leftOut(text)
    if (leftOut === undefined) return
    const harmless = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? harmlessText(value, MAX_FIELD_CHARACTERS) : value,
      ]),
    )
    const more = leftOut === 0 ? {} : { leftOut }
    const line = renderLine(JSON.stringify({ ...harmless, ...more, msg: text }), false)
    if ((level === 'warn' || level === 'error') && this.#notify !== undefined) void this.#notify(level, line.trimEnd())
    else this.#write(line)
  }

  /** Undefined: it is too much; else how many of it were left out in the window before. */
  #leftOut(text: string): number | undefined {
    const nowMs = this.#clock.monotonicMs()
    const said = this.#said.get(text)
    if (said !== undefined && nowMs - said.sinceMs < WINDOW_MS) {
      said.lines++
      return said.lines <= LINES_PER_WINDOW ? 0 : undefined
    }
    if (this.#said.size >= MAX_TEXTS) this.#said.clear()
    this.#said.set(text, { sinceMs: nowMs, lines: 1 })
    return Math.max(0, (said?.lines ?? 0) - LINES_PER_WINDOW)
  }
}
