// Expressions and records made at random, out of what recorded records have: so that many match, and many nearly.

import { auparseFields } from '../../../src/sdk/interpret/auparse-fields.js'
import { Interpreter } from '../../../src/sdk/interpret/interpreter.js'
import { NO_ACCOUNTS } from '../../../src/sdk/interpret/accounts.js'
import { RECORDED_LOGS, recordedLines } from '../../protocol/recorded-lines.js'
import type { Random } from '../../protocol/random.js'

const COMPARISONS = ['<', '<=', '==', '!==', '>', '>=']
const NUMBER_FIELDS = ['uid', 'auid', 'euid', 'fsgid', 'gid', 'ouid', 'ogid', 'id']
const TYPES = [
  'SYSCALL',
  'PATH',
  'CWD',
  'EXECVE',
  'PROCTITLE',
  'USER_AUTH',
  'AVC',
  '1300',
  'UNKNOWN[1400]',
  '1327',
  'path',
]
const PATTERNS = [
  'exe="/usr',
  'uid=0( |$)',
  '^type=(SYSCALL|PATH)',
  '^node=',
  'a[0-3]=[0-9a-f]{3,8} ',
  '[[:digit:]]+\\)',
  '\\bcomm\\b',
  'success=(yes|no)',
  'x*',
  '"$',
  "res=(success|failed)'",
  '(.|..)*name="/etc/[a-z]+"',
]
const ODD_WORDS = [
  '(x=1)',
  '(comm="a',
  "msg='op=login",
  "msg='(uid=7",
  "msg='word",
  'msg=audit',
  'msg=uid=3',
  '=x',
  'x=',
  '(',
  'key=(null)',
  'key="k"',
  'key=6B6579',
  'key=6B31016B32',
  'key=01',
  'key=x',
  'key=,',
  'uid=0,',
  'uid=-1',
  "uid=4294967295')",
  'uid=99999999999999999999',
  'auid=unset:',
  'comm=(none)',
  'comm=(null)',
  "name=(null)'",
  'exe="/bin/sh',
  'exe=""',
  'comm=2F62696E',
  'comm="a"b"',
  'comm="\\001"',
  'comm="\x01"',
  'arch=c000003e',
  'arch=40000003',
  'syscall=59',
  'cwd="/"',
  'avc:',
  'denied',
  '{',
  'read',
  'write=1',
  '}',
  'for',
  'type=PATH',
  'node=n',
  '\x1dAUID="joe"',
  '\x1d',
  'UID="joe"',
  'AUID="x"',
  'SADDR={',
  '\x1dSADDR={ saddr_fam=inet laddr=1.2.3.4 lport=5 }',
  'saddr=020000357F0000010000000000000000',
  'a\0b=c',
  '\0',
]

/** Every recorded record once. */
export function recordedRecords(): readonly Buffer[] {
  const lines = new Map(
    RECORDED_LOGS.flatMap((name) => recordedLines(name)).map((line) => [line.toString('latin1'), line]),
  )
  return [...lines.values()]
}

/** A record as recorded, or with something done to it; without LF. */
export function randomRecord(random: Random, recorded: readonly Buffer[]): Buffer {
  const words = random.oneOf(recorded).toString('latin1').split(' ')
  const changes = random.below(4)
  for (let change = 0; change < changes; change++) {
    const at = random.below(words.length + 1)
    const kind = random.below(4)
    if (kind === 0) words.splice(at, 1)
    else if (kind === 1) words.splice(at, 0, words[random.below(words.length)] ?? '')
    else words.splice(at, kind - 2, random.oneOf(ODD_WORDS))
  }
  return Buffer.from(words.join(' '), 'latin1')
}

/** The text of an expression, about what this record or another has. */
export function randomExpression(random: Random, recorded: readonly Buffer[], depth = 3): string {
  const kind = depth === 0 ? 9 : random.below(10)
  if (kind === 0) return `!${parenthesised(random, recorded, depth)}`
  if (kind <= 2) return `${parenthesised(random, recorded, depth)} && ${parenthesised(random, recorded, depth)}`
  if (kind <= 4) return `${parenthesised(random, recorded, depth)} || ${parenthesised(random, recorded, depth)}`
  return randomClause(random, random.oneOf(recorded))
}

function parenthesised(random: Random, recorded: readonly Buffer[], depth: number): string {
  const inside = randomExpression(random, recorded, depth - 1)
  return random.below(3) === 0 ? inside : `(${inside})`
}

function randomClause(random: Random, record: Buffer): string {
  const kind = random.below(14)
  if (kind === 0) return `\\record_type ${random.oneOf(COMPARISONS)} "${random.oneOf(TYPES)}"`
  if (kind === 1)
    return `${random.oneOf(NUMBER_FIELDS)} ${random.oneOf(COMPARISONS)} ${random.oneOf(['0', '1000', '-1', '33'])}`
  if (kind === 2) return `\\regexp ${quoted(random.oneOf(PATTERNS), random.oneOf(['"', '/']))}`
  if (kind === 3) return timeClause(random, record)
  const fields = auparseFields(record)
  const index = random.below(fields.length)
  const { name, value } = fields[index] ?? { name: 'type', value: 'SYSCALL' }
  const field = random.below(12) === 0 ? random.oneOf(['uid', 'type', 'node', 'key', 'syscall', 'arch']) : name
  const negated = random.below(5) === 0 ? '!' : ''
  if (kind <= 8) return `${quoted(field)} r${negated}= ${quoted(value)}`
  const meaning = new Interpreter(NO_ACCOUNTS).interpret(fields, index)
  return `${quoted(field)} i${negated}= ${quoted(meaning)}`
}

function timeClause(random: Random, record: Buffer): string {
  const [, seconds = '1', millis = '2', serial = '3'] =
    /audit\((\d{1,12})\.(\d{1,3}):(\d{1,9})\)/.exec(record.toString('latin1')) ?? []
  const comparison = random.oneOf(COMPARISONS)
  return random.below(2) === 0
    ? `\\timestamp ${comparison} ts:${seconds}.${millis}`
    : `\\timestamp_ex ${comparison} ts:${seconds}.${millis}:${serial}`
}

/** Latin1 text as a string of the language; what is not ASCII is left out, as expressions are UTF-8. */
function quoted(text: string, delimiter: '"' | '/' = '"'): string {
  const escaped = text
    .replace(/[\0\x80-\xff]/g, '')
    .replaceAll('\\', '\\\\')
    .replaceAll(delimiter, `\\${delimiter}`)
  return `${delimiter}${escaped}${delimiter}`
}
