// What becomes of what a plugin asks for where there is nobody to ask: auditd reads nothing of a plugin.

import { harmlessText } from '../protocol/harmless-text.js'
import type { Clock } from './clock.js'
import { unminded } from './deferred.js'
import { LimitedVoice } from './limited-voice.js'
import type { Asking } from './peer.js'
import { CommandError } from './sdk-error.js'

/** As the dispatcher has it. */
const MOST_TEXTS = 50
const TEXTS_WINDOW_MS = 10_000
const MOST_TEXT_CHARACTERS = 1000
/** So many different refusals are told. */
const MOST_TOLD = 32

export class NoDispatcher implements Asking {
  readonly #complain: (text: string) => void
  readonly #voice: LimitedVoice
  readonly #told = new Set<string>()

  constructor(clock: Clock, complain: (text: string) => void) {
    this.#complain = complain
    this.#voice = new LimitedVoice(
      MOST_TEXTS,
      TEXTS_WINDOW_MS,
      clock,
      complain,
      (count) => `notify: ${count} texts were left out`,
    )
  }

  /** Rejects with a CommandError, `denied`. Told once of its name, as the author may have left the promise alone. */
  ask<Result>(name: string): Promise<Result> {
    const text = 'the input comes from auditd, or from audispd without format = protocol: nobody takes commands'
    if (!this.#told.has(name) && this.#told.size < MOST_TOLD) {
      this.#told.add(name)
      this.#complain(`${name}: denied: ${text}`)
    }
    return unminded(Promise.reject(new CommandError('denied', text)))
  }

  async notify(level: string, text: string): Promise<void> {
    this.#voice.say(`${level.toUpperCase()}: ${harmlessText(text, MOST_TEXT_CHARACTERS)}`)
  }

  close(): void {
    this.#voice.close()
  }
}
