import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEntries, sortProblems, type Problem } from '../config.js'
import { didYouMean } from '../config/did-you-mean.js'
import { openKeys, type Keys } from '../config/keys.js'
import { time } from '../config/quantity.js'
import { account, oneOf, words, yesNo, type Parsed } from '../config/value.js'
import { EVERYTHING, parseSelector, SELECTOR_FIELDS, SelectorError, type Selector } from '../protocol/selector.js'
import { RECORD_TYPES } from '../protocol/record-type.js'
import { BUILT_IN_ACTIONS } from './action-definition.js'
import { OWN_SOURCES } from './fan-out.js'
import { programPath } from './program.js'
import { takeQueue, takeRestart, type QueueLimits, type RestartPolicy, type Settings } from './settings.js'

const MINUTE_MS = 60_000
const DEFAULT_READY_TIMEOUT_MS = 10_000
const DEFAULT_STOP_TIMEOUT_MS = 5000
const BUILTIN_PREFIX = 'builtin_'
/**
 * What audit 2 and 3 have inside of the dispatcher, and the programs of ours that take its place with the same arguments, but
 * for what it has from elsewhere: it gives its clients what `format` says, and needs no priority.
 */
const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [
    'builtin_af_unix',
    {
      path: shipped('audispd-af-unix'),
      args: (args, format) => (format === 'binary' && !args.some(isFormat) ? [...args, format] : args),
    },
  ],
  ['builtin_syslog', { path: shipped('audispd-syslog'), args: (args) => (args.length === 0 ? ['LOG_INFO'] : args) }],
])
/** They are about the line protocol, which no other format speaks. */
const PROTOCOL_KEYS = ['allow', 'ready_timeout', 'watchdog']

export type PluginFormat = 'string' | 'binary' | 'protocol'
export type Direction = 'out' | 'in' | 'both'

interface Builtin {
  readonly path: string
  readonly args: (written: readonly string[], format: PluginFormat) => readonly string[]
}

/** What one file in a drop-in directory says, with the defaults of the settings filled in. */
export interface DropIn {
  /** The file's name without .conf; the plugin's identity. */
  readonly name: string
  readonly file: string
  readonly active: boolean
  readonly direction: Direction
  /** Absolute; '' when none is given, which only an inactive drop-in may do. */
  readonly path: string
  readonly args: readonly string[]
  readonly format: PluginFormat
  readonly subscribe: Selector
  readonly queue: QueueLimits
  readonly restart: RestartPolicy
  /** '' is whom the dispatcher itself runs as. */
  readonly user: string
  /** '' is the user's own group. */
  readonly group: string
  readonly env: Readonly<Record<string, string>>
  readonly allow: readonly string[]
  readonly readyTimeoutMs: number
  readonly stopTimeoutMs: number
  /** 0 is off. */
  readonly watchdogMs: number
}

export interface DropInSource {
  readonly name: string
  readonly file: string
  readonly settings: Settings
  /** Whether `path` may be relative to the file's directory. */
  readonly relativePaths: boolean
  /** Overrules the key `active`. */
  readonly active?: boolean | undefined
}

/** What a file's text comes to. */
export type ReadDropIn = {
  readonly problems: readonly Problem[]
  /** The program that would run, and the line that names it; also when something else is wrong. */
  readonly program: { readonly path: string; readonly line: number } | undefined
} & (
  | {
      readonly dropIn: DropIn
      /** The same for drop-ins that make the same process and the same queue of the same settings. */
      readonly essence: string
    }
  | { readonly dropIn: undefined }
)

/** Reads one drop-in. There is none when anything in it is wrong. The program is looked at by whoever wants to run it. */
export function readDropIn(text: Buffer | string, source: DropInSource): ReadDropIn {
  const { name, file, settings } = source
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entries, file)
  const active = keys.take('active', yesNo) ?? false
  const type = keys.take('type', oneOf(['always', 'builtin'])) ?? 'always'
  const queue = takeQueue(keys)
  const restart = takeRestart(keys)
  const path = keys.take('path', pluginPath(source)) ?? ''
  const builtin = BUILTINS.get(path)
  const args = keys.takeOrEmpty('args', words, []) ?? []
  const format = keys.take('format', oneOf(['string', 'binary', 'protocol'])) ?? 'string'
  const dropIn: DropIn = {
    name,
    file,
    active: source.active ?? active,
    direction: keys.take('direction', oneOf(['out', 'in', 'both'])) ?? 'out',
    path: builtin?.path ?? path,
    args: builtin?.args(args, format) ?? args,
    format,
    subscribe: keys.take('subscribe', selector) ?? EVERYTHING,
    queue: { ...settings.queue, ...queue },
    restart: { ...settings.restart, ...restart },
    user: keys.take('user', account) ?? '',
    group: keys.take('group', account) ?? '',
    env: Object.fromEntries(keys.takeAll('env.', variable)),
    allow: keys.takeOrEmpty('allow', commands(settings), []) ?? [],
    readyTimeoutMs: keys.take('ready_timeout', time(100, 10 * MINUTE_MS)) ?? DEFAULT_READY_TIMEOUT_MS,
    stopTimeoutMs: keys.take('stop_timeout', time(100, 10 * MINUTE_MS)) ?? DEFAULT_STOP_TIMEOUT_MS,
    watchdogMs: keys.take('watchdog', watchdog) ?? 0,
  }
  checkTogether(keys, dropIn, type, path)
  const all = sortProblems([...problems, ...keys.finish(), ...sections.map((section) => noSections(file, section))])
  const program = dropIn.active && dropIn.path !== '' ? { path: dropIn.path, line: keys.lineOf('path') } : undefined
  if (all.some(({ level }) => level === 'error')) return { dropIn: undefined, problems: all, program }
  return { dropIn, essence: essenceOf(dropIn, restart), problems: all, program }
}

