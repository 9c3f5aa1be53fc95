// `audispd-filter explain`: what each rule makes of one event, record by record and clause by clause, up to the one that decides.

import { harmlessText } from '../../src/protocol/harmless-text.js'
import { explain, type Explanation, type RecordExplanation } from './explain.js'
import type { Setup } from './load.js'
import { linesIn } from './log-lines.js'
import { decides, type FilterRule } from './rule.js'
import type { FieldInterpreter } from './subject.js'
import { eventId, withoutEnrichment } from './try-out.js'

const LF = 0x0a
const EVENT_ID = /^(?:(\d{1,12}\.\d{1,3}):)?(\d{1,16})$/
const HEADER = /^(?:node=([^ ]*) )?type=[^ ]+ msg=audit\((\d+\.\d+):(\d+)\)/
const HEADER_BYTES = 1024
/** A serial alone may stand for many events of many machines. */
const MAX_EVENTS = 100
const MAX_RECORDS = 2048
const MAX_CHARACTERS = 300

/** What one rule makes of an event. */
export interface RuleExplanation {
  readonly rule: FilterRule
  readonly holds: boolean
  readonly records: readonly RecordExplanation[]
}

/** False: `text` names no event. */
export function isEventId(text: string): boolean {
  return EVENT_ID.test(text)
}

/** Explains each event of this name in the files; returns how many there were. Throws what reading a file throws. */
export async function explainEvent(
  setup: Setup,
  interpreter: FieldInterpreter,
  event: string,
  files: readonly string[],
  isJson: boolean,
  write: (text: string) => void,
): Promise<number> {
  const found = await eventsNamed(event, files)
  for (const records of found.values()) {
    const units = setup.config.unit === 'event' ? [records] : records.map((record) => [record])
    for (const unit of units) {
      const rules = explained(setup, interpreter, unit)
      write(isJson ? `${JSON.stringify(jsonOf(setup, unit, rules))}\n` : textOf(setup, unit, rules))
    }
  }
  return found.size
}

async function eventsNamed(event: string, files: readonly string[]): Promise<Map<string, Buffer[]>> {
  const [, time, serial = ''] = EVENT_ID.exec(event) ?? []
  const events = new Map<string, Buffer[]>()
  const mark = Buffer.from(`:${serial})`)
  for (const file of files) {
    for await (const piece of linesIn(file)) {
      // Most of a log is about something else.
      for (let at = piece.indexOf(mark); at !== -1;) {
        const start = piece.lastIndexOf(LF, at) + 1
        const end = piece.indexOf(LF, at)
        take(piece.subarray(start, end), time, serial, events)
        at = piece.indexOf(mark, end)
      }
    }
  }
  return events
}

function take(record: Buffer, time: string | undefined, serial: string, events: Map<string, Buffer[]>): void {
  const [, node = '', seconds, digits] = HEADER.exec(record.toString('latin1', 0, HEADER_BYTES)) ?? []
  if (seconds === undefined || digits !== serial || (time !== undefined && time !== seconds)) return
  const key = `${node} ${seconds}:${digits}`
  const records = events.get(key)
  if (records === undefined && events.size < MAX_EVENTS) events.set(key, [Buffer.from(record)])
  else if (records !== undefined && records.length < MAX_RECORDS) records.push(Buffer.from(record))
}

/** Up to the rule that decides. */
function explained({ rules }: Setup, interpreter: FieldInterpreter, records: readonly Buffer[]): RuleExplanation[] {
  const found: RuleExplanation[] = []
  for (const rule of rules) {
    const parts = explain(rule.expression, records, interpreter)
    const holds = parts.some(({ explanation }) => explanation.holds)
    found.push({ rule, holds, records: parts })
    if (holds && decides(rule)) return found
  }
  return found
}

function verdictOf({ config }: Setup, rules: readonly RuleExplanation[]): { verdict: string; by: string } {
  const last = rules.at(-1)
  if (last === undefined || !last.holds || !decides(last.rule)) return { verdict: config.default, by: 'default' }
  return { verdict: last.rule.verb.kind, by: last.rule.name }
}

function jsonOf(setup: Setup, records: readonly Buffer[], rules: readonly RuleExplanation[]): object {
  return {
    event: eventId(records),
    ...verdictOf(setup, rules),
    records: records.map((record) => withoutEnrichment(record).toString('utf8')),
    rules: rules.map(({ rule, holds, records: parts }) => ({
      name: rule.name,
      file: rule.file,
      line: rule.line,
      verb: rule.verb.kind,
      condition: rule.condition,
      holds,
      records: parts.map(({ index, typeName, explanation }) => ({
        record: index + 1,
        type: typeName,
        holds: explanation.holds,
        clauses: clausesIn(explanation),
      })),
    })),
  }
}

function textOf(setup: Setup, records: readonly Buffer[], rules: readonly RuleExplanation[]): string {
  const { verdict, by } = verdictOf(setup, rules)
  const lines = [
    `event ${eventId(records)}: ${verdict}, by ${by}`,
    ...records.map((record, index) => `  record ${index + 1}: ${shown(withoutEnrichment(record).toString('utf8'))}`),
    ...rules.flatMap(({ rule, holds, records: parts }) => [
      `${rule.name}: ${holds ? 'matches' : 'no'}: ${shown(rule.text)}`,
      // Of a rule that matches, the records that make it match; of another one all, as each could have.
      ...parts.filter(({ explanation }) => explanation.holds === holds).flatMap(recordLines),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

function recordLines({ index, typeName, explanation }: RecordExplanation): string[] {
  return [
    `  record ${index + 1}, ${typeName}: ${explanation.holds ? 'matches' : 'no'}`,
    ...clausesIn(explanation).map(({ clause, holds, found }) => {
      const is = found === null ? 'there is none' : `it is ${shown(found)}`
      return `    ${holds ? 'yes' : 'no '} ${shown(clause)}: ${is}`
    }),
  ]
}

interface ToldClause {
  readonly clause: string
  readonly holds: boolean
  readonly found: string | null
}

function clausesIn(explanation: Explanation): ToldClause[] {
  switch (explanation.kind) {
    case 'not':
      return clausesIn(explanation.of)
    case 'all':
    case 'any':
      return explanation.of.flatMap(clausesIn)
    case 'clause': {
      const { clause, holds, found } = explanation
      // Texts are one character a byte in the engine.
      return [
        {
          clause: clause.text,
          holds,
          found: found === undefined ? null : Buffer.from(found, 'latin1').toString('utf8'),
        },
      ]
    }
    default:
      return explanation satisfies never
  }
}

function shown(text: string): string {
  return harmlessText(text, MAX_CHARACTERS)
}
