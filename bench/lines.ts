import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** Everything a process says, line by line, and a way to wait for what it will say. */
export class Lines {
  readonly seen: string[] = []
  readonly ended: Promise<void>
  #hasEnded = false
  readonly #lookers = new Set<() => void>()

  constructor(from: Readable) {
    const lines = createInterface({ input: from })
    lines.on('line', (line) => {
      this.seen.push(line)
      this.#lookAgain()
    })
    this.ended = new Promise((resolve) => {
      lines.once('close', () => {
        this.#hasEnded = true
        this.#lookAgain()
        resolve()
      })
    })
  }

  /** Resolves with the lines that match, once there are `count`; rejects when there is nothing more to come before that. */
  async until(pattern: RegExp, count = 1): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const matching = this.seen.filter((line) => pattern.test(line))
        if (matching.length < count && !this.#hasEnded) return
        this.#lookers.delete(look)
        if (matching.length >= count) resolve(matching)
        else reject(new Error(`it ended, having said: ${this.seen.at(-1) ?? 'nothing'}`))
      }
      this.#lookers.add(look)
      look()
    })
  }

  #lookAgain(): void {
    for (const look of this.#lookers) look()
  }
}
