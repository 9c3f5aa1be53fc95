import type { LoadedConfig } from '../../src/config/trusted-file.js'
import type { TimeRange } from '../../src/config/quantity.js'
import { priorityOf, USER_FACILITY, type SeverityRule } from './priority.js'

const KIB = 1024
const MIB = 1024 ** 2
const SECOND_MS = 1000
const INFO = 6

/** Where messages go: a socket of this machine, or another machine. */
export type Place =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'udp' | 'tcp' | 'tls'; readonly host: string; readonly port: number }

export interface TlsFiles {
  readonly ca: string
  /** '' for both: this machine proves nothing. */
  readonly cert: string
  readonly key: string
  /** What the server's certificate has to be for; '' is the host in `server`. */
  readonly serverName: string
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

/** What syslog.conf says. */
export interface SyslogConfig {
  /** In order of preference. */
  readonly servers: readonly [Place, ...Place[]]
  /** `auto`: RFC 3164 on this machine's socket, RFC 5424 elsewhere. */
  readonly format: 'auto' | 'rfc5424' | 'rfc3164'
  /** Every byte as audisp-syslog would send it; then the format and all that goes with it counts for nothing. */
  readonly compat: 'none' | 'audisp-syslog'
  /** With `compat`: numbers are turned into names. */
  readonly interpret: boolean
  readonly framing: 'octet-count' | 'lf'
  readonly facility: number
  readonly severity: number
  readonly severityByType: readonly SeverityRule[]
  readonly appName: string
  /** '' is this machine's name. */
  readonly hostName: string
  readonly sdId: string
  /** What becomes of the byte between the kernel's text and what auditd added: kept, a blank, or the addition goes with it. */
  readonly separator: 'keep' | 'blank' | 'strip'
  readonly sendEoe: boolean
  /** The most bytes of one datagram; undefined is the default of the way it goes. */
  readonly maxDatagramBytes: number | undefined
  /** Records that wait, and those sent whose arrival is unproven, hold at most this. */
  readonly bufferBytes: number
  /** What is in doubt when a connection breaks is sent again; else it is counted. */
  readonly resend: boolean
  /** A stream's server is made to prove this often that it has read all. */
  readonly confirmMs: number
  readonly confirmBytes: number
  readonly connectTimeoutMs: number
  readonly retry: TimeRange
  readonly tls: TlsFiles
}

export type ReadConfig = LoadedConfig<SyslogConfig>

export const DEV_LOG = '/dev/log'

export const DEFAULT_CONFIG: SyslogConfig = {
  servers: [{ kind: 'local', path: DEV_LOG }],
  format: 'auto',
  compat: 'none',
  interpret: false,
  framing: 'octet-count',
  facility: USER_FACILITY,
  severity: INFO,
  severityByType: [],
  appName: 'audispd',
  hostName: '',
  sdId: 'audit@32473',
  separator: 'blank',
  sendEoe: false,
  maxDatagramBytes: undefined,
  bufferBytes: 16 * MIB,
  resend: true,
  confirmMs: 30 * SECOND_MS,
  confirmBytes: 4 * MIB,
  connectTimeoutMs: 10 * SECOND_MS,
  retry: { firstMs: 500, longestMs: 60 * SECOND_MS },
  tls: { ca: '', cert: '', key: '', serverName: '', minVersion: 'TLSv1.2' },
}

/** What rsyslog takes from the local socket without cutting it, and what every server should take by UDP (RFC 5426). */
export const DATAGRAM_BYTES = { local: 8 * KIB, udp: 2 * KIB } as const

/** As it is written in syslog.conf. */
export function placeText(place: Place): string {
  if (place.kind === 'local') return place.path
  const host = place.host.includes(':') ? `[${place.host}]` : place.host
  return `${place.kind}://${host}:${place.port}`
}

/** Of a record of this type. */
export function defaultPriority({ facility, severity }: SyslogConfig): number {
  return priorityOf(facility, severity)
}
