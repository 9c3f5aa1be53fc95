import type { Entry, Problem } from '../config.js'
import { didYouMean } from './did-you-mean.js'
import type { Parsed } from './value.js'

type Parse<T> = (text: string) => Parsed<T>

/** The keys of one section, taken one by one; what is never asked for is unknown. */
export interface Keys {
  /** The value of a key that must have one; undefined when it is absent or wrong. */
  take<T>(key: string, parse: Parse<T>): T | undefined
  /** The same for a key that may stand without a value, which then means `empty`. */
  takeOrEmpty<T>(key: string, parse: Parse<T>, empty: T): T | undefined
  /** All keys below a prefix such as `env.`, by what follows it. */
  takeAll(prefix: string, parse: Parse<string>): Map<string, string>
  has(key: string): boolean
  /** Where a key stands, the last time if it is repeated. */
  lineOf(key: string): number
  /** A mistake that needs more than one value to see. */
  report(level: Problem['level'], key: string, text: string): void
  /** Closes the section: everything found, unknown keys too. */
  finish(): readonly Problem[]
}

/** Opens the keys of one section for reading. `line` is where a mistake goes whose key is absent. */
export function openKeys(entries: readonly Entry[], file: string, line = 0): Keys {
  const problems: Problem[] = []
  const asked = new Set<string>()
  const prefixes: string[] = []

  const lineOf = (key: string) => entries.findLast((entry) => entry.key === key)?.line ?? line
  const parseEntry = <T>(entry: Entry, parse: Parse<T>, empty?: { readonly value: T }): T | undefined => {
    const say = (level: Problem['level'], text: string) =>
      problems.push({ level, file, line: entry.line, key: entry.key, text })
    if (entry.value === '' && empty !== undefined) return empty.value
    const parsed = entry.value === '' ? { mistake: 'the value is missing' } : parse(entry.value)
    if ('mistake' in parsed) {
      say('error', parsed.mistake)
      return undefined
    }
    if (parsed.warning !== undefined) say('warning', parsed.warning)
    return parsed.value
  }
  const takeLast = <T>(key: string, parse: Parse<T>, empty?: { readonly value: T }): T | undefined => {
    asked.add(key)
    // Each of repeated lines is looked at, so that the mistake on the first does not come up when the second goes.
    const values = entries.filter((entry) => entry.key === key).map((entry) => parseEntry(entry, parse, empty))
    return values.at(-1)
  }

  return {
    take: (key, parse) => takeLast(key, parse),
    takeOrEmpty: (key, parse, empty) => takeLast(key, parse, { value: empty }),
    takeAll(prefix, parse) {
      prefixes.push(prefix)
      const found = new Map<string, string>()
      for (const entry of entries.filter(({ key }) => key.startsWith(prefix))) {
        const value = parseEntry(entry, parse, { value: '' })
        if (value !== undefined) found.set(entry.key.slice(prefix.length), value)
      }
      return found
    },
    lineOf,
    has: (key) => entries.some((entry) => entry.key === key),
    report: (level, key, text) => problems.push({ level, file, line: lineOf(key), key, text }),
    finish() {
      for (const { key, line: at } of entries) {
        if (asked.has(key) || prefixes.some((prefix) => key.startsWith(prefix))) continue
        problems.push({ level: 'error', file, line: at, key, text: `unknown key${didYouMean(key, asked)}` })
      }
      return problems
    },
  }
}

/** The entries of one section; '' are those before the first. */
export function entriesIn(entries: readonly Entry[], section: string): Entry[] {
  return entries.filter((entry) => entry.section === section)
}
