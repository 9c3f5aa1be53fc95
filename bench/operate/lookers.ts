// Who looks at a running daemon: nobody, `audispctl top`, and taps that read, do not keep up, or have stopped.

import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Consumer } from '../consumer.js'

const AUDISPCTL = fileURLToPath(new URL('../../src/ctl/main.js', import.meta.url))
const END_LIMIT_MS = 5000
/** Of /proc: user and system time, in ticks of which Linux has a hundred a second. */
const USER_TIME = 11
const TICKS_A_SECOND = 100
const SUM = /tap: ([\d,]+) (?:record|event)s? shown, ([\d,]+) records? lost/

export const NOBODY = 'nobody'
export const TOP = 'top'
export const TAP = 'tap >/dev/null'
export const TAP_EVENTS = 'tap --event >/dev/null'
export const TAP_STOPPED = 'tap, nobody reads it'
export const LOOKERS = [NOBODY, TOP, TAP, TAP_EVENTS, TAP_STOPPED] as const
export type Looker = (typeof LOOKERS)[number]

/** What it has done. */
export interface Looked {
  /** Of one core, while records flowed. */
  readonly cpuShare: number
  /** Its last words: what it has shown, and what it has missed. */
  readonly seen: string
}

/** A consumer at whose control socket somebody looks, from before the first record until behind the last. */
export function lookedAt(consumer: Consumer, looker: Looker, dir: string, tell: (looked: Looked) => void): Consumer {
  let looking: Looking | undefined
  return {
    ...consumer,
    ready: async (pid, log) => {
      await consumer.ready(pid, log)
      if (looker !== NOBODY) looking = new Looking(looker, join(dir, 'control.sock'))
    },
    close: async () => {
      const looked = await looking?.end()
      if (looked !== undefined) tell(looked)
      await consumer.close()
    },
  }
}

class Looking {
  readonly #child: ChildProcess
  readonly #startedMs = performance.now()
  #words = ''
  #spent = 0
  readonly #watch: NodeJS.Timeout

  constructor(looker: Exclude<Looker, typeof NOBODY>, socket: string) {
    const [verb, ...options] = WORDS[looker]
    const stdout = looker === TOP || looker === TAP_STOPPED ? 'pipe' : 'ignore'
    const words = [AUDISPCTL, verb, '--socket', socket, ...options]
    this.#child = spawn(process.execPath, words, { stdio: ['ignore', stdout, 'pipe'] })
    if (looker === TOP) this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    // The kernel forgets it with the process.
    this.#watch = setInterval(() => {
      this.#spent = spentBy(this.#child.pid) ?? this.#spent
    }, 100)
  }

  async end(): Promise<Looked> {
    const lastedMs = performance.now() - this.#startedMs
    clearInterval(this.#watch)
    const ended = new Promise<void>((resolve) => {
      this.#child.once('close', () => resolve())
    })
    this.#child.kill('SIGINT')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_LIMIT_MS)
    // What nobody has read is read now, or it would not end.
    this.#child.stdout?.resume()
    if (this.#child.exitCode === null) await ended
    clearTimeout(timer)
    return { cpuShare: (this.#spent * 1000) / lastedMs, seen: seenIn(this.#words) }
  }

  #hear(text: string): void {
    this.#words = `${this.#words}${text}`.slice(-100_000)
  }
}

const WORDS = {
  [TOP]: ['top', '--json'],
  [TAP]: ['tap'],
  [TAP_EVENTS]: ['tap', '--event'],
  [TAP_STOPPED]: ['tap'],
} as const

/** Seconds of CPU time. */
function spentBy(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid ?? 0}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[USER_TIME]) + Number(fields[USER_TIME + 1])) / TICKS_A_SECOND
  } catch {
    // ENOENT, ESRCH: it has ended.
    return undefined
  }
}

function seenIn(words: string): string {
  const [, shown, lost] = SUM.exec(words) ?? []
  if (shown !== undefined && lost !== undefined) {
    const [seen, missed] = [shown, lost].map((text) => Number(text.replaceAll(',', '')))
    return percent((seen ?? 0) / Math.max(1, (seen ?? 0) + (missed ?? 0)))
  }
  const parts = [...words.matchAll(/"part":([\d.]+)/g)].map(([, part]) => Number(part))
  return parts.length === 0 ? '' : percent(Math.min(...parts))
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)}%`
}
