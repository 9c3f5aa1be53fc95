import { Buffer } from 'node:buffer'
import { parse } from 'ini'
import { linesOf } from './config/lines.js'

const MAX_LINE_BYTES = 4096
/** A file of pure garbage must not fill the log: the rest of its mistakes is left out, and that is said. */
const MAX_PROBLEMS = 100

const SEMICOLON = 0x3b
const KEY = /^(?:[a-z][a-z0-9_]*|env\.[a-z_][a-z0-9_]*)$/i
const SECTION = /^\[[ \t]*([a-z]+)(?:[ \t]+([A-Za-z0-9_-]+))?[ \t]*\]$/i

/** One `key = value` line. Keys are lower case, but `env.NAME` keeps the case of NAME. */
export interface Entry {
  /** The section it stands in, such as `action block-ip`; '' before the first one. */
  readonly section: string
  readonly key: string
  readonly value: string
  readonly line: number
}

/** One `[word NAME]` line: the word in lower case, one blank, the name as written. */
export interface Section {
  readonly name: string
  readonly line: number
}

/** One mistake. Line 0 is the whole file, key '' no key in particular. */
export interface Problem {
  readonly level: 'error' | 'warning'
  readonly file: string
  readonly line: number
  readonly key: string
  readonly text: string
}

export interface Entries {
  readonly entries: readonly Entry[]
  readonly sections: readonly Section[]
  readonly problems: readonly Problem[]
}

/**
 * Reads `key = value` lines and finds every mistake of form in one pass; what the keys mean is the caller's business.
 *
 * The lines are cut here and not by ini, which has no line numbers, takes `;` and `#` inside a value for comments, turns
 * words into booleans and objects, and loses what it does not understand without a word. ini gets one value at a time
 * as a JSON string, a form that it gives back unchanged.
 */
export function readEntries(text: Buffer | string, file: string): Entries {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
  const entries: Entry[] = []
  const sections: Section[] = []
  const problems: Problem[] = []
  const firstLines = new Map<string, number>()
  // undefined below a section line that nobody could read: its keys would only be reported in the wrong place.
  let section: string | undefined = ''

  const { lines, faults } = linesOf(bytes)
  for (const fault of faults) problems.push({ level: 'error', file, key: '', ...fault })
  for (const { line, content } of lines) {
    const found = readLine(content)
    switch (found.kind) {
      case 'mistake':
        problems.push({ level: 'error', file, line, key: found.key, text: found.text })
        if (found.isSection) section = undefined
        break
      case 'section':
        section = found.name
        sections.push({ name: found.name, line })
        break
      case 'entry': {
        if (section === undefined) break
        const { key, value } = found
        const firstLine = firstLines.get(`${section}\n${key}`)
        if (firstLine === undefined) firstLines.set(`${section}\n${key}`, line)
        else
          problems.push({ level: 'warning', file, line, key, text: `also on line ${firstLine}; the last one counts` })
        entries.push({ section, key, value, line })
        break
      }
      default:
        found satisfies never
    }
  }
  return { entries, sections, problems: sortProblems(problems) }
}

/** `file:line: key: text`, on one line and without a byte that a terminal would act on. */
export function formatProblem(problem: Problem): string {
  const where = problem.line > 0 ? `${problem.file}:${problem.line}` : problem.file
  const key = problem.key === '' ? '' : `${problem.key}: `
  return printable(`${where}: ${key}${problem.text}`)
}

/** The text with control characters and what hides or turns text round as `\u{...}`, so that it can be shown. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
}

/** Problems in the order of the file, and no more of them than anybody would read. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const sorted = [...problems].sort((a, b) => a.line - b.line)
  const next = sorted[MAX_PROBLEMS]
  if (next === undefined) return sorted
  const left = sorted.length - MAX_PROBLEMS
  const level = sorted.some((problem) => problem.level === 'error') ? 'error' : 'warning'
  return [...sorted.slice(0, MAX_PROBLEMS), { ...next, level, key: '', text: `and ${left} more from here on` }]
}

type Line =
  | { readonly kind: 'mistake'; readonly key: string; readonly text: string; readonly isSection?: boolean }
  | { readonly kind: 'section'; readonly name: string }
  | { readonly kind: 'entry'; readonly key: string; readonly value: string }

function readLine(bytes: Buffer): Line {
  if (bytes[0] === SEMICOLON) return mistake('', "';' does not start a comment; use '#'")
  if (bytes.length > MAX_LINE_BYTES) {
    return mistake('', `the line has ${bytes.length} bytes; ${MAX_LINE_BYTES} are the most`)
  }
  const key = keyAtStart(bytes)
  const control = bytes.findIndex((byte) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f)
  if (control >= 0) return mistake(key, `control byte ${hex(bytes[control])} in the line; take it out`)
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) return mistake(key, 'the line is not UTF-8; save the file as UTF-8')
  if (text.startsWith('[')) return readSection(text)
  return readPair(text)
}

function readSection(text: string): Line {
  const [, word, name] = SECTION.exec(text) ?? []
  if (word === undefined)
    return { ...mistake('', `${text} is no section; one looks like [action NAME]`), isSection: true }
  return { kind: 'section', name: name === undefined ? word.toLowerCase() : `${word.toLowerCase()} ${name}` }
}

function readPair(text: string): Line {
  const equals = text.indexOf('=')
  if (equals < 0) {
    const [key = '', ...words] = text.split(/[ \t]+/)
    return mistake('', `missing '=': write '${key} = ${words.length > 0 ? words.join(' ') : 'VALUE'}'`)
  }
  const written = trimBlanks(text.slice(0, equals))
  if (written === '') return mistake('', "missing key before '='")
  if (!KEY.test(written)) {
    const what = /^env\./i.test(written)
      ? 'a variable is named with A-Z, a-z, 0-9 and _, and does not start with a digit'
      : "a key is one word of letters, digits and '_', then '='"
    return mistake('', `'${written}' is no key: ${what}`)
  }
  const key = normalKey(written)
  if (text[equals + 1] === '=') return mistake(key, "'==' where one '=' belongs")
  return { kind: 'entry', key, value: throughIni(trimBlanks(text.slice(equals + 1))) }
}

function mistake(key: string, text: string): Extract<Line, { kind: 'mistake' }> {
  return { kind: 'mistake', key, text }
}

/** The key of a line that is wrong further on, so that its mistake can name it. */
function keyAtStart(bytes: Buffer): string {
  const equals = bytes.indexOf('=')
  const key = equals < 0 ? '' : trimBlanks(bytes.toString('latin1', 0, equals))
  return KEY.test(key) ? normalKey(key) : ''
}

function normalKey(key: string): string {
  return /^env\./i.test(key) ? `env.${key.slice(4)}` : key.toLowerCase()
}

function trimBlanks(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, '')
}

function hex(byte: number | undefined): string {
  return `0x${(byte ?? 0).toString(16).padStart(2, '0')}`
}

/**
 * Never with the real key: ini would take the dot of `env.NAME` for nesting when the value is null, and lose it.
 */
function throughIni(value: string): string {
  // JSON leaves U+2028 and U+2029 as they are, and ini drops a line that holds one.
  const quoted = JSON.stringify(value).replaceAll(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
  const parsed: Record<string, unknown> = parse(`value = ${quoted}`)
  // Even quoted, the words true, false and null come back as what they name.
  return String(parsed['value'])
}
