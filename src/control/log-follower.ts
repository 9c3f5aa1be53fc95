import type { Spring } from './control-desk.js'
import type { LogLine } from './log-ring.js'

/** What waits for one that does not read; then lines are left out, and a line says how many. */
const MAX_WAITING_BYTES = 256 * 1024

/** The lines of the log from now on, one of JSON each, for one who follows it. */
export class LogFollower implements Spring {
  readonly #plugin: string | undefined
  readonly #onMore: () => void
  readonly #onClose: () => void
  #waiting: string[] = []
  #bytes = 0
  #lost = 0

  constructor(plugin: string | undefined, onMore: () => void, onClose: () => void) {
    this.#plugin = plugin
    this.#onMore = onMore
    this.#onClose = onClose
  }

  hear(line: LogLine): void {
    if (this.#plugin !== undefined && line.plugin !== this.#plugin) return
    const text = `${JSON.stringify(line)}\n`
    if (this.#bytes + text.length > MAX_WAITING_BYTES) {
      this.#lost++
      return
    }
    this.#noteLost()
    this.#waiting.push(text)
    this.#bytes += text.length
    this.#onMore()
  }

  take(): Buffer | undefined {
    this.#noteLost()
    if (this.#waiting.length === 0) return undefined
    const bytes = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#bytes = 0
    return bytes
  }

  close(): void {
    this.#onClose()
  }

  #noteLost(): void {
    if (this.#lost > 0) this.#waiting.push(`${JSON.stringify({ lost: this.#lost })}\n`)
    this.#lost = 0
  }
}
