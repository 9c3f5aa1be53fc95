// Events that setroubleshootd has not taken yet, oldest first; bounded by number and by bytes, and beyond that the newest is
// dropped: the first alert of a fault is worth more than its thousandth.

export interface WaitingBounds {
  readonly events: number
  readonly bytes: number
}

export class Waiting {
  readonly #bounds: WaitingBounds
  readonly #texts: Buffer[] = []
  #bytes = 0
  #dropped = 0

  constructor(bounds: WaitingBounds) {
    this.#bounds = bounds
  }

  get events(): number {
    return this.#texts.length
  }

  /** Of all time. */
  get dropped(): number {
    return this.#dropped
  }

  get isHalfFree(): boolean {
    return this.#texts.length <= this.#bounds.events / 2 && this.#bytes <= this.#bounds.bytes / 2
  }

  get first(): Buffer | undefined {
    return this.#texts[0]
  }

  /** Whether there is room for it. */
  add(text: Buffer): boolean {
    if (this.#texts.length >= this.#bounds.events || this.#bytes + text.length > this.#bounds.bytes) {
      this.#dropped++
      return false
    }
    this.#texts.push(text)
    this.#bytes += text.length
    return true
  }

  removeFirst(): void {
    this.#bytes -= this.#texts.shift()?.length ?? 0
  }
}
