import type { LoadedConfig } from '../../src/config/trusted-file.js'

/** Where lines come from, and what they look like. */
export type SourceKind = 'kmsg' | 'syslog' | 'logemu' | 'json'
/** Where records go: to audispd with format = protocol, to audispd with format = string, or to the kernel. */
export type OutputKind = 'dispatcher' | 'lines' | 'kernel'

/** What iptables.conf says. */
export interface IptablesConfig {
  readonly source: SourceKind
  readonly file: string
  /** Whether what is there already is left out where there is no position yet. */
  readonly isFromNow: boolean
  /** Patterns for the prefix; none: every packet is wanted. */
  readonly prefixes: readonly string[]
  /** Packets of one second; 0 is no bound. */
  readonly maxPerSecond: number
  readonly output: OutputKind
  readonly positionFile: string
}

export type ReadConfig = LoadedConfig<IptablesConfig>

export const DEFAULT_CONFIG: IptablesConfig = {
  source: 'kmsg',
  file: '/dev/kmsg',
  isFromNow: false,
  prefixes: [],
  maxPerSecond: 0,
  output: 'dispatcher',
  positionFile: '/var/lib/audispd/iptables/position',
}

/** What `file` is when it is not said. */
export const DEFAULT_FILES: Readonly<Record<SourceKind, string>> = {
  kmsg: '/dev/kmsg',
  syslog: '/var/log/kern.log',
  logemu: '/var/log/ulog/syslogemu.log',
  json: '/var/log/ulog/ulogd.json',
}

/** auditctl is a process a message. */
export const MOST_TO_KERNEL_PER_SECOND = 50
export const DEFAULT_TO_KERNEL_PER_SECOND = 10
