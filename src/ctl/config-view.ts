import { readEntries, type Entry } from '../config.js'
import { REAL_DISK } from '../config/disk.js'
import { errorCode } from '../config/error-code.js'
import type { DropInReport } from '../dispatcher/drop-in-dir.js'
import { DROP_IN_KEYS, SETTINGS_KEYS } from './config-keys.js'

/** One key: its value as one would write it, and the line that says so; null where nothing does and the default holds. */
export interface ConfigKey {
  readonly key: string
  readonly value: string
  readonly from: { readonly file: string; readonly line: number } | null
}

/** audispd.conf, or one drop-in. */
export interface ConfigFile {
  readonly file: string
  readonly keys: readonly ConfigKey[]
}

export interface PluginConfig extends ConfigFile {
  readonly name: string
  readonly state: 'active' | 'inactive' | 'invalid'
  /** Files of the same name in directories before, which do not count. */
  readonly masks: readonly string[]
}

/** Every key that holds: those that are written, and unless `isWritten` alone is asked for the defaults of the others. */
export function settingsView(file: string, isWritten: boolean): ConfigFile {
  const entries = entriesOf(file)
  const top = [...SETTINGS_KEYS].flatMap(([key, value]) => keyOf(key, value, lastOf(entries, key), file, isWritten))
  const others = entries
    .filter((entry, at) => isLast(entries, at) && (entry.section !== '' || !SETTINGS_KEYS.has(entry.key)))
    .map((entry) => written(entry, entry.section === '' ? entry.key : `[${entry.section}] ${entry.key}`, file))
  return { file, keys: [...top, ...others] }
}

/** The drop-ins that count, each with what it says itself and what it has from audispd.conf. */
export function pluginViews(
  reports: readonly DropInReport[],
  settings: ConfigFile,
  isWritten: boolean,
): PluginConfig[] {
  const maskedBy = (file: string): string[] =>
    reports.flatMap((report) => (report.kind === 'masked' && report.by === file ? [report.file] : []))
  return reports.flatMap((report): PluginConfig[] => {
    const { name, file, kind } = report
    if (kind !== 'active' && kind !== 'inactive' && kind !== 'invalid') return []
    const entries = entriesOf(file)
    const known = [...DROP_IN_KEYS].flatMap(([key, value]) => {
      const inherited = settings.keys.find((each) => each.key === key)
      const entry = lastOf(entries, key)
      if (entry === undefined && value === undefined && inherited !== undefined) return isWritten ? [] : [inherited]
      return keyOf(key, value ?? SETTINGS_KEYS.get(key) ?? '', entry, file, isWritten)
    })
    const others = entries
      .filter((entry, at) => isLast(entries, at) && !DROP_IN_KEYS.has(entry.key))
      .map((entry) => written(entry, entry.key, file))
    return [{ name, state: kind, file, masks: maskedBy(file), keys: [...known, ...others] }]
  })
}

function keyOf(key: string, value: string, entry: Entry | undefined, file: string, isWritten: boolean): ConfigKey[] {
  if (entry !== undefined) return [written(entry, key, file)]
  return isWritten ? [] : [{ key, value, from: null }]
}

function written({ value, line }: Entry, key: string, file: string): ConfigKey {
  return { key, value, from: { file, line } }
}

/** The last one counts. */
function lastOf(entries: readonly Entry[], key: string): Entry | undefined {
  return entries.findLast((entry) => entry.section === '' && entry.key === key)
}

function isLast(entries: readonly Entry[], at: number): boolean {
  const { section, key } = entries[at] ?? { section: '', key: '' }
  return entries.findLastIndex((entry) => entry.section === section && entry.key === key) === at
}

function entriesOf(file: string): readonly Entry[] {
  try {
    const { bytes } = REAL_DISK.read(file)
    return bytes === 'too-large' ? [] : readEntries(bytes, file).entries
  } catch (error) {
    // It need not be there, and what cannot be read is among the mistakes.
    if (errorCode(error) === '') throw error
    return []
  }
}
