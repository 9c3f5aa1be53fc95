import type { Journal } from '../../src/journal/journal.js'
import type { StatusReport } from '../../src/remote/status.js'
import type { Settings } from './settings.js'
import type { SpoolStatus } from './spool.js'
import type { UplinkStatus } from './uplink.js'

export interface SendFacts {
  readonly settings: Settings
  readonly journal: Journal
  readonly spool: SpoolStatus
  readonly uplink: UplinkStatus
  readonly startedMs: number
  readonly lagMs: number
  /** Of this process: LOSS and HOLE. */
  readonly holes: { readonly entries: number; readonly records: number }
}

/** What `audispctl remote status` shows of a sender. */
export function sendStatus(facts: SendFacts): StatusReport {
  const { settings, journal, spool, uplink, lagMs } = facts
  const { config, credentials } = settings
  const durable = journal.durable()?.lastSeq ?? 0
  const { peer } = uplink
  const own = credentials?.kind === 'tls' ? credentials : undefined
  return {
    program: 'remote-send',
    pid: process.pid,
    startedMs: facts.startedMs,
    protocol: config.protocol,
    promise: uplink.promise,
    disk: diskOf(spool),
    dir: config.spoolDir,
    bytes: spool.use.spoolBytes,
    certificate: own === undefined ? null : { name: own.principal, endMs: own.certificateEndMs },
    handOver: null,
    refused: [],
    streams: [
      {
        principal: peer?.principal ?? '',
        stream: journal.meta.timelines.at(-1)?.stream ?? '',
        state: uplink.state,
        sinceMs: uplink.sinceMs,
        address: peer?.address ?? uplink.server,
        last: journal.taken()?.lastSeq ?? durable,
        durable,
        acked: uplink.ackedSeq,
        lagRecords: Math.max(0, durable - uplink.ackedSeq),
        lagMs,
        holes: facts.holes,
        losses: spool.losses,
        repeats: 0,
        maybeRepeats: 0,
        forks: journal.meta.timelines.length - 1,
        certificate:
          peer?.certificateEndMs === undefined ? null : { name: peer.principal, endMs: peer.certificateEndMs },
        lastError: uplink.lastError,
      },
    ],
  }
}

function diskOf({ isStalled, commitError, fullness }: SpoolStatus): StatusReport['disk'] {
  if (isStalled) return 'stalled'
  switch (fullness.kind) {
    case 'room':
      return commitError === '' ? 'ok' : 'failing'
    case 'suspended':
      return 'full'
    case 'full':
      return fullness.reason === 'disk-error' ? 'failing' : 'full'
  }
  return fullness satisfies never
}
