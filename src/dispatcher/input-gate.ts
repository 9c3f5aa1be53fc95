// Holds input back until it may be passed on: stdin is read from the first moment, but version 0 records need the node's name
// first, and looking that up may take seconds.

/** So much is held; then it is passed on as it is, without the name. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

export class InputGate {
  readonly #onChunk: (chunk: Buffer) => void
  readonly #onEnd: (error: string) => void
  #isOpen = false
  #held: Buffer[] = []
  #heldBytes = 0
  #end: string | undefined

  constructor(onChunk: (chunk: Buffer) => void, onEnd: (error: string) => void) {
    this.#onChunk = onChunk
    this.#onEnd = onEnd
  }

  /** `chunk` is valid only during the call. */
  readonly take = (chunk: Buffer): void => {
    if (this.#isOpen) return this.#onChunk(chunk)
    this.#held.push(Buffer.from(chunk))
    this.#heldBytes += chunk.length
    if (this.#heldBytes > MAX_HELD_BYTES) this.open()
  }

  readonly end = (error: string): void => {
    if (this.#isOpen) this.#onEnd(error)
    else this.#end = error
  }

  /** Passes on what has been held, and from now on everything at once. */
  open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    for (const chunk of this.#held) this.#onChunk(chunk)
    this.#held = []
    if (this.#end !== undefined) this.#onEnd(this.#end)
  }
}
