import { dirname, join } from 'node:path'
import type { ParseArgsConfig } from 'node:util'
import { formatProblem } from '../config.js'
import { findConfig } from '../dispatcher/config-place.js'
import { loadSettings } from '../dispatcher/settings-file.js'
import { CtlError, systemCode, systemReason } from './ctl-error.js'

/** Beside the control socket, where `control_group` is set: what that group may ask. */
const STATUS_SOCKET_NAME = 'status.sock'
const ASK_DOCTOR = 'is it running? see: audispctl doctor'

/** What every verb understands that talks to the daemon. */
export const CONTROL_OPTIONS = {
  socket: { type: 'string' },
  'config-dir': { type: 'string', short: 'c' },
} as const satisfies ParseArgsConfig['options']

export interface ControlValues {
  readonly socket?: string | undefined
  readonly 'config-dir'?: string | undefined
}

/** The path of the daemon's control socket: as given, or as its configuration has it. */
export function controlSocket(values: ControlValues): string {
  if (values.socket !== undefined) return values.socket
  const place = findConfig(values['config-dir'])
  const { settings, problems } = loadSettings(place)
  const mistake = problems.find(({ level }) => level === 'error')
  // Who may ask for the status alone may well not read the configuration: then the socket is where it usually is.
  if (mistake !== undefined && values['config-dir'] !== undefined) {
    const mend = 'mend that, or give the socket itself with --socket'
    throw new CtlError('config', [{ message: formatProblem(mistake), mend }])
  }
  return settings.controlSocket
}

/** The socket that a member of `control_group` may open. */
export function statusSocket(socket: string): string {
  return join(dirname(socket), STATUS_SOCKET_NAME)
}

/** What it means for whoever runs this that a socket cannot be opened. */
export function noConnection(socket: string, error: unknown): Error {
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const message = `audispd does not answer on ${socket}`
    return new CtlError('not-running', [{ message, mend: ASK_DOCTOR }], { cause: error })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const mend = 'be root, or for the status a member of control_group'
    return new CtlError('denied', [{ message: `${socket}: ${systemReason(error)}`, mend }], { cause: error })
  }
  if (code !== undefined) {
    return new CtlError('system', [{ message: `${socket}: ${systemReason(error)}`, mend: ASK_DOCTOR }], {
      cause: error,
    })
  }
  return error instanceof Error ? error : new Error(String(error))
}
