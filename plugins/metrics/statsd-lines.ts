import type { Family } from './metric.js'
import { seriesPath } from './series-path.js'

/** Metrics as statsd takes them: gauges as they are, counters as what has been added since the last time. */
export class StatsdLines {
  readonly #root: string
  /** The counters of the last time. Not by path: that may be the same of two of them, as of plugins a.b and a_b. Undefined: there was none. */
  #last: ReadonlyMap<string, number> | undefined

  constructor(root: string) {
    this.#root = root
  }

  /** The first time nothing is known that could have been added; what appears later begins at 0 where it does so. */
  next(families: readonly Family[]): string[] {
    const lines: string[] = []
    const counters = new Map<string, number>()
    for (const { metric, samples } of families) {
      for (const { labels, value } of samples) {
        const path = seriesPath(this.#root, metric, labels)
        if (metric.type === 'gauge') {
          // A sign would be a change of the gauge.
          lines.push(`${path}:${Math.max(0, value)}|g`)
          continue
        }
        const counter = JSON.stringify([metric.name, ...labels])
        counters.set(counter, value)
        const added = this.#added(counter, value, metric.labels[0] === 'plugin')
        if (added > 0) lines.push(`${path}:${added}|c`)
      }
    }
    this.#last = counters
    return lines
  }

  #added(counter: string, value: number, beginsAtZero: boolean): number {
    if (this.#last === undefined) return 0
    const last = this.#last.get(counter) ?? (beginsAtZero ? 0 : value)
    // What counts began anew.
    return value < last ? value : value - last
  }
}

/** Lines side by side, as many as fit; one that is longer than that goes alone. */
export function datagramsOf(lines: readonly string[], maxBytes: number): Buffer[] {
  const datagrams: Buffer[] = []
  let text = ''
  for (const line of lines) {
    // Names are ASCII: a character is a byte.
    if (text !== '' && text.length + 1 + line.length > maxBytes) {
      datagrams.push(Buffer.from(text))
      text = ''
    }
    text = text === '' ? line : `${text}\n${line}`
  }
  if (text !== '') datagrams.push(Buffer.from(text))
  return datagrams
}
