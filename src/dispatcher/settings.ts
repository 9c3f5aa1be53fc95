import { readEntries, sortProblems, type Problem } from '../config.js'
import { entriesIn, openKeys, type Keys } from '../config/keys.js'
import { count, size, time, timeRange } from '../config/quantity.js'
import { absolutePath, account, oneOf, yesNo, type Parsed } from '../config/value.js'
import { readActions, type ActionDefinition } from './action-definition.js'

const KIB = 1024
const GIB = 1024 ** 3
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const MAX_QUEUE_RECORDS = 100_000_000
/** The least that holds a record of the greatest length, which a line of text may have. */
const MIN_QUEUE_BYTES = 64 * KIB
const MAX_QUEUE_BYTES = 64 * GIB
/** What sun_path holds, less its closing NUL. */
const MAX_SOCKET_PATH_BYTES = 107
const MAX_NAME_LENGTH = 255
const MAX_NICE = 20

const OVERFLOW_WORDS = ['drop-newest', 'drop-oldest', 'block', 'suspend', 'single', 'halt', 'ignore', 'syslog'] as const

export type OverflowAction = Exclude<(typeof OVERFLOW_WORDS)[number], 'syslog'>
export type NameFormat = 'none' | 'hostname' | 'fqd' | 'numeric' | 'user'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
/** Where the daemon's own log goes; `auto` is stderr, and syslog when stderr is /dev/null. */
export type LogTarget =
  | { readonly to: 'auto' }
  | { readonly to: 'stderr' }
  | { readonly to: 'syslog' }
  | { readonly to: 'file'; readonly path: string }

export interface QueueLimits {
  readonly depth: number
  readonly bytes: number
  readonly overflow: OverflowAction
}

export interface RestartPolicy {
  readonly firstDelayMs: number
  readonly longestDelayMs: number
  /** 0 never gives up. */
  readonly maxRestarts: number
  readonly windowMs: number
}

/** What audispd.conf says. */
export interface Settings {
  readonly queue: QueueLimits
  readonly restart: RestartPolicy
  readonly nameFormat: NameFormat
  readonly name: string
  /** Another drop-in directory; '' is none. */
  readonly pluginDir: string
  readonly priorityBoost: number
  readonly log: LogTarget
  readonly logLevel: LogLevel
  readonly controlSocket: string
  /** '' is none. */
  readonly controlGroup: string
  readonly watch: boolean
  readonly selfEvents: boolean
  readonly drainTimeoutMs: number
  readonly actions: ReadonlyMap<string, ActionDefinition>
}

export const DEFAULT_SETTINGS: Settings = {
  queue: { depth: 100_000, bytes: 64 * KIB * KIB, overflow: 'drop-newest' },
  restart: { firstDelayMs: 100, longestDelayMs: MINUTE_MS, maxRestarts: 10, windowMs: 10 * MINUTE_MS },
  nameFormat: 'none',
  name: '',
  pluginDir: '',
  priorityBoost: 4,
  log: { to: 'auto' },
  logLevel: 'info',
  controlSocket: '/run/audispd/control.sock',
  controlGroup: '',
  watch: false,
  selfEvents: true,
  drainTimeoutMs: 10_000,
  actions: new Map(),
}

