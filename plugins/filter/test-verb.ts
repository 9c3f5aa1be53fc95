// `audispd-filter test`: a line for each event that a rule has matched, and what each rule has come to.

import { harmlessText } from '../../src/protocol/harmless-text.js'
import type { Setup } from './load.js'
import type { Compile } from './rule-book.js'
import { statusOfRule } from './status.js'
import { eventId, tryOut, type Tried } from './try-out.js'

const MAX_CHARACTERS = 500

export interface Counted {
  events: number
  records: number
  kept: number
  dropped: number
}

/** Throws what reading a file throws. */
export async function testFiles(
  setup: Setup,
  compile: Compile,
  files: readonly string[],
  isJson: boolean,
  write: (text: string) => void,
): Promise<void> {
  const counted: Counted = { events: 0, records: 0, kept: 0, dropped: 0 }
  const trial = tryOut(setup, compile, (tried) => {
    counted.events++
    counted.records += tried.records.length
    counted[tried.isKept ? 'kept' : 'dropped']++
    if (tried.decidedBy === undefined && tried.told.length === 0) return
    write(isJson ? `${JSON.stringify(jsonOf(tried))}\n` : lineOf(tried))
  })
  for (const file of files) await trial.read(file)
  trial.end()
  const rules = trial.book.states.map(statusOfRule)
  const unused = rules.filter(({ hits }) => hits === 0).map(({ name }) => name)
  const summary = { unit: setup.config.unit, ...counted, undecided: trial.book.undecided, rules, unused }
  if (isJson) return write(`${JSON.stringify({ summary })}\n`)
  write(summaryOf(summary, setup))
}

function jsonOf({ records, isKept, decidedBy, told }: Tried): object {
  return {
    event: eventId(records),
    records: records.length,
    verdict: isKept ? 'keep' : 'drop',
    rule: decidedBy?.rule.name ?? null,
    told: told.map(({ state, taken }) => ({ rule: state.rule.name, verb: state.rule.verb.kind, taken })),
  }
}

/** `keep 1795288154.099:9315 by shadow; notify (alarm)` */
function lineOf({ records, isKept, decidedBy, told }: Tried): string {
  const by = decidedBy === undefined ? 'default' : decidedBy.rule.name
  const tellings = told.map(
    ({ state, taken }) =>
      `; ${state.rule.verb.kind} by ${state.rule.name}${taken === 'told' ? '' : ` (held back: ${taken})`}`,
  )
  return `${isKept ? 'keep' : 'drop'} ${eventId(records)} by ${by}${tellings.join('')}\n`
}

interface Summary extends Counted {
  readonly unit: 'event' | 'record'
  readonly undecided: number
  readonly rules: readonly ReturnType<typeof statusOfRule>[]
  readonly unused: readonly string[]
}

function summaryOf(
  { unit, events, records, kept, dropped, undecided, rules, unused }: Summary,
  { config }: Setup,
): string {
  const of = unit === 'event' ? `${events} events of ${records} records` : `${records} records`
  const lines = [
    '',
    `${of}: ${kept} kept, ${dropped} dropped`,
    ...rules.map(({ name, hits, told, limited, repeated, rule }) => {
      const held = limited + repeated === 0 ? '' : `, ${told} told and ${limited + repeated} held back`
      return `${String(hits).padStart(8)}  ${name}${held}: ${harmlessText(rule, MAX_CHARACTERS)}`
    }),
    `${String(undecided).padStart(8)}  default ${config.default}`,
    ...(unused.length === 0 ? [] : [`never matched: ${unused.join(', ')}`]),
  ]
  return `${lines.join('\n')}\n`
}
