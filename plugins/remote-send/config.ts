import type { LoadedConfig } from '../../src/config/trusted-file.js'
import type { TimeRange } from '../../src/config/quantity.js'
import { DEFAULT_CERTIFICATE, type ClientChannel } from '../../src/remote/channel.js'
import type { FreeSpace } from '../../src/remote/free-space.js'
import type { HostPort } from '../../src/remote/host-port.js'
import type { AdminAction, OnFull } from './admin-action.js'

const KIB = 1024
const MIB = 1024 ** 2
const GIB = 1024 ** 3
const SECOND_MS = 1000
const HOUR_MS = 3_600_000

/** What happened, and what the admin has chosen for it. */
export interface AdminActions {
  readonly networkFailure: AdminAction
  readonly startupFailure: AdminAction
  readonly remoteEnding: AdminAction
  readonly diskLow: AdminAction
  readonly diskFull: AdminAction
  readonly diskError: AdminAction
  readonly genericError: AdminAction
  readonly genericWarning: AdminAction
  /** The spool cannot be written. */
  readonly queueError: AdminAction
  /** The spool is full; what becomes of the records is `onFull`. */
  readonly overflow: AdminAction
}

/** What the other side has is kept this long, for the day when it is restored from a backup; the limit that is reached first counts. */
export interface RetainAfterAck {
  /** Infinity is no limit. */
  readonly bytes: number
  /** Infinity is no limit. */
  readonly ms: number
}

/** What remote-send.conf says. */
export interface RemoteSendConfig {
  /** Tried in turn. */
  readonly servers: readonly [HostPort, ...HostPort[]]
  /** The port to connect from; 0 is any. */
  readonly localPort: number
  readonly protocol: 'native' | 'managed'
  readonly channel: ClientChannel
  readonly spoolDir: string
  readonly maxBytes: number
  readonly minFsFree: FreeSpace
  readonly retainAfterAck: RetainAfterAck
  readonly onFull: OnFull
  readonly onDamage: 'stop' | 'skip'
  /** Records on their way unanswered, with `managed`. */
  readonly window: number
  /** Bytes on their way unanswered at most, with `native`, whatever the collector allows. */
  readonly windowMaxBytes: number
  /** Lines in one block at most. */
  readonly maxBlockBytes: number
  readonly connectTimeoutMs: number
  /** The pause before connecting again: the first one, and the longest. */
  readonly networkRetry: TimeRange
  /** So many failures in a row are a network failure; sending is tried again all the same. */
  readonly maxTriesPerRecord: number
  /** How long an answer may take, with `managed`, before the connection is given up. */
  readonly maxTimePerRecordMs: number
  /** A sign of life is asked for after this long in silence, with `managed`; 0 is never. */
  readonly heartbeatTimeoutMs: number
  readonly actions: AdminActions
}

export type ReadConfig = LoadedConfig<RemoteSendConfig>

export const DEFAULT_CONFIG: Omit<RemoteSendConfig, 'servers'> = {
  localPort: 0,
  protocol: 'native',
  channel: { kind: 'tls', serverName: '', ...DEFAULT_CERTIFICATE },
  spoolDir: '/var/spool/audispd/remote-send',
  maxBytes: 10 * GIB,
  minFsFree: { kind: 'share', percent: 5 },
  retainAfterAck: { bytes: GIB, ms: 48 * HOUR_MS },
  onFull: { kind: 'block' },
  onDamage: 'stop',
  window: 256,
  windowMaxBytes: 4 * MIB,
  maxBlockBytes: 64 * KIB,
  connectTimeoutMs: 10 * SECOND_MS,
  networkRetry: { firstMs: 500, longestMs: 60 * SECOND_MS },
  maxTriesPerRecord: 3,
  maxTimePerRecordMs: 30 * SECOND_MS,
  heartbeatTimeoutMs: 15 * SECOND_MS,
  actions: {
    networkFailure: { kind: 'syslog' },
    startupFailure: { kind: 'warn_once_continue' },
    remoteEnding: { kind: 'reconnect' },
    diskLow: { kind: 'syslog' },
    diskFull: { kind: 'syslog' },
    diskError: { kind: 'syslog' },
    genericError: { kind: 'syslog' },
    genericWarning: { kind: 'syslog' },
    queueError: { kind: 'syslog' },
    overflow: { kind: 'syslog' },
  },
}
