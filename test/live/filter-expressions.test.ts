// Which events an expression finds: our rule set beside the library of Debian's python3-audit, over every recording and over
// records made from them; and which texts are no expressions.
//
// What is not alike, and kept out of the comparison: EOE records, which the library counts to an event that is still open
// and otherwise drops, and ours to none; and how records are put into events, which the library does by the records' own
// times and ours by when they come. An event is therefore named by node, time and serial, and counts as found if any part
// of it is: as a condition is about one record, it does not matter then how it was put together.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { compileRules } from '../../plugins/filter/compile-rules.js'
import { ExpressionError } from '../../plugins/filter/expression.js'
import { parseExpression } from '../../plugins/filter/parse-expression.js'
import { EventAssembler } from '../../src/protocol/event.js'
import { readRecord } from '../../src/protocol/record-fields.js'
import { recordTypeName } from '../../src/protocol/record-type.js'
import { readAccounts } from '../../src/sdk/interpret/accounts.js'
import { Interpreter } from '../../src/sdk/interpret/interpreter.js'
import { randomExpression, randomRecord } from '../plugins/filter/random-rules.js'
import { Random } from '../protocol/random.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, recording } from '../protocol/recordings.js'
import { RECORDED_LINES, recordedLines } from '../protocol/recorded-lines.js'
import { recordsOf } from '../protocol/wire.js'
import { EXPRESSIONS, TEXTS } from './filter-expression-table.js'
import { ENVIRONMENT } from './kernel.js'
import type { AuditEvent } from '../../src/protocol/event.js'
import type { AuditRecord } from '../../src/protocol/record-fields.js'

const PYTHON = '/usr/bin/python3'
const PROGRAM = 'test/fixtures/live/searches-audit.py'
const MAX_ANSWER_BYTES = 1 << 28
const SEED = 309
const RANDOM_EXPRESSIONS = 200
const RANDOM_RECORDS = 1000
/** One of each kind; the others have the same events. */
const RECORDED_EVENTS = [
  'v2.8.5-raw.log',
  'v2.8.5-enriched-node.log',
  'v3.0.9-raw-plugin.string',
  'v3.0.9-enriched-node-plugin.log',
]
/** How many events are under way at once. */
const INTERLEAVED = 8
const RECORDS_A_FILE = 200
const EOE = 1320
/** Where the library has a pointer to nothing, and dies of it. */
const DEADLY = /key=[^"(\s]/
/** What makes records different that are the same for an expression. */
const OFTEN_ELSE = /audit\(\d+\.\d+:\d+\)| p?pid=\d+/g
/** Types that came after 3.0.9, which writes and reads their numbers. */
const LATER_TYPES: ReadonlySet<number> = new Set([1338, 1339, 1423, 1424])
/** No kernel writes such: the library puts the path behind the directory, which is more than an interpretation here does. */
const PATH_IN_CWD = /type=CWD .*\b(?!cwd=)\w+=/
/** A record at whose beginning nothing was changed. */
const WHOLE = /^(?:node=[^ =]+ )?type=[A-Z0-9_[\]]+ msg=audit\(\d+\.\d+:\d+\): /

/** What is read here and not there, and the other way round: each with its reason. */
const EXTENSIONS: readonly string[] = [
  // Record types that came after 3.0.9.
  '\\record_type == DM_CTRL',
  '\\record_type == LANDLOCK_ACCESS',
]
const REFUSED_HERE: readonly string[] = [
  // References back: a record could be made to take years.
  '\\regexp /(a)\\\\1/',
  // More than is ever needed.
  `${'('.repeat(101)}uid r= 0${')'.repeat(101)}`,
  '\\regexp /((a{99}){99}){9}/',
]

type Answer = string | readonly (readonly string[])[]

const skip = spawnSync(PYTHON, ['-c', 'import auparse'], { env: ENVIRONMENT }).status === 0 ? false : 'no python3-audit'
const interpreter = new Interpreter(readAccounts())

void test('all recordings, each record on its own', { skip }, (t) => {
  const different = new Map(allRecorded().map((line) => [line.replace(OFTEN_ELSE, ''), line]))
  const records = [...different.values()].map((line, index) => renumbered(line, index + 1))
  t.ok(records.length > 3000, `${records.length} records`)
  compare(t, EXPRESSIONS, records)
  t.end()
})

void test('recordings as events', { skip }, (t) => {
  for (const name of RECORDED_EVENTS) compare(t, EXPRESSIONS, recordedLines(name).map(text))
  t.end()
})

void test('events made at random, several at a time', { skip }, (t) => {
  const random = new Random(SEED)
  const recorded = allRecorded().map((line) => Buffer.from(line, 'latin1'))
  const records: string[] = []
  const serials = Array.from({ length: INTERLEAVED }, (_, index) => index + 1)
  while (records.length < RANDOM_RECORDS) {
    const record = text(randomRecord(random, recorded))
    if (
      !WHOLE.test(record) ||
      DEADLY.test(record) ||
      PATH_IN_CWD.test(record.replace(/audit\(.*?\):/, '')) ||
      record.includes('\n')
    )
      continue
    const place = random.below(INTERLEAVED)
    if (random.below(4) === 0) serials[place] = Math.max(...serials) + 1
    records.push(renumbered(record, serials[place] ?? 0))
  }
  const expressions = Array.from({ length: RANDOM_EXPRESSIONS }, () => randomExpression(random, recorded))
  const found = compare(t, [...expressions, ...EXPRESSIONS], records)
  t.ok(found > RANDOM_EXPRESSIONS, `${found} found`)
  t.end()
})

void test('which texts are no expressions', { skip }, (t) => {
  const all = [...TEXTS, ...EXTENSIONS, ...REFUSED_HERE]
  const answers = ask(filesOf(t, ['type=CWD msg=audit(1.000:1): cwd="/"']), all)
  for (const [index, expression] of all.entries()) {
    const wanted = EXTENSIONS.includes(expression) ? true : REFUSED_HERE.includes(expression) ? false : undefined
    const theirs = typeof answers[index] !== 'string'
    if (wanted !== undefined) t.equal(theirs, !wanted, `documented: ${expression.slice(0, 40)}`)
    t.equal(
      isRead(expression),
      wanted ?? theirs,
      `${JSON.stringify(expression.slice(0, 60))}: ${String(answers[index])}`,
    )
  }
  t.end()
})

function allRecorded(): readonly string[] {
  const frames = [
    ...EXACT_RECORDINGS.map((name) => recordsOf(recording(name), 'exact')),
    ...PADDED_RECORDINGS.map((name) => recordsOf(recording(name), 'padded')),
  ].flat()
  const lines = RECORDED_LINES.flatMap((name) => recordedLines(name).map(text))
  const framed = frames.map(({ version, type, payload }) => {
    const body = text(payload).replaceAll('\n', ' ')
    const name = LATER_TYPES.has(type) ? `UNKNOWN[${type}]` : recordTypeName(type)
    return version === 0 ? `type=${name} msg=${body}` : body
  })
  return [...framed, ...lines].filter((line) => !/^(?:node=\S+ )?type=EOE /.test(line))
}

function text(bytes: Buffer): string {
  return bytes.toString('latin1')
}

/** A record of the same moment with a serial of its own. */
function renumbered(record: string, serial: number): string {
  return record.replace(/audit\((\d+)\.(\d+):\d+\)/, `audit($1.$2:${serial})`)
}

/** Compares what every expression finds; returns how many events that is. */
function compare(t: Test, expressions: readonly string[], lines: readonly string[]): number {
  const records = lines.filter((line) => readRecord(Buffer.from(line, 'latin1'))?.type !== EOE)
  const answers = ask(filesOf(t, records), expressions)
  const ours = foundByUs(expressions, records)
  let total = 0
  let different = 0
  for (const [index, expression] of expressions.entries()) {
    const answer = answers[index]
    const theirs = new Set(typeof answer === 'string' ? [answer] : answer?.flat())
    const own = ours[index] ?? new Set()
    total += theirs.size
    const missing = [...theirs].find((event) => !own.has(event))
    const invented = [...own].find((event) => !theirs.has(event))
    if (missing === undefined && invented === undefined) continue
    different += 1
    t.fail(`${expression}: missing ${missing ?? 'none'}, invented ${invented ?? 'none'}`)
  }
  t.equal(different, 0, `${expressions.length} expressions over ${records.length} records find the same ${total} times`)
  return total
}

/** The library goes through all events that are not over for every record: it is quicker with several files. */
function filesOf(t: Test, records: readonly string[]): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-filter-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const paths: string[] = []
  for (let start = 0; start < records.length; start += RECORDS_A_FILE) {
    const path = join(dir, `${start}.log`)
    const lines = records.slice(start, start + RECORDS_A_FILE).map((line) => `${line}\n`)
    writeFileSync(path, Buffer.from(lines.join(''), 'latin1'))
    paths.push(path)
  }
  return paths
}

