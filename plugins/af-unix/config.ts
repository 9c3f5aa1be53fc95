// The arguments: those of audisp-af_unix, in any order as there, and options of our own.

import { parseArgs } from 'node:util'
import { didYouMean } from '../../src/config/did-you-mean.js'
import { count, size } from '../../src/config/quantity.js'
import { absolutePath, account, type Parsed } from '../../src/config/value.js'
import { COMMON_OPTIONS, verbOf } from '../../src/plugin-program.js'

/** Where audisp-af_unix of audit 2 and 3 listens; that of audit 4 has /run/audit/audispd_events. */
export const DEFAULT_PATH = '/var/run/audispd_events'
export const DEFAULT_MODE = 0o640
/** Two of the largest batches: audisp-af_unix has 512, and takes one record at a time. */
export const DEFAULT_QUEUE_RECORDS = 8192
export const DEFAULT_QUEUE_BYTES = 4 * 1024 * 1024
export const DEFAULT_MAX_CLIENTS = 100

const MOST_QUEUE_RECORDS = 10_000_000
/** Twice the longest record. */
const LEAST_QUEUE_BYTES = 128 * 1024
const MOST_QUEUE_BYTES = 1024 ** 3
const MOST_CLIENTS = 1000
const MOST_MODE = 0o777
/** What the kernel has room for, with a NUL at the end. */
const MAX_PATH_BYTES = 107
const FORMATS = ['string', 'binary'] as const

export type ClientFormat = (typeof FORMATS)[number]

export interface Settings {
  /** The permissions of the socket. */
  readonly mode: number
  readonly path: string
  readonly format: ClientFormat
  /** What waits for one client at most. */
  readonly queueRecords: number
  readonly queueBytes: number
  readonly maxClients: number
  /** '' is the group that the program runs in. */
  readonly group: string
  /** Where SIGUSR1 writes the state of the clients; '' is the log. */
  readonly stateFile: string
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
      group: { type: 'string' },
      'max-clients': { type: 'string' },
      'queue-bytes': { type: 'string' },
      state: { type: 'string' },
    },
  })
  const words = new Words()
  for (const word of positionals) words.take(word)
  const settings: Settings = {
    mode: words.mode ?? DEFAULT_MODE,
    path: words.path ?? DEFAULT_PATH,
    format: words.format ?? 'string',
    queueRecords: words.queueRecords ?? DEFAULT_QUEUE_RECORDS,
    queueBytes:
      words.option('--queue-bytes', values['queue-bytes'], size(LEAST_QUEUE_BYTES, MOST_QUEUE_BYTES)) ??
      DEFAULT_QUEUE_BYTES,
    maxClients: words.option('--max-clients', values['max-clients'], count(1, MOST_CLIENTS)) ?? DEFAULT_MAX_CLIENTS,
    group: words.option('--group', values.group, account) ?? '',
    stateFile: words.option('--state', values.state, absolutePath) ?? '',
  }
  return { verb: verbOf(values), settings, mistakes: words.mistakes }
}

/** The words without a dash: what each is can be seen by its first character, but for the two numbers. */
class Words {
  mode: number | undefined
  path: string | undefined
  format: ClientFormat | undefined
  queueRecords: number | undefined
  readonly mistakes: string[] = []

  take(word: string): void {
    if (/^\d/.test(word)) this.#number(word)
    else if (word.includes('/')) this.#socket(word)
    else this.#format(word)
  }

  option<T>(name: string, text: string | undefined, parse: (text: string) => Parsed<T>): T | undefined {
    if (text === undefined) return undefined
    const parsed = parse(text)
    if ('value' in parsed) return parsed.value
    this.mistakes.push(`${name}: ${parsed.mistake}`)
    return undefined
  }

  /** The first number is the mode, in octal; the second how many records wait for a client. */
  #number(word: string): void {
    if (this.mode === undefined) {
      this.mode = /^[0-7]{1,4}$/.test(word) ? Number.parseInt(word, 8) : 0
      if (this.mode > 0 && this.mode <= MOST_MODE) return
      this.mistakes.push(`'${word}' is not an octal mode from 0001 to 0777; the first number is the socket's mode`)
    } else if (this.queueRecords === undefined) {
      this.queueRecords = this.option('queue depth', word, count(1, MOST_QUEUE_RECORDS)) ?? DEFAULT_QUEUE_RECORDS
    } else {
      this.mistakes.push(`'${word}' is one number too many: there are a mode and a queue depth`)
    }
  }

  #socket(word: string): void {
    if (this.path !== undefined) this.mistakes.push(`'${word}' is one path too many`)
    this.path = this.option('path', word, absolutePath) ?? word
    if (Buffer.byteLength(word) > MAX_PATH_BYTES) {
      this.mistakes.push(`'${word}' is too long for a socket: a path has ${MAX_PATH_BYTES} bytes at most`)
    }
  }

  #format(word: string): void {
    const format = FORMATS.find((name) => name === word.toLowerCase())
    if (format === undefined) {
      const hint = didYouMean(word, FORMATS)
      this.mistakes.push(`'${word}' is no mode, no path, no queue depth, and not string or binary${hint}`)
    } else if (this.format !== undefined) {
      this.mistakes.push(`'${word}' is one format too many`)
    }
    this.format ??= format
  }
}
