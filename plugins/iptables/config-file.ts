import { readEntries, sortProblems, type Problem } from '../../src/config.js'
import type { Disk } from '../../src/config/disk.js'
import { openKeys, type Keys } from '../../src/config/keys.js'
import { count } from '../../src/config/quantity.js'
import { loadTrusted } from '../../src/config/trusted-file.js'
import { absolutePath, oneOf, words, type Parsed } from '../../src/config/value.js'
import {
  DEFAULT_CONFIG,
  DEFAULT_FILES,
  DEFAULT_TO_KERNEL_PER_SECOND,
  MOST_TO_KERNEL_PER_SECOND,
  type IptablesConfig,
  type OutputKind,
  type ReadConfig,
} from './config.js'
import { MAX_PREFIX_CHARACTERS } from './packet.js'

export const DEFAULT_FILE = '/etc/audispd/iptables.conf'
const MOST_PER_SECOND = 1_000_000
const MAX_PATTERNS = 100

/** Reads the file if its owner and mode allow to believe it. */
export function loadConfig(file: string, disk?: Disk): ReadConfig {
  return loadTrusted(file, (bytes) => readConfig(bytes, file), disk)
}

/** Reads the text of iptables.conf. All mistakes are found at once. */
export function readConfig(text: Buffer | string, file: string): ReadConfig {
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entries, file)
  const source = keys.take('source', oneOf(['kmsg', 'syslog', 'logemu', 'json'])) ?? DEFAULT_CONFIG.source
  const output = keys.take('output', oneOf(['dispatcher', 'lines', 'kernel'])) ?? DEFAULT_CONFIG.output
  const begin = keys.take('begin', oneOf(['oldest', 'newest']))
  const config: IptablesConfig = {
    source,
    file: keys.takeOrEmpty('file', absolutePath, DEFAULT_FILES[source]) ?? DEFAULT_FILES[source],
    isFromNow: begin === undefined ? DEFAULT_CONFIG.isFromNow : begin === 'newest',
    prefixes: keys.takeOrEmpty('prefix', patterns, []) ?? DEFAULT_CONFIG.prefixes,
    maxPerSecond: takeMaxPerSecond(keys, output),
    output,
    positionFile: keys.take('position_file', absolutePath) ?? DEFAULT_CONFIG.positionFile,
  }
  if (config.positionFile === config.file) keys.report('error', 'position_file', 'is the file that is read')
  const more = sections.map(({ name, line }): Problem => ({
    level: 'error',
    file,
    line,
    key: '',
    text: `there are no sections here; take [${name}] out`,
  }))
  const all = sortProblems([...problems, ...keys.finish(), ...more])
  return { config: all.some(({ level }) => level === 'error') ? undefined : config, problems: all }
}

function takeMaxPerSecond(keys: Keys, output: OutputKind): number {
  const given = keys.takeOrEmpty<number | undefined>('max_per_second', count(0, MOST_PER_SECOND), undefined)
  if (output !== 'kernel') return given ?? DEFAULT_CONFIG.maxPerSecond
  if (given !== undefined && (given === 0 || given > MOST_TO_KERNEL_PER_SECOND))
    keys.report('error', 'max_per_second', `with output = kernel it is 1 to ${MOST_TO_KERNEL_PER_SECOND}`)
  return given ?? DEFAULT_TO_KERNEL_PER_SECOND
}

function patterns(text: string): Parsed<readonly string[]> {
  const parsed = words(text)
  if ('mistake' in parsed) return parsed
  const long = parsed.value.find((pattern) => pattern.length > MAX_PREFIX_CHARACTERS)
  if (long !== undefined) return { mistake: `'${long}' has more than ${MAX_PREFIX_CHARACTERS} characters` }
  if (parsed.value.length > MAX_PATTERNS) return { mistake: `these are more than ${MAX_PATTERNS} patterns` }
  return parsed
}
