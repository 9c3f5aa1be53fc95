// What libauparse 3.0.9 of Debian 12 answered about the records in test/fixtures/auparse/*.log. The answers beside them are
// its own, none of ours:
//
//   cd test/fixtures/auparse && ./answer.sh NAME
import { readFileSync } from 'node:fs'

const FOLDER = 'test/fixtures/auparse'

/** One field, latin1; null where the library answers with C's NULL. */
export interface Answer {
  readonly name: string
  readonly value: string | null
  readonly interpretation: string | null
  readonly kind: number
}

/** The records of a fixture, latin1, each with what the library made of it. */
export function answered(fixture: string): readonly (readonly [record: string, answers: readonly Answer[]])[] {
  const answers = readFileSync(`${FOLDER}/${fixture}.jsonl`, 'utf8').trimEnd().split('\n').map(answersIn)
  return recordsIn(readFileSync(`${FOLDER}/${fixture}.log`)).map((record, index) => [record, answers[index] ?? []])
}

/** The records in a log, latin1, without their LF. */
export function recordsIn(log: Buffer): readonly string[] {
  return log.toString('latin1').split('\n').slice(0, -1)
}

/** Reads one line of the program's output. */
export function answersIn(line: string): readonly Answer[] {
  const list: unknown = JSON.parse(line)
  if (!Array.isArray(list)) throw new TypeError(`no list: ${line}`)
  return list.map(answerIn)
}

function answerIn(item: unknown): Answer {
  if (!Array.isArray(item)) throw new TypeError('no field')
  const [name, value, interpretation, kind]: unknown[] = item
  if (typeof name !== 'string' || typeof kind !== 'number') throw new TypeError('no name or kind')
  return { name, value: textOrNull(value), interpretation: textOrNull(interpretation), kind }
}

function textOrNull(value: unknown): string | null {
  if (typeof value === 'string' || value === null) return value
  throw new TypeError('no text')
}
