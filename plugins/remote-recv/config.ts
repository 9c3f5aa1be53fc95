import type { LoadedConfig } from '../../src/config/trusted-file.js'
import { DEFAULT_ALLOW_FILE, DEFAULT_CERTIFICATE, type ServerChannel } from '../../src/remote/channel.js'
import type { FreeSpace } from '../../src/remote/free-space.js'
import type { HostPort } from '../../src/remote/host-port.js'

const MIB = 1024 ** 2
const SECOND_MS = 1000
const HOUR_MS = 3_600_000

/** Where connections are taken, and how they are protected. */
export interface Listening {
  readonly places: readonly HostPort[]
  readonly channel: ServerChannel
}

/** What a sender may do unless the allow-list says otherwise for it. */
export interface DefaultLimits {
  /** 0 is no limit, as in the next two. */
  readonly bytesPerS: number
  readonly recordsPerS: number
  /** What lies of it in the journal. */
  readonly journalBytes: number
  readonly maxStreams: number
  readonly maxConnections: number
}

/** What remote-recv.conf says. */
export interface RemoteRecvConfig {
  /** Our own protocol. */
  readonly listen: Listening
  /** auditd's; no places if it is not taken. */
  readonly rmwListen: Listening
  /** Who may come; '' is whoever can prove to be somebody. */
  readonly allowFile: string
  readonly journalDir: string
  readonly keepMs: number
  readonly segmentBytes: number
  /** A new segment after this long, even if it is small; 0 is never. */
  readonly rotateEveryMs: number
  /** The whole journal is read again this often; 0 is never. */
  readonly verifyEveryMs: number
  readonly onDamage: 'stop' | 'skip'
  /** Below this nothing is taken. */
  readonly minFsFree: FreeSpace
  /** Below this senders are warned. */
  readonly lowFsFree: FreeSpace
  readonly nodeCheck: 'off' | 'warn' | 'enforce'
  readonly maxSessions: number
  readonly maxPending: number
  readonly maxPendingPerAddress: number
  readonly handshakeTimeoutMs: number
  readonly receiveBudgetBytes: number
  readonly maxBlockBytes: number
  readonly commitDelayMs: number
  readonly limits: DefaultLimits
}

export type ReadConfig = LoadedConfig<RemoteRecvConfig>

export const DEFAULT_CONFIG: RemoteRecvConfig = {
  listen: { places: [], channel: { kind: 'tls', crl: '', ...DEFAULT_CERTIFICATE } },
  rmwListen: { places: [], channel: { kind: 'tcp' } },
  allowFile: DEFAULT_ALLOW_FILE,
  journalDir: '/var/lib/audispd/remote-recv',
  keepMs: 7 * 24 * HOUR_MS,
  segmentBytes: 64 * MIB,
  rotateEveryMs: 0,
  verifyEveryMs: 24 * HOUR_MS,
  onDamage: 'stop',
  minFsFree: { kind: 'share', percent: 5 },
  lowFsFree: { kind: 'share', percent: 10 },
  nodeCheck: 'warn',
  maxSessions: 10_000,
  maxPending: 64,
  maxPendingPerAddress: 4,
  handshakeTimeoutMs: 10 * SECOND_MS,
  receiveBudgetBytes: 64 * MIB,
  maxBlockBytes: MIB,
  commitDelayMs: 2,
  limits: { bytesPerS: 0, recordsPerS: 0, journalBytes: 0, maxStreams: 64, maxConnections: 2 },
}