function pluginPath({ file, relativePaths }: DropInSource): (text: string) => Parsed<string> {
  return (text) => {
    const lower = text.toLowerCase()
    if (!lower.startsWith(BUILTIN_PREFIX)) return programPath(text, relativePaths ? dirname(file) : undefined)
    if (BUILTINS.has(lower)) return { value: lower }
    return { mistake: `'${text}' is no built-in plugin${didYouMean(lower, BUILTINS.keys())}` }
  }
}

function isFormat(word: string): boolean {
  return /^(?:string|binary)$/i.test(word)
}

/** Beside the dispatcher's own launcher. */
function shipped(name: string): string {
  return fileURLToPath(new URL(`../../bin/${name}`, import.meta.url))
}

function selector(text: string): Parsed<Selector> {
  try {
    const value = parseSelector(text)
    const wanted = value.terms.filter(({ isNegated }) => !isNegated).map(({ field }) => field)
    const twice = wanted.find((field, index) => wanted.indexOf(field) !== index)
    if (twice === undefined) return { value }
    return { value, warning: `'${twice}' stands twice and both must hold; for either of them write ${twice}=A,B` }
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    const candidates = { 'unknown-type': [...RECORD_TYPES.values()], 'unknown-field': SELECTOR_FIELDS }
    const near = error.code === 'unknown-type' || error.code === 'unknown-field' ? candidates[error.code] : []
    return { mistake: `${error.message}${didYouMean(error.word, near)}` }
  }
}

function variable(text: string): Parsed<string> {
  const isQuoted = text.length > 1 && /^(["']).*\1$/s.test(text)
  return isQuoted ? { value: text, warning: 'the quotes are part of the value' } : { value: text }
}

function commands(settings: Settings): (text: string) => Parsed<readonly string[]> {
  const names = [...settings.actions.keys(), ...BUILT_IN_ACTIONS].map((name) => `action:${name}`)
  return (text) => {
    const asked = text.split(/[ \t]+/)
    const wrong = asked.filter((word) => word !== 'reload' && !names.includes(word))
    if (wrong.length === 0) return { value: asked }
    return { mistake: wrong.map((word) => explainCommand(word, names)).join('; ') }
  }
}

function explainCommand(word: string, names: readonly string[]): string {
  const hint = didYouMean(word, ['reload', ...names])
  if (!word.startsWith('action:')) return `'${word}' is not reload or action:NAME${hint}`
  return `there is no section [action ${word.slice('action:'.length)}] in audispd.conf${hint}`
}

function watchdog(text: string): Parsed<number> {
  if (text.toLowerCase() === 'off') return { value: 0 }
  const parsed = time(1000, 60 * MINUTE_MS)(text)
  return 'mistake' in parsed ? { mistake: `${parsed.mistake}, nor off` } : parsed
}

/** What can be said only of several keys at once. */
function checkTogether(keys: Keys, dropIn: DropIn, type: 'always' | 'builtin', written: string): void {
  const isBuiltin = BUILTINS.has(written)
  if (dropIn.active && isBuiltin) keys.report('warning', 'path', `'${written}' is run as ${dropIn.path}`)
  if (dropIn.active && !keys.has('path')) keys.report('error', 'path', 'missing; an active drop-in needs a program')
  if (type === 'builtin' && !isBuiltin && keys.has('path')) {
    keys.report('warning', 'type', "'builtin' is read as always: the path is that of a program")
  }
  checkDirection(keys, dropIn)
  if (dropIn.format === 'protocol') return
  for (const key of PROTOCOL_KEYS.filter((name) => keys.has(name))) {
    keys.report('warning', key, 'has an effect only with format = protocol')
  }
}

/** What only a plugin that sends records, or only one that gets some, can say. */
function checkDirection(keys: Keys, { name, direction, format, queue }: DropIn): void {
  if (direction === 'out') return
  // It cannot be told to wait but by not being read, and then it may wait for us before it reads on.
  if (direction === 'both' && format === 'string' && queue.overflow === 'block') {
    const text = "'block' with direction = both needs format = protocol; set another overflow_action here"
    keys.report('error', keys.has('overflow_action') ? 'overflow_action' : 'direction', text)
  }
  if (format === 'binary') {
    keys.report('error', 'direction', `'${direction}' needs format = string, a line a record, or format = protocol`)
  }
  if (OWN_SOURCES.includes(name)) {
    keys.report(
      'error',
      'direction',
      `'${name}' is a source of the dispatcher's own: a plugin that sends records needs another name`,
    )
  }
  if (direction === 'in' && keys.has('subscribe')) {
    keys.report('warning', 'subscribe', 'has no effect with direction = in: the plugin gets no records')
  }
}

function noSections(file: string, { name, line }: { name: string; line: number }): Problem {
  return { level: 'error', file, line, key: '', text: `a drop-in has no sections; take [${name}] out` }
}

/**
 * Where the drop-in lies and whether it is active is not in it, and of the restart policy only what the drop-in sets
 * itself: a new default there has no part in a process that is running.
 */
function essenceOf(dropIn: DropIn, ownRestart: Partial<RestartPolicy>): string {
  const { name: _name, file: _file, active: _active, restart: _restart, subscribe, env, ...rest } = dropIn
  const variables = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ ...rest, restart: ownRestart, subscribe: subscribe.text, env: variables })
}
