// From the spawn of the daemon, through its launcher as auditd starts it, until the first record has reached a plugin.
// Records are written to it from the beginning, as auditd does.

import { join } from 'node:path'
import { audispd } from './audispd.js'
import { stampsIn } from './delays.js'
import { feed } from './feed.js'
import type { Options } from './options.js'
import { AUDISPD, AUDISPD_JITLESS } from './rate-cases.js'
import { spreadOf, type Spread } from './statistics.js'
import type { Workshop } from './workshop.js'

const PLUGINS = 4
const RECORDS_A_SECOND = 1000
/** Longer than a start should take; one that takes longer still finds its records in the socket. */
const MILLIS = 600

export interface StartRow {
  readonly subject: string
  readonly millis: Spread
}

export async function measureStarts(workshop: Workshop, options: Options): Promise<StartRow[]> {
  const subjects = [
    { subject: AUDISPD, jitless: false, millis: [] as number[] },
    { subject: AUDISPD_JITLESS, jitless: true, millis: [] as number[] },
  ]
  for (let round = 0; round < options.starts; round++) {
    for (const { jitless, millis } of subjects) millis.push(await measure(workshop, jitless))
  }
  return subjects.map(({ subject, millis }) => ({ subject, millis: spreadOf(millis) }))
}

async function measure(workshop: Workshop, jitless: boolean): Promise<number> {
  const dir = workshop.newDir()
  const files = Array.from({ length: PLUGINS }, (_, index) => join(dir, `p${index + 1}.stamps`))
  const plugins = files.map((file) => ({ program: workshop.stamper(file), format: 'string' as const }))
  const plan = {
    streamPath: workshop.streamPath,
    recordsAWrite: 1,
    warmUpMillis: 0,
    millis: MILLIS,
    recordsASecond: RECORDS_A_SECOND,
    stampAt: workshop.stampAt,
    immediately: true,
  }
  const outcome = await feed(
    workshop.programs.producer,
    plan,
    audispd({ dir, jitless, plugins, throughLauncher: true }),
  )
  if (outcome.kind === 'failed') throw new Error(`start: ${outcome.reason}`)
  const firstNs = Math.min(...files.map((file) => stampsIn(file)[0]?.arrivedNs ?? Number.NaN))
  return (firstNs - outcome.result.startedNs) / 1e6
}
