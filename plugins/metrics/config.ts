import type { LoadedConfig } from '../../src/config/trusted-file.js'

/** Where scrapers connect to; none of them leads off this machine. */
export type ListenPlace =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

export type StatsdPlace =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }

export interface GraphitePlace {
  readonly host: string
  readonly port: number
}

/** What metrics.conf says. Undefined: that output is off. */
export interface MetricsConfig {
  readonly listen: ListenPlace | undefined
  /** Of a Unix socket. */
  readonly socketMode: number
  readonly textfile: string | undefined
  readonly statsd: StatsdPlace | undefined
  readonly graphite: GraphitePlace | undefined
  /** Between two times that the text file is written, or something is sent. */
  readonly intervalMs: number
  /** What the names at statsd and graphite begin with. */
  readonly prefix: string
  /** This machine, in those names; '' is what it is called. */
  readonly hostName: string
  /** Lines that wait for graphite. */
  readonly bufferBytes: number
  /** Where remote-send and remote-recv have their journals; empty: where their configuration says. */
  readonly remoteDirs: readonly string[]
  readonly maxStreams: number
}

export type ReadConfig = LoadedConfig<MetricsConfig>

const MIB = 1024 ** 2

export const DEFAULT_CONFIG: MetricsConfig = {
  listen: undefined,
  socketMode: 0o600,
  textfile: undefined,
  statsd: undefined,
  graphite: undefined,
  intervalMs: 15_000,
  prefix: 'security.audispd',
  hostName: '',
  bufferBytes: MIB,
  remoteDirs: [],
  maxStreams: 1000,
}
