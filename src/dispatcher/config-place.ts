import { dirname, join, resolve } from 'node:path'
import { REAL_DISK, type Disk } from '../config/disk.js'
import { errorCode } from '../config/error-code.js'
import type { Trust } from '../config/file-trust.js'
import type { Settings } from './settings.js'

const SETTINGS_NAME = 'audispd.conf'
const DROP_IN_DIR_NAME = 'audispd.d'
const DEFAULT_DIR = '/etc/audispd'
const VENDOR_DIR = '/usr/lib/audispd'
const ROOT = 0

/** Where the configuration is. */
export interface ConfigPlace {
  readonly settingsFile: string
  /** A file of a later directory masks those of the same name in earlier ones. */
  readonly dropInDirs: readonly string[]
  /** Given by -c: programs may have relative paths, and the directory's owner is trusted beside root. */
  readonly explicit: boolean
  readonly warnings: readonly string[]
}

/** The directory given by -c, or /etc/audispd; also when auditd 2.x gives its own directory, which is not ours. */
export function findConfig(dashC: string | undefined, disk: Disk = REAL_DISK): ConfigPlace {
  const standard = {
    settingsFile: join(DEFAULT_DIR, SETTINGS_NAME),
    dropInDirs: [join(VENDOR_DIR, DROP_IN_DIR_NAME), join(DEFAULT_DIR, DROP_IN_DIR_NAME)],
    explicit: false,
    warnings: [],
  }
  if (dashC === undefined) return standard
  const dir = resolve(dashC)
  const settingsFile = join(dir, SETTINGS_NAME)
  const dropInDir = join(dir, DROP_IN_DIR_NAME)
  if (isThere(settingsFile, disk) || isThere(dropInDir, disk)) {
    return { settingsFile, dropInDirs: [dropInDir], explicit: true, warnings: [] }
  }
  const what = isThere(dir, disk) ? `holds neither ${SETTINGS_NAME} nor ${DROP_IN_DIR_NAME}` : 'does not exist'
  return { ...standard, warnings: [`${dir}, given by -c, ${what}: using ${DEFAULT_DIR}`] }
}

/** The place with the directory that plugin_dir names, which comes last and so masks the others. */
export function withPluginDir(place: ConfigPlace, settings: Settings): ConfigPlace {
  const { pluginDir } = settings
  if (pluginDir === '') return place
  return { ...place, dropInDirs: [...place.dropInDirs.filter((dir) => dir !== pluginDir), pluginDir] }
}

/** Whose files are believed at this place. */
export function trustAt(place: ConfigPlace, disk: Disk): Trust {
  if (disk.uid !== ROOT) return { kind: 'anybody' }
  if (!place.explicit) return { kind: 'root' }
  try {
    const { uid, gid } = disk.stat(dirname(place.settingsFile))
    return { kind: 'root-or-owner', uid, gid }
  } catch (error) {
    if (errorCode(error) === '') throw error
    // The directory is gone, or cannot be looked at: nobody is its owner, and its files will be missed by themselves.
    return { kind: 'root' }
  }
}

function isThere(path: string, disk: Disk): boolean {
  try {
    disk.stat(path)
    return true
  } catch (error) {
    // Only what is surely absent is: a directory that cannot be looked into must be complained about, not passed over.
    const code = errorCode(error)
    if (code === '') throw error
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}
