// What the filter has come to, as the status file holds it.

import { harmlessText } from '../../src/protocol/harmless-text.js'
import { fields, list, number, oneOf, orNull, text, type Shaped } from '../../src/config/json-shape.js'
import type { Filter } from './filter.js'
import type { FilterConfig } from './config.js'
import type { RuleState } from './rule-book.js'

const MAX_TEXT = 8192
const MAX_RULES = 100_000
const MAX_SHOWN_CHARACTERS = 500

const ruleShape = fields({
  name: text(MAX_TEXT),
  file: text(MAX_TEXT),
  line: number,
  rule: text(MAX_TEXT),
  hits: number,
  told: number,
  limited: number,
  repeated: number,
  failed: number,
})

const statusShape = fields({
  version: number,
  state: oneOf(['running', 'stopped']),
  pid: number,
  writtenMs: number,
  startedMs: number,
  unit: oneOf(['event', 'record']),
  default: oneOf(['keep', 'drop']),
  records: number,
  kept: number,
  dropped: number,
  lost: number,
  undecided: number,
  openEvents: number,
  child: orNull(fields({ program: text(MAX_TEXT), pid: number, starts: number, waitingBytes: number })),
  rules: list(ruleShape, MAX_RULES),
})

export type RuleStatus = Shaped<typeof ruleShape>
export type FilterStatus = Shaped<typeof statusShape>

/** Undefined: this is no status of ours. */
export function readStatus(json: string): FilterStatus | undefined {
  try {
    return statusShape(JSON.parse(json))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export interface StatusTimes {
  readonly state: FilterStatus['state']
  readonly pid: number
  readonly startedMs: number
  readonly writtenMs: number
}

export function statusOf(
  filter: Filter,
  states: readonly RuleState[],
  undecided: number,
  config: FilterConfig,
  times: StatusTimes,
): FilterStatus {
  const { feed, counts, openEvents } = filter
  const child =
    feed === undefined || config.child === undefined
      ? null
      : {
          program: config.child.program,
          pid: feed.pid ?? 0,
          starts: feed.starts,
          waitingBytes: feed.waitingBytes,
        }
  const { unit } = config
  const rules = states.map(statusOfRule)
  return { version: 1, ...times, unit, default: config.default, ...counts, undecided, openEvents, child, rules }
}

export function statusOfRule({ rule, counts }: RuleState): RuleStatus {
  const { name, file, line, text: written } = rule
  return { name, file, line, rule: written, ...counts }
}

/** The table for people. `isThere`: whether there is a process of this number. */
export function statusText(status: FilterStatus, isThere: boolean): string {
  const { state, pid, writtenMs, records, kept, dropped, lost, undecided, openEvents, child } = status
  const lines = [
    `${state === 'running' && !isThere ? 'gone without a word' : state}, pid ${pid}, as of ${new Date(writtenMs).toISOString()}`,
    `${records} records, ${kept} kept, ${dropped} dropped, ${lost} lost, ${openEvents} events open`,
    child === null
      ? 'no child: the rules count and tell'
      : `child ${child.program}: pid ${child.pid}, started ${child.starts} times, ${child.waitingBytes} bytes waiting`,
    ...status.rules.map(ruleLine),
    `default ${status.default}: ${undecided} hits`,
  ]
  return `${lines.join('\n')}\n`
}

function ruleLine({ name, hits, told, limited, repeated, failed, rule }: RuleStatus): string {
  const telling = told + limited + repeated + failed
  const more = telling === 0 ? '' : `, ${told} told, ${limited + repeated} held back, ${failed} failed`
  return `${name}: ${hits} hits${more}: ${harmlessText(rule, MAX_SHOWN_CHARACTERS)}`
}