/** Reads audispd.conf. Where a problem is an error, the settings are not to be used. */
export function readSettings(text: Buffer | string, file: string): { settings: Settings; problems: Problem[] } {
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entriesIn(entries, ''), file)
  const defaults = DEFAULT_SETTINGS
  const queue = { ...defaults.queue, ...takeQueue(keys) }
  const restart = { ...defaults.restart, ...takeRestart(keys) }
  const nameFormat = keys.take('name_format', oneOf(['none', 'hostname', 'fqd', 'numeric', 'user']))
  const name = keys.takeOrEmpty('name', nodeName, '') ?? defaults.name
  if (nameFormat === 'user' && name === '')
    keys.report('error', 'name_format', "'user' needs a name; set the key 'name' too")
  if (nameFormat !== 'user' && name !== '') keys.report('warning', 'name', 'used only with name_format = user')
  const top = {
    pluginDir: keys.takeOrEmpty('plugin_dir', absolutePath, '') ?? defaults.pluginDir,
    priorityBoost: keys.take('priority_boost', count(0, MAX_NICE)) ?? defaults.priorityBoost,
    log: keys.take('log', logTarget) ?? defaults.log,
    logLevel: keys.take('log_level', oneOf(['debug', 'info', 'warn', 'error'])) ?? defaults.logLevel,
    controlSocket: keys.take('control_socket', socketPath) ?? defaults.controlSocket,
    controlGroup: keys.takeOrEmpty('control_group', accountOrNone, '') ?? defaults.controlGroup,
    watch: keys.take('watch', yesNo) ?? defaults.watch,
    selfEvents: keys.take('self_events', yesNo) ?? defaults.selfEvents,
    drainTimeoutMs: keys.take('drain_timeout', time(0, HOUR_MS)) ?? defaults.drainTimeoutMs,
  }
  const { actions, problems: actionProblems } = readActions(sections, entries, file)
  return {
    settings: { queue, restart, nameFormat: nameFormat ?? defaults.nameFormat, name, ...top, actions },
    problems: sortProblems([...problems, ...keys.finish(), ...actionProblems]),
  }
}

/** The queue keys that are set; the same in audispd.conf and in a drop-in. */
export function takeQueue(keys: Keys): Partial<QueueLimits> {
  const depth = keys.take('q_depth', count(1, MAX_QUEUE_RECORDS))
  const bytes = keys.take('q_bytes', size(MIN_QUEUE_BYTES, MAX_QUEUE_BYTES))
  const overflow = keys.take('overflow_action', overflowAction)
  return {
    ...(depth === undefined ? {} : { depth }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(overflow === undefined ? {} : { overflow }),
  }
}

/** The restart keys that are set; the same in audispd.conf and in a drop-in. */
export function takeRestart(keys: Keys): Partial<RestartPolicy> {
  const delay = keys.take('restart_delay', timeRange(10, HOUR_MS))
  const maxRestarts = keys.take('max_restarts', count(0, 1_000_000))
  const windowMs = keys.take('restart_window', time(1000, 24 * HOUR_MS))
  return {
    ...(delay === undefined ? {} : { firstDelayMs: delay.firstMs, longestDelayMs: delay.longestMs }),
    ...(maxRestarts === undefined ? {} : { maxRestarts }),
    ...(windowMs === undefined ? {} : { windowMs }),
  }
}

function overflowAction(text: string): Parsed<OverflowAction> {
  const parsed = oneOf(OVERFLOW_WORDS)(text)
  if ('mistake' in parsed) return parsed
  // auditd's word, whose drop of the newest is logged, as every drop is here unless it says ignore.
  return { value: parsed.value === 'syslog' ? 'drop-newest' : parsed.value }
}

function nodeName(text: string): Parsed<string> {
  if (/^[!-~]+$/.test(text) && text.length <= MAX_NAME_LENGTH) return { value: text }
  return { mistake: `a node name has 1 to ${MAX_NAME_LENGTH} ASCII characters and no blank` }
}

function logTarget(text: string): Parsed<LogTarget> {
  const [, path] = /^file:(.*)$/i.exec(text) ?? []
  if (path !== undefined) {
    const parsed = absolutePath(path)
    return 'mistake' in parsed ? parsed : { value: { to: 'file', path } }
  }
  const parsed = oneOf(['auto', 'stderr', 'syslog'])(text)
  return 'mistake' in parsed ? { mistake: `${parsed.mistake}, nor file:/PATH` } : { value: { to: parsed.value } }
}

function socketPath(text: string): Parsed<string> {
  if (Buffer.byteLength(text) <= MAX_SOCKET_PATH_BYTES) return absolutePath(text)
  return { mistake: `a socket's path has at most ${MAX_SOCKET_PATH_BYTES} bytes` }
}

function accountOrNone(text: string): Parsed<string> {
  return text.toLowerCase() === 'none' ? { value: '' } : account(text)
}
