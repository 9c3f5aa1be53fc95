import type { Clock } from './clock.js'

/** Texts for people, so many in so much time; how many more there were is told with the next one, or at the end. */
export class LimitedVoice {
  readonly #most: number
  readonly #windowMs: number
  readonly #clock: Clock
  readonly #say: (text: string) => void
  readonly #leftOut: (count: number) => string
  #beganMs = Number.NEGATIVE_INFINITY
  #said = 0

  constructor(
    most: number,
    windowMs: number,
    clock: Clock,
    say: (text: string) => void,
    leftOut: (count: number) => string,
  ) {
    this.#most = most
    this.#windowMs = windowMs
    this.#clock = clock
    this.#say = say
    this.#leftOut = leftOut
  }

  say(text: string): void {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#beganMs >= this.#windowMs) {
      this.close()
      this.#beganMs = nowMs
    }
    if (++this.#said <= this.#most) this.#say(text)
  }

  /** Tells what is still to be told. */
  close(): void {
    const leftOut = this.#said - this.#most
    this.#said = 0
    if (leftOut > 0) this.#say(this.#leftOut(leftOut))
  }
}
