import { ControlError } from './control-error.js'
import type { Access } from './greeting.js'

/** A longer line is no request. */
export const MAX_REQUEST_BYTES = 8 * 1024

const SHOWN_CHARACTERS = 40
const MEND = 'see docs/protocol/control.md for the verbs'

/** What can be asked; `plugin` is undefined where it is about all of them. */
export type Request =
  | { readonly verb: 'ping' }
  | { readonly verb: 'status'; readonly plugin: string | undefined }
  | { readonly verb: 'start' | 'stop' | 'restart'; readonly plugin: string }
  | { readonly verb: 'resume'; readonly plugin: string | undefined }
  /** `isDry`: only says what it would do. */
  | { readonly verb: 'reload'; readonly isDry: boolean }
  | { readonly verb: 'logs'; readonly plugin: string | undefined; readonly follow: boolean }
  /** '' is everything. */
  | { readonly verb: 'tap'; readonly selector: string }

/** Reads a line without its LF. Throws ControlError `usage` or `unknown-verb`. */
export function readRequest(line: string): Request {
  // What is no UTF-8 has been replaced when it was decoded.
  if (/[\p{Cc}\uFFFD]/u.test(line)) throw usage('a request is plain UTF-8 text without control characters')
  const [verb = '', ...args] = line.split(' ').filter((word) => word !== '')
  switch (verb) {
    case 'ping':
      none(verb, args)
      return { verb }
    case 'status':
    case 'resume':
      return { verb, plugin: atMostOne(verb, args) }
    case 'start':
    case 'stop':
    case 'restart':
      return { verb, plugin: one(verb, args) }
    case 'reload':
      if (args.join(' ') === 'dry-run') return { verb, isDry: true }
      none(verb, args)
      return { verb, isDry: false }
    case 'logs': {
      const follow = args.at(-1) === 'follow'
      return { verb, plugin: atMostOne(verb, follow ? args.slice(0, -1) : args), follow }
    }
    case 'tap':
      return { verb, selector: args.join(' ') }
    default:
      throw new ControlError('unknown-verb', `there is no verb '${verb.slice(0, SHOWN_CHARACTERS)}'`, MEND)
  }
}

/** Throws ControlError `denied` where the connection may not ask that. */
export function checkAccess(access: Access, { verb }: Request): void {
  if (access === 'all' || verb === 'ping' || verb === 'status') return
  throw new ControlError(
    'denied',
    `'${verb}' is for root alone; here only the status may be read`,
    'be root, as by sudo',
  )
}

function none(verb: string, args: readonly string[]): void {
  if (args.length > 0) throw usage(`'${verb}' takes no '${shown(args)}'`)
}

function one(verb: string, [name, ...more]: readonly string[]): string {
  if (name === undefined) throw usage(`'${verb}' needs the name of a plugin`)
  none(verb, more)
  return name
}

function atMostOne(verb: string, [name, ...more]: readonly string[]): string | undefined {
  none(verb, more)
  return name
}

function usage(message: string): ControlError {
  return new ControlError('usage', message, MEND)
}

function shown(args: readonly string[]): string {
  return args.join(' ').slice(0, SHOWN_CHARACTERS)
}
