// Every field of every record that there is here, and of many that were made for it, as the library of Debian's python3-audit
// has it and as the SDK has it.

import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { test, type Test } from 'tap'
import { recordTypeName } from '../../src/protocol/record-type.js'
import { readAccounts } from '../../src/sdk/interpret/accounts.js'
import { auparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import { AUPARSE_KINDS } from '../../src/sdk/interpret/auparse-kinds.js'
import { Interpreter } from '../../src/sdk/interpret/interpreter.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, recording } from '../protocol/recordings.js'
import { RECORDED_LINES, recordedLines } from '../protocol/recorded-lines.js'
import { recordsOf } from '../protocol/wire.js'
import { answersIn, recordsIn } from '../sdk/interpret/auparse-answers.js'
import { generatedRecords } from '../sdk/interpret/generated-records.js'
import { ENVIRONMENT } from './kernel.js'

const PYTHON = '/usr/bin/python3'
const PROGRAM = 'test/fixtures/programs/interprets-by-auparse.py'
const FIXTURES = 'test/fixtures/auparse'
const SEEDS = [1, 2]
const MAX_ANSWER_BYTES = 1 << 28
const MAX_TOLD = 5
/** Alone, one of these is no event for the library. */
const EOE = /^(?:node=\S+ )?type=EOE /

const skip = hasModule() ? false : 'no python3-audit'

function hasModule(): boolean {
  return spawnSync(PYTHON, ['-c', 'import auparse'], { env: ENVIRONMENT }).status === 0
}

void test('the fields of recorded records, and what they mean', { skip }, (t) => {
  const streams = [
    ...EXACT_RECORDINGS.map((name) => linesOf(recordsOf(recording(name), 'exact'))),
    ...PADDED_RECORDINGS.map((name) => linesOf(recordsOf(recording(name), 'padded'))),
    ...RECORDED_LINES.map((name) => recordedLines(name).map((line) => line.toString('latin1'))),
    ...fixtureLogs().map((path) => recordsIn(readFileSync(path))),
  ]
  const records = streams.flat()
  t.ok(records.length > 20000, `${records.length} records`)
  compare(t, records)
  t.end()
})

for (const seed of SEEDS) {
  void test(`generated records, seed ${seed}`, { skip }, (t) => {
    const records = generatedRecords(seed)
    t.ok(records.length > 30000, `${records.length} records`)
    compare(t, records)
    t.end()
  })
}

function linesOf(records: ReturnType<typeof recordsOf>): string[] {
  return records.map(({ version, type, payload }) => {
    const text = payload.toString('latin1').replaceAll('\n', ' ')
    return version === 0 ? `type=${recordTypeName(type)} msg=${text}` : text
  })
}

function fixtureLogs(): string[] {
  return [FIXTURES, `${FIXTURES}/seeds`].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => `${folder}/${name}`),
  )
}

function compare(t: Test, all: readonly string[]): void {
  const records = [...new Set(all)].filter((record) => !EOE.test(record))
  const asked = spawnSync(PYTHON, [PROGRAM], {
    input: Buffer.from(records.map((record) => `${record}\n`).join(''), 'latin1'),
    env: ENVIRONMENT,
    encoding: 'utf8',
    maxBuffer: MAX_ANSWER_BYTES,
  })
  t.equal(asked.stderr, '')
  const answers = asked.stdout.split('\n')
  t.equal(answers.length - 1, records.length, 'an answer for each record')
  const interpreter = new Interpreter(readAccounts())
  let count = 0
  const different: string[] = []
  for (const [index, record] of records.entries()) {
    const fields = auparseFields(record)
    const ours = fields.map(({ name, value }, at) =>
      said(name, value, interpreter.interpret(fields, at), interpreter.kind(fields, at)),
    )
    const theirs = answersIn(answers[index] ?? '[]').map(({ name, value, interpretation, kind }) =>
      said(name, value ?? '', interpretation ?? '', AUPARSE_KINDS[kind] ?? ''),
    )
    count += theirs.length
    if (ours.join('\n') !== theirs.join('\n')) different.push(`${record}\n${firstDifferent(ours, theirs)}`)
  }
  t.same(different.slice(0, MAX_TOLD), [], `${different.length} records differ`)
  t.comment(`${records.length} different records, ${count} fields, ${different.length} of them otherwise`)
}

function said(...words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(' ')
}

function firstDifferent(ours: readonly string[], theirs: readonly string[]): string {
  const at = theirs.findIndex((field, index) => field !== ours[index])
  return `ours:   ${ours[at] ?? 'more'}\ntheirs: ${theirs[at] ?? 'fewer'}`
}
