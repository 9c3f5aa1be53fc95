// The daemon's peak memory while records rush through it one a write. Its queues should be empty meanwhile, as they are
// when plugins keep up: so they are looked at (the ledger, on SIGUSR1), and what was seen in them is told with the figure.

import { audispd, mostQueued } from './audispd.js'
import { CAT } from './consumer.js'
import { feed } from './feed.js'
import type { Options } from './options.js'
import { AUDISPD, AUDISPD_JITLESS } from './rate-cases.js'
import type { Workshop } from './workshop.js'

const PLUGINS = 4
const LOOK_MS = 50
/** So long that the garbage collector has had its turns. */
const RUN_TIMES = 4
/** For this share of the run. */
const LOOKED_AT = 0.9

export interface MemoryRow {
  readonly subject: string
  readonly peakKib: number
  /** The most records seen waiting in one queue. */
  readonly mostQueued: number
}

export async function measureMemory(workshop: Workshop, options: Options): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = []
  const millis = options.millis * RUN_TIMES
  for (const jitless of [false, true]) {
    const plugins = Array.from({ length: PLUGINS }, () => ({ program: CAT, format: 'string' as const }))
    const plan = {
      streamPath: workshop.streamPath,
      recordsAWrite: 1,
      warmUpMillis: 0,
      millis,
      meanwhile: (pid: number) => lookOften(pid, millis),
    }
    const outcome = await feed(workshop.programs.producer, plan, audispd({ dir: workshop.newDir(), jitless, plugins }))
    if (outcome.kind === 'failed') throw new Error(`memory: ${outcome.reason}`)
    const { peakKib, log } = outcome.result
    rows.push({ subject: jitless ? AUDISPD_JITLESS : AUDISPD, peakKib, mostQueued: mostQueued(log) })
  }
  return rows
}

/** Not to the very end: a daemon that has ended its work no longer listens to signals. */
function lookOften(pid: number, millis: number): () => void {
  const looking = setInterval(() => {
    process.kill(pid, 'SIGUSR1')
  }, LOOK_MS)
  const stop = (): void => {
    clearInterval(looking)
    clearTimeout(timer)
  }
  const timer = setTimeout(stop, millis * LOOKED_AT)
  return stop
}
