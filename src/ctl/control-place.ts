import { existsSync } from 'node:fs'
import type { ParseArgsConfig } from 'node:util'
import { formatProblem } from '../config.js'
import { connectControl, type ControlClient } from '../control/control-client.js'
import { statusSocketBeside } from '../control/control-place.js'
import { ControlError } from '../control/control-error.js'
import { DEFAULT_SETTINGS } from '../dispatcher/settings.js'
import { controlPath } from '../dispatcher/control-path.js'
import { runDirBase } from '../dispatcher/run-dir.js'
import { loadSettings } from '../dispatcher/settings-file.js'
import { configDir } from './config-dir.js'
import { CtlError, type CtlErrorCode } from './ctl-error.js'

/** What every verb understands that talks to the daemon. */
export const CONTROL_OPTIONS = {
  socket: { type: 'string' },
  'config-dir': { type: 'string', short: 'c' },
} as const satisfies ParseArgsConfig['options']

export interface ControlValues {
  readonly socket?: string | undefined
  readonly 'config-dir'?: string | undefined
}

/**
 * The path of the daemon's control socket: as given, or as its configuration has it. Mistakes elsewhere in that are no matter: the
 * daemon may run with what was there before. But where it cannot be known which daemon is meant, none is asked.
 */
export function controlSocket(values: ControlValues): string {
  if (values.socket !== undefined) return values.socket
  const place = configDir(values['config-dir'])
  const { settings, problems } = loadSettings(place)
  const isUnknown = settings === DEFAULT_SETTINGS || problems.some(({ key }) => key === 'control_socket')
  const mistake = problems.find(({ level }) => level === 'error')
  // Who may ask for the status alone may well not read the configuration: then the socket is where it usually is.
  if (mistake === undefined || !isUnknown || values['config-dir'] === undefined) {
    const own = controlPath(settings, runDirBase())
    // Who is not root and runs no daemon means that of the machine.
    return values['config-dir'] !== undefined || existsSync(own) ? own : settings.controlSocket
  }
  const mend = 'mend that, or give the socket itself with --socket'
  throw new CtlError('config', [{ message: formatProblem(mistake), mend }])
}

/** Asks the daemon, and closes the connection. What the daemon refuses comes out as a CtlError. */
export async function withControl<T>(values: ControlValues, use: (client: ControlClient) => Promise<T>): Promise<T> {
  const socket = controlSocket(values)
  let client: ControlClient | undefined
  try {
    client = await openControl(socket)
    return await use(client)
  } catch (error) {
    throw error instanceof ControlError ? controlFailure(socket, error) : error
  } finally {
    client?.close()
  }
}

/** The control socket, or where that is not permitted the one beside it that tells the status alone. */
export async function openControl(socket: string): Promise<ControlClient> {
  try {
    return await connectControl(socket)
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== 'not-permitted') throw error
    return await connectControl(statusSocketBeside(socket)).catch(() => {
      // Nobody there, or not permitted either: what it is all about is the first of them.
      throw error
    })
  }
}

/** What a refusal means for whoever runs this. */
export function controlFailure(socket: string, error: ControlError): CtlError {
  const { code, message, mend } = error
  switch (code) {
    case 'not-running':
      return failure(
        'not-running',
        `audispd does not answer on ${socket}`,
        'is it running? see: audispctl doctor',
        error,
      )
    case 'not-permitted':
      return failure('denied', `${socket}: permission denied`, mend, error)
    case 'denied':
      return failure('denied', message, mend, error)
    case 'usage':
    case 'unknown-verb':
    case 'no-such-plugin':
    case 'too-long':
      return failure('usage', message, mend, error)
    case 'state':
      return failure('failed', message, mend, error)
    case 'busy':
    case 'timeout':
    case 'closed':
    case 'bad-answer':
      return failure('system', message, mend, error)
    default:
      return code satisfies never
  }
}

function failure(code: CtlErrorCode, message: string, mend: string, cause: ControlError): CtlError {
  return new CtlError(code, [{ message, mend }], { cause })
}
