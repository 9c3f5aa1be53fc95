// How long a single record takes from its write into stdin until a plugin has it, at a pace that leaves everybody at rest
// between two records; and what the daemon's memory is then. The clock is read right before the write and right after the
// read that brings the record. What the two ends take by themselves is measured too: with nothing between them.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { audispd } from './audispd.js'
import { CAT, type Consumer, type Program } from './consumer.js'
import { feed } from './feed.js'
import type { Options } from './options.js'
import { AUDISPD, AUDISPD_JITLESS, TEE } from './rate-cases.js'
import { inOrder, quantile } from './statistics.js'
import { tee } from './tee.js'
import type { Workshop } from './workshop.js'

export const RECORDS_A_SECOND = 1000
export const NOTHING = 'nothing between'
const WARM_UP_MILLIS = 300
/** The one that is timed is the last, so the record has gone to the others before. */
const OTHER_PLUGINS = 3
/** Of what is only there to compare with, fewer samples do. */
const SHARE_OF_OTHERS = 0.4

export interface DelayRow {
  readonly subject: string
  readonly samples: number
  readonly medianMicros: number
  readonly p99Micros: number
  readonly mostMicros: number
  readonly peakKib: number
}

interface Case {
  readonly subject: string
  readonly samples: number
  readonly open: (dir: string, stamper: Program) => Consumer
}

export async function measureDelays(workshop: Workshop, options: Options): Promise<DelayRow[]> {
  const others = Array.from({ length: OTHER_PLUGINS }, () => CAT)
  const few = Math.ceil(options.samples * SHARE_OF_OTHERS)
  const ours = (jitless: boolean) => (dir: string, stamper: Program) => {
    const plugins = [...others, stamper].map((program) => ({ program, format: 'string' as const }))
    return audispd({ dir, jitless, plugins })
  }
  const cases: Case[] = [
    { subject: NOTHING, samples: few, open: (_, stamper) => alone(stamper) },
    { subject: TEE, samples: few, open: (dir, stamper) => tee(dir, [...others, stamper]) },
    { subject: AUDISPD, samples: options.samples, open: ours(false) },
    { subject: AUDISPD_JITLESS, samples: options.samples, open: ours(true) },
  ]
  const rows: DelayRow[] = []
  for (const { subject, samples, open } of cases) rows.push(await measure(workshop, subject, samples, open))
  return rows
}

async function measure(workshop: Workshop, subject: string, samples: number, open: Case['open']): Promise<DelayRow> {
  const dir = workshop.newDir()
  const file = join(dir, 'stamps')
  const plan = {
    streamPath: workshop.streamPath,
    recordsAWrite: 1,
    warmUpMillis: WARM_UP_MILLIS,
    millis: (samples * 1000) / RECORDS_A_SECOND,
    recordsASecond: RECORDS_A_SECOND,
    stampAt: workshop.stampAt,
  }
  const outcome = await feed(workshop.programs.producer, plan, open(dir, workshop.stamper(file)))
  if (outcome.kind === 'failed') throw new Error(`${subject}: ${outcome.reason}`)
  const delays = inOrder(delaysIn(file).slice(outcome.result.warmUp))
  return {
    subject,
    samples: delays.length,
    medianMicros: quantile(delays, 0.5) / 1e3,
    p99Micros: quantile(delays, 0.99) / 1e3,
    mostMicros: quantile(delays, 1) / 1e3,
    peakKib: outcome.result.peakKib,
  }
}

/** The plugin itself reads the stream. */
function alone({ path, args }: Program): Consumer {
  return {
    command: [path, ...args],
    ready: async () => {},
    arrival: async () => ({ kind: 'unknown' }),
    close: async () => {},
  }
}

/** In nanoseconds, as they came. */
function delaysIn(file: string): number[] {
  return stampsIn(file).map(({ sentNs, arrivedNs }) => arrivedNs - sentNs)
}

/** What a stamper has noted. */
export function stampsIn(file: string): { readonly sentNs: number; readonly arrivedNs: number }[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  return lines.map((line) => {
    const [sent, arrived] = line.split(' ')
    return { sentNs: Number(sent), arrivedNs: Number(arrived) }
  })
}
