import { entriesIn, openKeys } from '../../src/config/keys.js'
import { readEntries, sortProblems, type Problem } from '../../src/config.js'
import { size, time, timeRange, count, type TimeRange } from '../../src/config/quantity.js'
import type { LoadedConfig } from '../../src/config/trusted-file.js'
import { absolutePath, oneOf, words, type Parsed } from '../../src/config/value.js'

const KIB = 1024
const MIB = 1024 ** 2
const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const MAX_RULE_FILES = 64

/** A program and its arguments. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
}

/** What filter.conf says. */
export interface FilterConfig {
  /** Rule files, one after the other. */
  readonly ruleFiles: readonly string[]
  /** What rules are about: a record alone, or all records of an event together. */
  readonly unit: 'event' | 'record'
  /** What becomes of what no rule decides about. */
  readonly default: 'keep' | 'drop'
  /** Gets what is kept; undefined: nobody, the rules only count and tell. */
  readonly child: Command | undefined
  /** The pause before the child is started again: the first one, and the longest. */
  readonly childRestart: TimeRange
  /** What waits for the child under auditd, which cannot be told to wait. */
  readonly bufferBytes: number
  /** Takes mails on its standard input. */
  readonly sendmail: Command
  /** How long a program that is told something may take. */
  readonly execTimeoutMs: number
  /** How many such programs may run at once. */
  readonly execMax: number
  /** '' is none. */
  readonly statusFile: string
}

export type ReadConfig = LoadedConfig<FilterConfig>

export const DEFAULT_FILE = '/etc/audispd/filter.conf'

export const DEFAULT_CONFIG: FilterConfig = {
  ruleFiles: ['/etc/audispd/filter.rules'],
  unit: 'event',
  default: 'keep',
  child: undefined,
  childRestart: { firstMs: 500, longestMs: 60 * SECOND_MS },
  bufferBytes: 16 * MIB,
  sendmail: { program: '/usr/sbin/sendmail', args: ['-t', '-oi'] },
  execTimeoutMs: 10 * SECOND_MS,
  execMax: 4,
  statusFile: '/run/audispd/filter.json',
}

export const FILTER_KEYS = [
  'rules',
  'unit',
  'default',
  'child',
  'child_restart',
  'buffer',
  'sendmail',
  'exec_timeout',
  'exec_max',
  'status',
] as const

/** Reads the text of filter.conf. All mistakes are found at once. */
export function readConfig(text: Buffer | string, file: string): ReadConfig {
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entriesIn(entries, ''), file)
  const defaults = DEFAULT_CONFIG
  const config: FilterConfig = {
    ruleFiles: keys.take('rules', paths) ?? defaults.ruleFiles,
    unit: keys.take('unit', oneOf(['event', 'record'])) ?? defaults.unit,
    default: keys.take('default', oneOf(['keep', 'drop'])) ?? defaults.default,
    child: keys.takeOrEmpty<Command | undefined>('child', command, undefined),
    childRestart: keys.take('child_restart', timeRange(10, HOUR_MS)) ?? defaults.childRestart,
    bufferBytes: keys.take('buffer', size(256 * KIB, 1024 * MIB)) ?? defaults.bufferBytes,
    sendmail: keys.take('sendmail', command) ?? defaults.sendmail,
    execTimeoutMs: keys.take('exec_timeout', time(100, HOUR_MS)) ?? defaults.execTimeoutMs,
    execMax: keys.take('exec_max', count(1, 64)) ?? defaults.execMax,
    statusFile: keys.takeOrEmpty('status', absolutePath, '') ?? defaults.statusFile,
  }
  const noSections = sections.map(({ name, line }): Problem => ({
    level: 'error',
    file,
    line,
    key: '',
    text: `[${name}]: this file has no sections`,
  }))
  const all = sortProblems([...problems, ...keys.finish(), ...noSections])
  return all.some(({ level }) => level === 'error') ? { config: undefined, problems: all } : { config, problems: all }
}

function paths(text: string): Parsed<readonly string[]> {
  const parsed = words(text)
  if ('mistake' in parsed) return parsed
  if (parsed.value.length > MAX_RULE_FILES)
    return { mistake: `${parsed.value.length} files; ${MAX_RULE_FILES} are the most` }
  const wrong = parsed.value.find((path) => !path.startsWith('/'))
  return wrong === undefined ? parsed : { mistake: `'${wrong}' is not an absolute path` }
}

function command(text: string): Parsed<Command> {
  const parsed = words(text)
  if ('mistake' in parsed) return parsed
  const [program = '', ...args] = parsed.value
  return program.startsWith('/')
    ? { value: { program, args } }
    : { mistake: `'${program}' is not an absolute path, and there is no PATH` }
}
