import { readEntries, sortProblems, type Problem } from '../../src/config.js'
import { openKeys, type Keys } from '../../src/config/keys.js'
import { count, size, time } from '../../src/config/quantity.js'
import { absolutePath, account, oneOf, type Parsed } from '../../src/config/value.js'
import type { FreeSpace } from '../../src/remote/free-space.js'
import {
  DEFAULT_CONFIG,
  ERROR_WORDS,
  FLUSH_WORDS,
  SIZE_WORDS,
  SPACE_WORDS,
  type DiskAction,
  type LogConfig,
  type ReadConfig,
} from './config.js'

const KIB = 1024
const MIB = 1024 ** 2
const TIB = 1024 ** 4
/** A record and its line end fit. */
const LEAST_FILE_BYTES = 64 * KIB
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const LONGEST_MS = 3660 * DAY_MS
/** An [action NAME] of audispd.conf. */
const ACTION_NAME = /^[A-Za-z0-9_-]{1,32}$/

/** Reads the text of log.conf. All mistakes are found at once. */
export function readConfig(text: Buffer | string, file: string): ReadConfig {
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entries, file)
  const defaults = DEFAULT_CONFIG
  const config: LogConfig = {
    logFile: keys.take('log_file', logFile) ?? defaults.logFile,
    logGroup: keys.take('log_group', account) ?? defaults.logGroup,
    names: keys.take('names', oneOf(['simple', 'solaris'])) ?? defaults.names,
    maxFileBytes: keys.take('max_log_file', mebibytes(LEAST_FILE_BYTES)) ?? defaults.maxFileBytes,
    maxFileAction: keys.take('max_log_file_action', oneOf(SIZE_WORDS)) ?? defaults.maxFileAction,
    numLogs: keys.take('num_logs', count(0, 999)) ?? defaults.numLogs,
    rotateEveryMs: keys.take('rotate_every', neverOr(time(MINUTE_MS, LONGEST_MS))) ?? defaults.rotateEveryMs,
    rotateAt: keys.take('rotate_at', oneOf(['local', 'utc'])) ?? defaults.rotateAt,
    keepMs: keys.take('keep', neverOr(time(MINUTE_MS, LONGEST_MS))) ?? defaults.keepMs,
    compress: keys.take('compress', oneOf(['off', 'rotated', 'stream'])) ?? defaults.compress,
    flush: keys.take('flush', oneOf(FLUSH_WORDS)) ?? defaults.flush,
    freq: keys.take('freq', count(1, 1_000_000)) ?? defaults.freq,
    spaceLeft: keys.take('space_left', room) ?? defaults.spaceLeft,
    spaceLeftAction: keys.take('space_left_action', action(SPACE_WORDS)) ?? defaults.spaceLeftAction,
    adminSpaceLeft: keys.take('admin_space_left', room) ?? defaults.adminSpaceLeft,
    adminSpaceLeftAction: keys.take('admin_space_left_action', action(SPACE_WORDS)) ?? defaults.adminSpaceLeftAction,
    diskFullAction: keys.take('disk_full_action', action(SPACE_WORDS)) ?? defaults.diskFullAction,
    diskErrorAction: keys.take('disk_error_action', action(ERROR_WORDS)) ?? defaults.diskErrorAction,
    blockBytes: keys.take('block_size', size(0, MIB)) ?? defaults.blockBytes,
  }
  checkTogether(keys, config)
  const noSections = sections.map(({ name, line }): Problem => ({
    level: 'error',
    file,
    line,
    key: '',
    text: `there are no sections here; take [${name}] out`,
  }))
  const all = sortProblems([...problems, ...keys.finish(), ...noSections])
  return { config: all.some(({ level }) => level === 'error') ? undefined : config, problems: all }
}

/** What can be said only of several keys at once. */
function checkTogether(keys: Keys, config: LogConfig): void {
  const { spaceLeft, adminSpaceLeft, maxFileAction, numLogs, rotateEveryMs, flush } = config
  if (isNotLess(adminSpaceLeft, spaceLeft))
    keys.report('error', 'admin_space_left', 'has to be less than space_left, as it is the last warning')
  if (numLogs < 2 && (maxFileAction === 'rotate' || rotateEveryMs > 0))
    keys.report('warning', 'num_logs', 'with less than 2 nothing is rotated, and the file grows')
  if (keys.has('freq') && !flush.startsWith('incremental'))
    keys.report('warning', 'freq', `has no effect with flush = ${flush}`)
}

function isNotLess(admin: FreeSpace, first: FreeSpace): boolean {
  if (admin.kind === 'bytes' && first.kind === 'bytes') return admin.bytes >= first.bytes && first.bytes > 0
  return admin.kind === 'share' && first.kind === 'share' && admin.percent >= first.percent
}

function logFile(text: string): Parsed<string> {
  const parsed = absolutePath(text)
  if ('value' in parsed && /\/$|\/\.{1,2}$/.test(text)) return { mistake: `'${text}' is no path of a file` }
  return parsed
}

/** As auditd has it, plain numbers are mebibytes; with K, M or G they are what they say. */
function mebibytes(least: number): (text: string) => Parsed<number> {
  return (text) => {
    const parsed = size(least, TIB)(/^\d+$/.test(text) ? `${text}M` : text)
    return 'mistake' in parsed ? { mistake: parsed.mistake.replace(`'${text}M'`, `'${text}'`) } : parsed
  }
}

/** As mebibytes(), or a percentage from 1% to 99%. */
function room(text: string): Parsed<FreeSpace> {
  const [, percent] = /^([1-9]\d?)%$/.exec(text) ?? []
  if (percent !== undefined) return { value: { kind: 'share', percent: Number(percent) } }
  const parsed = mebibytes(0)(text)
  if ('value' in parsed) return { value: { kind: 'bytes', bytes: parsed.value } }
  return { mistake: `'${text}' is neither a number of mebibytes, nor a size such as 500M, nor a percentage such as 5%` }
}

function neverOr(parse: (text: string) => Parsed<number>): (text: string) => Parsed<number> {
  return (text) => (text === '0' ? { value: 0 } : parse(text))
}

function action(words: readonly (typeof SPACE_WORDS)[number][]): (text: string) => Parsed<DiskAction> {
  return (text) => {
    if (/^email$/i.test(text))
      return { mistake: "there is no 'email' here: define an action that sends it, and write exec NAME" }
    const [, name] = /^exec(?:[ \t]+(.*))?$/is.exec(text) ?? []
    if (name !== undefined || /^exec$/i.test(text)) return named(name ?? '')
    const parsed = oneOf(words)(text)
    return 'mistake' in parsed ? { mistake: `${parsed.mistake}, nor exec NAME` } : { value: { kind: parsed.value } }
  }
}

function named(name: string): Parsed<DiskAction> {
  if (ACTION_NAME.test(name)) return { value: { kind: 'exec', name } }
  const why = name.startsWith('/') ? 'a program is run by the dispatcher alone' : `'${name}' is no name`
  return { mistake: `${why}: define [action NAME] in audispd.conf, and write exec NAME here` }
}
