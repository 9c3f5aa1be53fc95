// A plugin that sends records without any protocol: each line of its stdout is one.

import { harmlessText } from '../protocol/harmless-text.js'
import { LineSplitter } from '../protocol/line-splitter.js'
import type { Clock } from './clock.js'
import type { Inlet } from './inlet.js'
import type { PluginVoice } from './plugin-voice.js'

const LF = 0x0a
const SHOWN_CHARACTERS = 200

export class Producer {
  readonly #inlet: Inlet
  readonly #voice: PluginVoice
  readonly #clock: Clock
  #splitter: LineSplitter
  #number = 0

  constructor(inlet: Inlet, voice: PluginVoice, clock: Clock) {
    this.#inlet = inlet
    this.#voice = voice
    this.#clock = clock
    this.#splitter = this.#newSplitter()
  }

  begin(): void {
    this.#splitter = this.#newSplitter()
    this.#number = 0
    this.#inlet.begin(false)
  }

  /** The next bytes of its stdout, valid only during the call. */
  hear(chunk: Buffer): void {
    this.#splitter.push(chunk)
    this.#inlet.flush()
  }

  /** The process is gone. */
  end(): void {
    const torn = this.#splitter.heldBytes
    if (torn > 0) this.#voice.tornLine(torn)
  }

  #newSplitter(): LineSplitter {
    return new LineSplitter({
      lines: (bytes, start, end) => {
        for (let from = start; from < end;) {
          const lf = bytes.indexOf(LF, from)
          this.#line(bytes, from, lf)
          from = lf + 1
        }
      },
      tooLong: (beginning) => {
        this.#inlet.refuse()
        this.#bad(beginning.toString('latin1'))
      },
    })
  }

  #line(bytes: Buffer, start: number, end: number): void {
    if (start === end) return
    const taking = this.#inlet.take(++this.#number, bytes, start, end, false)
    if (taking === 'bad') this.#bad(bytes.toString('latin1', start, end))
  }

  #bad(line: string): void {
    this.#voice.badRecord(this.#inlet.counters.bad, harmlessText(line, SHOWN_CHARACTERS), this.#clock.nowMs())
  }
}
