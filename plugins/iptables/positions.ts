// Where reading goes on after this process, kept in a file.

import { errorText } from '../../src/config/disk.js'
import { errorCode } from '../../src/config/error-code.js'
import type { Voice } from '../../src/remote/voice.js'
import { loadPlace, savePlace } from './position-file.js'
import type { Place, Start } from './source.js'

/** It is not written more often while all goes well: after a death more is sent again, and nothing arrives twice. */
const SAVE_EVERY_MS = 1000

export class Positions {
  readonly #path: string
  readonly #source: string
  readonly #voice: Voice
  readonly #nowMs: () => number
  /** What is in the file. */
  #saved: Place | undefined
  #savedAtMs = -Infinity
  #isWritable = true

  /** `nowMs` never goes back. */
  constructor(path: string, source: string, voice: Voice, nowMs: () => number) {
    this.#path = path
    this.#source = source
    this.#voice = voice
    this.#nowMs = nowMs
  }

  /** `leastBase`: what no new position may be below, whatever is in the file. */
  start(leastBase: number): Start {
    const saved = loadPlace(this.#path)
    if (typeof saved === 'string')
      this.#voice.log('warn', 'the position file cannot be used; beginning as if there were none', {
        file: this.#path,
        why: saved,
      })
    if (typeof saved !== 'object') return { place: undefined, placedAtMs: 0, leastBase }
    const { source, place, savedAtMs } = saved
    return {
      place: source === this.#source ? place : undefined,
      placedAtMs: savedAtMs,
      leastBase: Math.max(leastBase, place.base + place.offset),
    }
  }

  /** Writes it down if it is another place than before, and not too soon. */
  reached(place: Place): void {
    if (this.#nowMs() - this.#savedAtMs >= SAVE_EVERY_MS) this.save(place)
  }

  /** Writes it down at once. */
  save(place: Place): void {
    const { identity, base, offset } = place
    if (this.#saved?.identity === identity && this.#saved.base === base && this.#saved.offset === offset) return
    this.#savedAtMs = this.#nowMs()
    try {
      savePlace(this.#path, { source: this.#source, place })
    } catch (error) {
      if (errorCode(error) === '') throw error
      if (this.#isWritable)
        this.#voice.log('error', 'the position file cannot be written; a restart would send packets again', {
          file: this.#path,
          why: errorText(error),
        })
      this.#isWritable = false
      return
    }
    if (!this.#isWritable) this.#voice.log('info', 'the position file is written again', { file: this.#path })
    this.#isWritable = true
    this.#saved = place
  }
}
