import type { Problem } from '../config.js'
import { trustAt, type ConfigPlace } from './config-place.js'
import { REAL_DISK, type Disk } from '../config/disk.js'
import { checkProgram } from './program.js'
import { DEFAULT_SETTINGS, readSettings, type Settings } from './settings.js'
import { readTrusted } from '../config/trusted-file.js'

/** Reads audispd.conf where it is. Where a problem is an error, the settings are not to be used. */
export function loadSettings(place: ConfigPlace, disk: Disk = REAL_DISK): { settings: Settings; problems: Problem[] } {
  const file = place.settingsFile
  const trust = trustAt(place, disk)
  const found = readTrusted(file, trust, disk)
  switch (found.kind) {
    case 'absent': {
      const text = 'does not exist: every setting has its default'
      const problems: Problem[] = place.explicit ? [{ level: 'warning', file, line: 0, key: '', text }] : []
      return { settings: DEFAULT_SETTINGS, problems }
    }
    case 'refused':
      return { settings: DEFAULT_SETTINGS, problems: [...found.problems] }
    case 'read': {
      const { settings, problems } = readSettings(found.bytes, file)
      // A warning: an action that cannot run now may when it is asked for, and must not keep the daemon from starting.
      const actions = [...settings.actions.values()].flatMap(({ name, path }) =>
        checkProgram(path, trust, disk).findings.map(({ text }): Problem => ({
          level: 'warning',
          file,
          line: 0,
          key: `action ${name}`,
          text,
        })),
      )
      return { settings, problems: [...found.problems, ...problems, ...actions] }
    }
    default:
      return found satisfies never
  }
}
