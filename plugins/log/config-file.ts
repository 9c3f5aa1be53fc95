import { readFileSync } from 'node:fs'
import type { Problem } from '../../src/config.js'
import type { Disk } from '../../src/config/disk.js'
import { loadTrusted } from '../../src/config/trusted-file.js'
import { readConfig } from './config-keys.js'
import type { LogConfig } from './config.js'

export const DEFAULT_FILE = '/etc/audispd/log.conf'
const ROOT = 0
const GROUPS = '/etc/group'

/** The configuration, with what the names in it come to: what a reload replaces as a whole. */
export interface Settings {
  readonly config: LogConfig
  /** The group of log_group. */
  readonly gid: number
}

export interface ReadSettings {
  /** Undefined: at least one of the problems is an error. */
  readonly settings: Settings | undefined
  readonly problems: readonly Problem[]
}

/** Reads the file if its owner and mode allow to believe it. */
export function loadSettings(file: string, disk?: Disk): ReadSettings {
  const { config, problems } = loadTrusted(file, (bytes) => readConfig(bytes, file), disk)
  if (config === undefined) return { settings: undefined, problems }
  const gid = gidOf(config.logGroup, () => readFileSync(GROUPS, 'utf8'))
  if (gid !== undefined) return { settings: { config, gid }, problems }
  const text = `there is no group '${config.logGroup}'`
  return { settings: undefined, problems: [...problems, { level: 'error', file, line: 0, key: 'log_group', text }] }
}

/** Node cannot ask for a group; `groups` is what /etc/group holds. */
export function gidOf(group: string, groups: () => string): number | undefined {
  if (/^\d+$/.test(group)) return Number(group)
  if (group === 'root') return ROOT
  for (const line of groups().split('\n')) {
    const [name, , gid = ''] = line.split(':')
    if (name === group && /^\d+$/.test(gid)) return Number(gid)
  }
  return undefined
}
