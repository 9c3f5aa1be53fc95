// The last lines of the daemon's log, kept for `logs`, whatever becomes of the log itself. Each plugin has a share of its own, and
// what it says on stderr another than what is said about it, so that none can push out what tells why another died. Bounds: so many
// lines and bytes a share; and so many bytes in all, beyond which the largest share gives way.

import { LogFollower } from './log-follower.js'

const SHARE_LINES = 200
const SHARE_BYTES = 128 * 1024
const ALL_BYTES = 4 * 1024 * 1024
/** The message of a line that a plugin has written. */
const SAYS = 'plugin says'
const LEVELS: readonly (readonly [number, LogLine['level']])[] = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
]

export interface LogLine {
  readonly at: string
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  readonly message: string
  /** '' when it is about none. */
  readonly plugin: string
  readonly fields: Readonly<Record<string, unknown>>
}

interface Kept {
  readonly order: number
  readonly bytes: number
  readonly line: LogLine
}

interface Share {
  readonly kept: Kept[]
  bytes: number
}

export class LogRing {
  readonly #shares = new Map<string, Share>()
  readonly #followers = new Set<LogFollower>()
  #bytes = 0
  #count = 0

  /** Takes a line of the log as pino writes it. */
  readonly hear = (json: string): void => {
    const line = readLine(json)
    if (line === undefined) return
    for (const follower of this.#followers) follower.hear(line)
    const name = line.message === SAYS ? `${line.plugin}\n` : line.plugin
    const share = this.#shares.get(name) ?? { kept: [], bytes: 0 }
    this.#shares.set(name, share)
    share.kept.push({ order: ++this.#count, bytes: json.length, line })
    share.bytes += json.length
    this.#bytes += json.length
    while (share.kept.length > SHARE_LINES || share.bytes > SHARE_BYTES) this.#dropOldest(name, share)
    while (this.#bytes > ALL_BYTES) this.#dropFromLargest()
  }

  /** What is kept, in the order it was said: of all, or of one plugin. */
  lines(plugin: string | undefined): LogLine[] {
    return [...this.#shares.values()]
      .flatMap(({ kept }) => kept)
      .filter(({ line }) => plugin === undefined || line.plugin === plugin)
      .toSorted((a, b) => a.order - b.order)
      .map(({ line }) => line)
  }

  /** Tells what comes from now on. */
  follow(plugin: string | undefined, onMore: () => void): LogFollower {
    const follower = new LogFollower(plugin, onMore, () => this.#followers.delete(follower))
    this.#followers.add(follower)
    return follower
  }

  #dropFromLargest(): void {
    let largest: readonly [string, Share] | undefined
    for (const each of this.#shares) if (each[1].bytes > (largest?.[1].bytes ?? 0)) largest = each
    if (largest !== undefined) this.#dropOldest(...largest)
  }

  #dropOldest(name: string, share: Share): void {
    const bytes = share.kept.shift()?.bytes ?? 0
    share.bytes -= bytes
    this.#bytes -= bytes
    if (share.kept.length === 0) this.#shares.delete(name)
  }
}

function readLine(json: string): LogLine | undefined {
  const parsed: unknown = JSON.parse(json)
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { time, level, msg, plugin, ...fields } = { time: '', level: 0, msg: '', plugin: '', ...parsed }
  return { at: time, level: levelName(level), message: msg, plugin, fields }
}

function levelName(level: number): LogLine['level'] {
  return LEVELS.find(([least]) => level >= least)?.[1] ?? 'debug'
}
