import type { LoadedConfig } from '../../src/config/trusted-file.js'
import type { FreeSpace } from '../../src/remote/free-space.js'

const MIB = 1024 ** 2

export const SPACE_WORDS = ['ignore', 'syslog', 'rotate', 'suspend', 'single', 'halt'] as const
export const ERROR_WORDS = ['ignore', 'syslog', 'suspend', 'single', 'halt'] as const
export const SIZE_WORDS = ['ignore', 'syslog', 'suspend', 'rotate', 'keep_logs'] as const
export const FLUSH_WORDS = ['none', 'incremental', 'incremental_async', 'data', 'sync'] as const

/** What is done beside keeping the records. `exec`: what the admin has defined under that name in audispd.conf. */
export type DiskAction =
  | { readonly kind: (typeof SPACE_WORDS)[number] }
  | { readonly kind: 'exec'; readonly name: string }

/** What the configuration file says. */
export interface LogConfig {
  /** A regular file, or a FIFO or device that is there already. */
  readonly logFile: string
  /** Whose group may read; root's is nobody. */
  readonly logGroup: string
  readonly names: 'simple' | 'solaris'
  readonly maxFileBytes: number
  readonly maxFileAction: (typeof SIZE_WORDS)[number]
  /** With the one that is written. */
  readonly numLogs: number
  /** 0 is never. */
  readonly rotateEveryMs: number
  /** Whose midnight the periods are counted from. */
  readonly rotateAt: 'local' | 'utc'
  /** Rotated files that are older go; 0 keeps them. */
  readonly keepMs: number
  readonly compress: 'off' | 'rotated' | 'stream'
  readonly flush: (typeof FLUSH_WORDS)[number]
  /** Records between two flushes of `incremental` and `incremental_async`. */
  readonly freq: number
  readonly spaceLeft: FreeSpace
  readonly spaceLeftAction: DiskAction
  readonly adminSpaceLeft: FreeSpace
  readonly adminSpaceLeftAction: DiskAction
  readonly diskFullAction: DiskAction
  readonly diskErrorAction: DiskAction
  /** What every write to a device has; 0 is as it comes. */
  readonly blockBytes: number
}

export type ReadConfig = LoadedConfig<LogConfig>

export const DEFAULT_CONFIG: LogConfig = {
  logFile: '/var/log/audispd/audit.log',
  logGroup: 'root',
  names: 'simple',
  maxFileBytes: 8 * MIB,
  maxFileAction: 'rotate',
  numLogs: 5,
  rotateEveryMs: 0,
  rotateAt: 'local',
  keepMs: 0,
  compress: 'off',
  flush: 'incremental_async',
  freq: 50,
  spaceLeft: { kind: 'bytes', bytes: 75 * MIB },
  spaceLeftAction: { kind: 'syslog' },
  adminSpaceLeft: { kind: 'bytes', bytes: 50 * MIB },
  adminSpaceLeftAction: { kind: 'syslog' },
  diskFullAction: { kind: 'syslog' },
  diskErrorAction: { kind: 'syslog' },
  blockBytes: 0,
}
