import type { StreamSink } from '../../src/protocol/stream.js'
import type { HeardFrame } from './listener.js'

/** Compares with what came before; much faster than to collect. */
export class ExpectedSequence implements StreamSink {
  readonly #frames: readonly HeardFrame[]
  readonly #text: Buffer
  readonly #troubles: string
  #framesSeen = 0
  #textSeen = 0
  #troublesSeen = '[]'
  #isSame = true

  constructor(frames: readonly HeardFrame[], text: Buffer, troubles: string) {
    this.#frames = frames
    this.#text = text
    this.#troubles = troubles
  }

  get isComplete(): boolean {
    const isAll = this.#framesSeen === this.#frames.length && this.#textSeen === this.#text.length
    return this.#isSame && isAll && this.#troublesSeen === this.#troubles
  }

  begin(): void {
    this.#framesSeen = 0
    this.#textSeen = 0
    this.#troublesSeen = '[]'
    this.#isSame = true
  }

  frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, clean: boolean): void {
    const frame = this.#frames[this.#framesSeen++]
    const isSameHeader = frame?.version === version && frame.type === type && frame.clean === clean
    const length = frame?.payload.length ?? 0
    if (!isSameHeader || bytes.compare(frame.payload, 0, length, start, end) !== 0) this.#isSame = false
  }

  lines(bytes: Buffer, start: number, end: number): void {
    const seen = this.#textSeen
    this.#textSeen += end - start
    if (bytes.compare(this.#text, seen, this.#textSeen, start, end) !== 0) this.#isSame = false
  }

  trouble(trouble: unknown): void {
    this.#troublesSeen = JSON.stringify([...JSON.parse(this.#troublesSeen), trouble])
  }
}
