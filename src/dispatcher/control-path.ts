import { basename, join } from 'node:path'
import { DEFAULT_SETTINGS, type Settings } from './settings.js'

/** Where the control socket is. If nothing is said of it, in the run directory, which is /run/audispd unless that is another one. */
export function controlPath({ controlSocket }: Pick<Settings, 'controlSocket'>, runDir: string): string {
  return controlSocket === DEFAULT_SETTINGS.controlSocket ? join(runDir, basename(controlSocket)) : controlSocket
}
