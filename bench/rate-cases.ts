// Everything whose rate is measured: tee, the dispatcher in every way it is asked for, and the peers.

import { audispd } from './audispd.js'
import { CAT, formatsFor, type Consumer } from './consumer.js'
import type { Peer } from './options.js'
import { isConfiguredByUs, peer, takesCount } from './peer.js'
import { RECORDS_IN_16_KIB } from './stream.js'
import { tee } from './tee.js'
import type { Workshop } from './workshop.js'

export const AUDISPD = 'audispd'
export const AUDISPD_JITLESS = 'audispd --jitless'
export const TEE = 'tee'

const PLUGIN_COUNTS = [1, 4, 8] as const
const WRITES = [1, RECORDS_IN_16_KIB] as const
const FORMATS = ['string', 'binary', 'mixed'] as const
/** With how many plugins a peer is compared that has its own. */
const OWN_PLUGINS = 4

/** `bytes`: passed on as they come; `own`: as a peer's own configuration says. */
export type Formats = (typeof FORMATS)[number] | 'bytes' | 'own'

/** What one row of the results is about. */
export interface RateSubject {
  readonly side: 'limit' | 'ours' | 'peer'
  readonly plugins: number
  readonly recordsAWrite: number
  readonly subject: string
  readonly formats: Formats
}

export interface RateCase<Subject> {
  readonly row: Subject
  /** Makes it ready in this directory. */
  readonly open: (dir: string) => Consumer
  /** What is written, if it is not the usual stream. */
  readonly streamPath?: string
}

/** What is compared stands side by side. */
export function rateCases(workshop: Workshop, peers: readonly Peer[]): RateCase<RateSubject>[] {
  return PLUGIN_COUNTS.flatMap((plugins) =>
    WRITES.flatMap((recordsAWrite) => [
      limit(plugins, recordsAWrite),
      ...ours(plugins, recordsAWrite),
      ...peers.flatMap((one) => theirs(workshop, one, plugins, recordsAWrite)),
    ]),
  )
}

function limit(plugins: number, recordsAWrite: number): RateCase<RateSubject> {
  const cats = Array.from({ length: plugins }, () => CAT)
  return {
    row: { side: 'limit', plugins, recordsAWrite, subject: TEE, formats: 'bytes' },
    open: (dir) => tee(dir, cats),
  }
}

function ours(plugins: number, recordsAWrite: number): RateCase<RateSubject>[] {
  return formatNames(plugins).flatMap((formats) =>
    [false, true].map((jitless) => {
      const cats = formatsFor(formats, plugins).map((format) => ({ program: CAT, format }))
      const subject = jitless ? AUDISPD_JITLESS : AUDISPD
      return {
        row: { side: 'ours', plugins, recordsAWrite, subject, formats },
        open: (dir) => audispd({ dir, jitless, plugins: cats }),
      } satisfies RateCase<RateSubject>
    }),
  )
}

function theirs(
  workshop: Workshop,
  { name, command }: Peer,
  plugins: number,
  recordsAWrite: number,
): RateCase<RateSubject>[] {
  if (!takesCount(command) && plugins !== OWN_PLUGINS) return []
  const names = isConfiguredByUs(command) ? formatNames(plugins) : (['own'] as const)
  return names.map((formats) => {
    const each = formatsFor(formats === 'own' ? 'string' : formats, plugins)
    return {
      row: { side: 'peer', plugins, recordsAWrite, subject: name, formats },
      open: (dir) => peer({ command, dir, formats: each, sink: (file) => workshop.sink(file) }),
    }
  })
}

/** One plugin alone is never mixed. */
function formatNames(plugins: number): (typeof FORMATS)[number][] {
  return FORMATS.filter((name) => name !== 'mixed' || plugins > 1)
}
