// Asks the rules about all records of a file, again and again for some time, and says how many a second that was.
// Arguments: FILE MILLIS.

import { readFileSync } from 'node:fs'
import { compileRules } from '../../plugins/filter/compile-rules.js'
import { parseExpression } from '../../plugins/filter/parse-expression.js'
import { NO_RULE } from '../../plugins/filter/rule-set.js'
import { Interpreter } from '../../src/sdk/interpret/interpreter.js'
import { readAccounts } from '../../src/sdk/interpret/accounts.js'
import { RULES } from './rules.js'

const LF = 0x0a
const WARM_UP_SHARE = 0.5
const NANOS_A_SECOND = 1e9

const [, , path = '', millis = '400'] = process.argv
const records = linesOf(readFileSync(path))
const rules = RULES.map((text, id) => ({ id, scope: 'record' as const, expression: parseExpression(text) }))
const set = compileRules(rules, { interpreter: new Interpreter(readAccounts()) })
run(Number(millis) * WARM_UP_SHARE)
process.stdout.write(`${run(Number(millis))}\n`)

function run(forMillis: number): number {
  const start = process.hrtime.bigint()
  const end = start + BigInt(Math.round(forMillis * 1e6))
  let done = 0
  while (process.hrtime.bigint() < end) {
    for (const record of records) if (set.first(record) !== NO_RULE) throw new Error('a rule matched')
    done += records.length
  }
  return Math.round((done * NANOS_A_SECOND) / Number(process.hrtime.bigint() - start))
}

function linesOf(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LF, start)
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return lines
}
