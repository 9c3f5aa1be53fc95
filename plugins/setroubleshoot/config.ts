import { parseArgs } from 'node:util'
import { didYouMean } from '../../src/config/did-you-mean.js'
import { count, size } from '../../src/config/quantity.js'
import { absolutePath, type Parsed } from '../../src/config/value.js'
import { COMMON_OPTIONS, verbOf } from '../../src/plugin-program.js'
import { UNKNOWN_TYPE } from '../../src/protocol/frame.js'
import { RECORD_TYPES, recordTypeNumber } from '../../src/protocol/record-type.js'

/** Where the system's message bus listens. */
export const DEFAULT_SOCKET = '/run/dbus/system_bus_socket'
const DEFAULT_TYPES = ['AVC', 'SELINUX_ERR'] as const
export const DEFAULT_QUEUE_EVENTS = 1000
export const DEFAULT_QUEUE_BYTES = 8 * 1024 * 1024
/** The longest event fits. */
const LEAST_QUEUE_BYTES = 1024 * 1024
const MOST_QUEUE_BYTES = 1024 ** 3
const MOST_QUEUE_EVENTS = 1_000_000

export interface Settings {
  /** The socket of the message bus. */
  readonly socket: string
  /** An event is handed over if it has a record of one of these types. */
  readonly types: ReadonlySet<string>
  /** What waits while setroubleshootd cannot be reached, at most. */
  readonly queueEvents: number
  readonly queueBytes: number
}

export interface Options {
  readonly verb: 'run' | 'check' | 'help' | 'version'
  readonly settings: Settings
  /** Everything that is wrong with the arguments; the settings are not to be used then. */
  readonly mistakes: readonly string[]
}

/** Throws an Error with what is wrong in words when an option is none. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...COMMON_OPTIONS,
      queue: { type: 'string' },
      'queue-bytes': { type: 'string' },
      types: { type: 'string' },
    },
  })
  const mistakes: string[] = []
  const taken = <T>(name: string, text: string | undefined, parse: (text: string) => Parsed<T>): T | undefined => {
    if (text === undefined) return undefined
    const parsed = parse(text)
    if ('value' in parsed) return parsed.value
    mistakes.push(`${name}: ${parsed.mistake}`)
    return undefined
  }
  const [socket, ...more] = positionals
  for (const word of more) mistakes.push(`'${word}' is one socket too many`)
  const settings: Settings = {
    socket: taken('socket', socket, absolutePath) ?? DEFAULT_SOCKET,
    types: new Set(taken('--types', values.types, typeNames) ?? DEFAULT_TYPES),
    queueEvents: taken('--queue', values.queue, count(1, MOST_QUEUE_EVENTS)) ?? DEFAULT_QUEUE_EVENTS,
    queueBytes:
      taken('--queue-bytes', values['queue-bytes'], size(LEAST_QUEUE_BYTES, MOST_QUEUE_BYTES)) ?? DEFAULT_QUEUE_BYTES,
  }
  return { verb: verbOf(values), settings, mistakes }
}

function typeNames(text: string): Parsed<readonly string[]> {
  const names = text.toUpperCase().split(',')
  const wrong = names.filter((name) => recordTypeNumber(name) === UNKNOWN_TYPE)
  if (wrong.length === 0) return { value: names }
  const hints = wrong.map((name) => `'${name}' is no record type${didYouMean(name, RECORD_TYPES.values())}`)
  return { mistake: hints.join('; ') }
}
