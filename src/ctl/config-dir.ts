import { resolve } from 'node:path'
import { findConfig, type ConfigPlace } from '../dispatcher/config-place.js'
import { CtlError } from './ctl-error.js'

/**
 * Where the configuration is that is meant. The daemon takes /etc/audispd where -c names none, since auditd 2.x gives its own
 * directory; whoever types a wrong one here is not to change or to ask what is another's.
 */
export function configDir(dashC: string | undefined): ConfigPlace {
  const place = findConfig(dashC)
  if (dashC === undefined || place.explicit) return place
  const message = `-c ${resolve(dashC)}: there is neither audispd.conf nor audispd.d`
  const mend = 'name the directory that holds them; without -c it is /etc/audispd'
  throw new CtlError('usage', [{ message, mend }])
}
