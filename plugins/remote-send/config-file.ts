import { readEntries } from '../../src/config.js'
import type { Disk } from '../../src/config/disk.js'
import { loadTrusted } from '../../src/config/trusted-file.js'
import { isAudispRemoteConf, readAudispRemoteConf } from './audisp-remote-conf.js'
import { readOwnKeys } from './config-keys.js'
import type { ReadConfig } from './config.js'

export const DEFAULT_FILE = '/etc/audispd/remote-send.conf'

/** Whose format a file is in. */
export type FileKind = 'own' | 'audisp-remote'

/** Reads the file if its owner and mode allow to believe it. Without `kind` its keys tell whose format it is in. */
export function loadConfig(file: string, kind?: FileKind, disk?: Disk): ReadConfig {
  return loadTrusted(file, (bytes) => readConfig(bytes, file, kind), disk)
}

/** Reads the text of remote-send.conf, or of an audisp-remote.conf. All mistakes are found at once. */
export function readConfig(text: Buffer | string, file: string, kind?: FileKind): ReadConfig {
  const read = readEntries(text, file)
  const isTheirs = kind === undefined ? isAudispRemoteConf(read.entries) : kind === 'audisp-remote'
  const { config, problems } = isTheirs ? readAudispRemoteConf(text, read, file) : readOwnKeys(read, file)
  return problems.some(({ level }) => level === 'error') ? { config: undefined, problems } : { config, problems }
}
