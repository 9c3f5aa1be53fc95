// Facilities and severities by the names that syslog.conf has, and by those that audisp-syslog's arguments have.

import { didYouMean } from '../../src/config/did-you-mean.js'
import { oneOf, type Parsed } from '../../src/config/value.js'

const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const
const FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  syslog: 5,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const
const FACILITY_STEP = 8
export const USER_FACILITY = FACILITIES.user
const MAX_RULES = 100
const TYPE_PATTERN = /^[A-Za-z0-9_[\]]{1,64}\*?$/

/** Which severity the records of some types have. */
export interface SeverityRule {
  /** In capitals; `*` at the end stands for any rest. */
  readonly pattern: string
  readonly severity: number
}

/** What stands between `<` and `>`. */
export function priorityOf(facility: number, severity: number): number {
  return facility * FACILITY_STEP + severity
}

export function severityOf(text: string): Parsed<number> {
  const parsed = oneOf(SEVERITIES)(text)
  return 'mistake' in parsed ? parsed : { value: SEVERITIES.indexOf(parsed.value) }
}

export function facilityOf(text: string): Parsed<number> {
  const number = facilityNumber(text.toLowerCase())
  if (number !== undefined) return { value: number }
  const names = Object.keys(FACILITIES)
  return { mistake: `'${text}' is not one of ${names.join(', ')}${didYouMean(text, names)}` }
}

/** `TYPE:severity`, several between blanks; the first that fits counts. */
export function severityRules(text: string): Parsed<readonly SeverityRule[]> {
  const rules: SeverityRule[] = []
  for (const word of text.split(/[ \t]+/)) {
    const [pattern = '', name = '', ...more] = word.split(':')
    if (!TYPE_PATTERN.test(pattern) || name === '' || more.length > 0)
      return { mistake: `'${word}' is not TYPE:PRIORITY, such as AVC:warning or ANOM_*:alert` }
    const parsed = severityOf(name)
    if ('mistake' in parsed) return { mistake: `'${word}': ${parsed.mistake}` }
    rules.push({ pattern: pattern.toUpperCase(), severity: parsed.value })
  }
  return rules.length > MAX_RULES ? { mistake: `${rules.length} of them; ${MAX_RULES} are the most` } : { value: rules }
}

/** Undefined when no rule is for this type. */
export function severityByRule(rules: readonly SeverityRule[], type: string): number | undefined {
  return rules.find(({ pattern }) => (pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern))
    ?.severity
}

/** What a word of audisp-syslog's command line stands for; it takes them in any case. */
export function wordMeaning(
  word: string,
): { readonly severity: number } | { readonly facility: number } | 'interpret' | undefined {
  const lower = word.toLowerCase()
  if (lower === 'interpret') return 'interpret'
  if (!lower.startsWith('log_')) return undefined
  const name = lower.slice('log_'.length)
  const level = SEVERITIES.findIndex((each) => each === name)
  if (level >= 0) return { severity: level }
  const found = facilityNumber(name)
  return found === undefined ? undefined : { facility: found }
}

function facilityNumber(name: string): number | undefined {
  return Object.entries(FACILITIES).find(([each]) => each === name)?.[1]
}
