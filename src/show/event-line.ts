// An event as one line for a person: when, which, where, what, how it ended, who, with what. Text of records is hostile:
// nothing in it reaches a terminal as it is, and none of it looks like a field of ours.

import { harmlessText } from '../protocol/harmless-text.js'
import type { AuditEvent } from '../sdk/index.js'
import type { Paint, Part } from './paint.js'
import { accountIn, said, summaryOf, type Summary } from './summary.js'

/** Of a longer value the rest is left out. */
const MOST_VALUE_CHARACTERS = 1024
/** Visible ASCII but for what has to stand in quotes: most values, which without a compiler are dear to look at any closer. */
const HARMLESS = /^[!#-<>-[\]-~]+$/
const ID_FIELDS = /^(?:[efs]{0,2}[ug]id|[a-z-]*[ag]?uid)$/
/** Said in a place of their own, or of no use to a person. */
const SAID = new Set([
  'acct',
  'addr',
  'arch',
  'auid',
  'cmd',
  'comm',
  'cwd',
  'exe',
  'hostname',
  'id',
  'key',
  'msg',
  'op',
  'pid',
  'res',
  'result',
  'subj',
  'success',
  'syscall',
  'uid',
])

/** Without its LF. */
export function eventLine(event: AuditEvent, paint: Paint): string {
  const summary = summaryOf(event)
  const head = [
    paint('time', `${new Date(event.timeMs).toISOString()} #${event.serial}`),
    ...(event.node === '' ? [] : [paint('node', shown(event.node))]),
  ]
  return [...head, ...(summary === undefined ? [] : wordsOf(summary, event, paint))].join(' ')
}

function wordsOf(summary: Summary, event: AuditEvent, paint: Paint): string[] {
  const { type, lead, syscall, access, result, error, auid, uid, pid, exe, comm, acct, command, paths, address, keys } =
    summary
  const field = (name: string, value: string | undefined, part: Part = 'name'): string[] =>
    value === undefined ? [] : [`${paint(part, `${name}=`)}${shown(value)}`]
  const isCall = type === 'SYSCALL'
  return [
    paint('type', shown(type)),
    ...[syscall, access, said(lead.get('op'))].flatMap((what) =>
      what === undefined ? [] : [paint('what', shown(what))],
    ),
    ...(result === undefined ? [] : [resultWord(result, error, paint)]),
    ...field('auid', auid),
    ...field('uid', uid),
    ...field('acct', acct),
    ...field('addr', address === undefined || paths.includes(address) ? undefined : address),
    ...field('pid', pid),
    ...field('exe', exe),
    ...field('comm', comm === exe?.slice(exe.lastIndexOf('/') + 1) ? undefined : comm),
    ...field('cmd', command?.join(' ')),
    ...paths.flatMap((path) => field('path', path)),
    ...(isCall ? [] : restOf(summary).flatMap(([name, value]) => field(shown(name), value))),
    ...keys.flatMap((key) => field('key', key, 'key')),
    ...(event.incomplete === 'overflow' ? [paint('failed', '(cut)')] : []),
  ]
}

function resultWord(result: 'success' | 'failed', error: string | undefined, paint: Paint): string {
  return result === 'success'
    ? paint('success', 'ok')
    : paint('failed', error === undefined ? 'failed' : `failed:${error}`)
}

/** What the record that says what happened has beside the usual. */
function restOf({ lead, access }: Summary): [string, string][] {
  return lead.fields().flatMap(({ key, text }): [string, string][] => {
    if (SAID.has(key)) return []
    const value = ID_FIELDS.test(key) ? accountIn(lead, key) : said(text)
    // A session that is none has the number of a user that is none.
    if (value === undefined || (key.endsWith('ses') && value === '4294967295')) return []
    return access !== undefined && key === 'permissive' && value === '0' ? [] : [[key, value]]
  })
}

/** On one line, without anything that a terminal would obey; in quotes where it could be taken for more than a value. */
function shown(value: string): string {
  if (value.length <= MOST_VALUE_CHARACTERS && HARMLESS.test(value)) return value
  const text = harmlessText(value.replaceAll(/["\\]/g, '\\$&'), MOST_VALUE_CHARACTERS)
  return text === '' || text !== value || /[\s=]/.test(text) ? `"${text}"` : text
}
