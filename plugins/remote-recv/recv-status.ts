import type { Journal } from '../../src/journal/journal.js'
import type { StatusReport, StreamStatus } from '../../src/remote/status.js'
import type { DiskState } from './intake.js'
import { RMW_STREAM, type RmwSenders } from './rmw-senders.js'
import type { Settings } from './settings.js'
import type { StreamLedger } from './stream-ledger.js'

const PROMISE =
  'acknowledged when it is synced to the journal: once and in order from remote-send, at least once from others'

export interface RecvFacts {
  readonly settings: Settings
  readonly journal: Journal
  readonly ledger: StreamLedger
  readonly rmw: RmwSenders
  readonly disk: DiskState
  readonly bytes: number
  readonly startedMs: number
  readonly nowMs: number
  readonly handOver: { readonly last: number; readonly acked: number }
  readonly refused: StatusReport['refused']
}

/** What `audispctl remote status` shows of a collector. */
export function recvStatus(facts: RecvFacts): StatusReport {
  const { settings, handOver } = facts
  const { config, native, rmw } = settings
  const own = [native, rmw].find((credentials) => credentials?.kind === 'tls')
  return {
    program: 'remote-recv',
    pid: process.pid,
    startedMs: facts.startedMs,
    protocol: [
      ...(config.listen.places.length > 0 ? ['native'] : []),
      ...(config.rmwListen.places.length > 0 ? ['rmw'] : []),
    ].join(', '),
    promise: PROMISE,
    disk: facts.disk,
    dir: config.journalDir,
    bytes: facts.bytes,
    certificate: own?.kind === 'tls' ? { name: own.principal, endMs: own.certificateEndMs } : null,
    handOver,
    refused: [...facts.refused],
    streams: streamsOf(facts),
  }
}

function streamsOf({ journal, ledger, rmw, nowMs }: RecvFacts): StreamStatus[] {
  const repeats = new Map([...rmw].map((sender) => [sender.name.principal, sender]))
  return [...journal.streams]
    .filter(({ principal }) => principal !== '')
    .map((durable): StreamStatus => {
      const { principal, stream, lastSeq, takenMs } = durable
      const { connection, downMs, holes, losses, forks, lastError } = ledger.line(durable)
      const sender = stream === RMW_STREAM ? repeats.get(principal) : undefined
      // What a sender said at its HELLO; what it has got since is known only when it comes.
      const last = Math.max(lastSeq, journal.taken(durable)?.lastSeq ?? 0, connection?.last ?? 0)
      return {
        principal,
        stream,
        state: connection === undefined ? 'down' : 'up',
        sinceMs: connection?.sinceMs ?? downMs ?? takenMs,
        address: connection?.address ?? '',
        last,
        durable: lastSeq,
        acked: lastSeq,
        lagRecords: last - lastSeq,
        lagMs: last > lastSeq ? Math.max(0, nowMs - takenMs) : 0,
        holes,
        losses,
        repeats: sender?.repeated ?? 0,
        maybeRepeats: sender?.likelyRepeated ?? 0,
        forks,
        certificate:
          connection?.certificateEndMs === undefined ? null : { name: principal, endMs: connection.certificateEndMs },
        lastError,
      }
    })
}