function foundByUs(expressions: readonly string[], lines: readonly string[]): readonly ReadonlySet<string>[] {
  const found = expressions.map(() => new Set<string>())
  const rules = expressions.map((each, id) => ({ id, scope: 'event' as const, expression: parseExpression(each) }))
  const set = compileRules(rules, { interpreter })
  for (const { node, timeMs, serial, records } of eventsOf(lines)) {
    const name = `${node} ${Math.floor(timeMs / 1000)}.${timeMs % 1000}:${serial}`
    for (const id of set.allOfEvent(records.map(({ bytes }) => bytes))) found[id]?.add(name)
  }
  return found
}

function eventsOf(lines: readonly string[]): readonly AuditEvent[] {
  const assembler = new EventAssembler()
  const records = lines.map((line) => readRecord(Buffer.from(line, 'latin1'))).filter((record) => record !== undefined)
  return [...records.flatMap((record: AuditRecord) => assembler.push(record, 0)), ...assembler.flush()]
}

function isRead(expression: string): boolean {
  try {
    parseExpression(expression)
    return true
  } catch (error) {
    if (error instanceof ExpressionError) return false
    throw error
  }
}

/** What is wrong with each expression, or the events that it finds in each file. */
function ask(files: readonly string[], expressions: readonly string[]): readonly Answer[] {
  const input = JSON.stringify({ files, expressions })
  // Otherwise Python would have the C library read bytes as UTF-8.
  const env = { ...ENVIRONMENT, PYTHONCOERCECLOCALE: '0', PYTHONUTF8: '0' }
  const { status, signal, stdout, stderr } = spawnSync(PYTHON, [PROGRAM], {
    input,
    env,
    encoding: 'utf8',
    maxBuffer: MAX_ANSWER_BYTES,
  })
  if (status !== 0) throw new Error(`${PROGRAM}: ${signal ?? status}: ${stderr}`)
  const answers: unknown = JSON.parse(stdout)
  if (!Array.isArray(answers)) throw new Error(`no answers: ${stdout}`)
  return answers.map(answerOf)
}

function answerOf(answer: unknown): Answer {
  if (typeof answer === 'string') return answer
  if (!Array.isArray(answer)) throw new Error(`not an answer: ${JSON.stringify(answer)}`)
  return answer.map((events: unknown) => {
    if (!Array.isArray(events)) throw new Error(`not a list of events: ${JSON.stringify(events)}`)
    return events.map(String)
  })
}
