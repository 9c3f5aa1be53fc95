import { oneOf, type Parsed } from '../../src/config/value.js'

/** An [action NAME] of audispd.conf. */
const ACTION_NAME = /^[A-Za-z0-9_-]{1,32}$/

const FAILURE_WORDS = [
  'ignore',
  'syslog',
  'warn_once_continue',
  'warn_once',
  'suspend',
  'single',
  'halt',
  'stop',
] as const
const ENDING_WORDS = [...FAILURE_WORDS, 'reconnect'] as const
const OVERFLOW_WORDS = ['ignore', 'syslog', 'suspend', 'single', 'halt'] as const
const FULL_WORDS = ['block', 'drop_newest', 'drop_oldest', 'suspend', 'single', 'halt'] as const

/** Runs what the admin has defined under that name in audispd.conf, through the dispatcher. */
export interface Exec {
  readonly kind: 'exec'
  readonly name: string
}

/** What is done beside keeping the record, which is kept whatever this is. */
export type AdminAction = { readonly kind: (typeof ENDING_WORDS)[number] } | Exec

/** What becomes of records for which the spool has no room. */
export type OnFull = { readonly kind: (typeof FULL_WORDS)[number] } | Exec

export const failureAction = orExec(FAILURE_WORDS)
export const endingAction = orExec(ENDING_WORDS)
export const overflowAction = orExec(OVERFLOW_WORDS)
export const onFull = orExec(FULL_WORDS)

function orExec<const T extends string>(words: readonly T[]): (text: string) => Parsed<{ readonly kind: T } | Exec> {
  return (text) => {
    const [, name] = /^exec(?:[ \t]+(.*))?$/is.exec(text) ?? []
    if (name !== undefined) return namedAction(name)
    if (/^exec$/i.test(text)) return { mistake: "'exec' needs the name of an [action NAME] in audispd.conf" }
    const parsed = oneOf(words)(text)
    return 'mistake' in parsed ? { mistake: `${parsed.mistake}, nor exec NAME` } : { value: { kind: parsed.value } }
  }
}

function namedAction(name: string): Parsed<Exec> {
  if (ACTION_NAME.test(name)) return { value: { kind: 'exec', name } }
  const why = name.startsWith('/') ? 'a program is run by the dispatcher alone: define' : 'there can be no'
  return { mistake: `'exec ${name}': ${why} [action NAME] in audispd.conf, and write 'exec NAME' here` }
}
