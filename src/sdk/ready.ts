// What a plugin asks for at its opening.

import { LINE_VERSION } from '../protocol/line.js'
import type { Acknowledging } from './acknowledger.js'
import type { PluginDefinition } from './plugin-definition.js'

/** With fewer on their way an event with many records would wait for its last one in vain, until its time is over. */
const LEAST_EVENT_WINDOW = 64

/** Who takes nothing acknowledges nothing. */
export function acknowledgingOf(definition: PluginDefinition): Acknowledging {
  const takesNothing = definition.records === undefined && definition.events === undefined
  return definition.acknowledge ?? (takesNothing ? 'never' : 'batch')
}

/** Throws a RangeError for a number that READY cannot carry: the dispatcher would stop the process without a word to it. */
export function readyLine(definition: PluginDefinition, from: number | undefined): string {
  const isAcknowledging = acknowledgingOf(definition) !== 'never'
  const { window } = definition
  if (definition.events !== undefined && window !== undefined && window < LEAST_EVENT_WINDOW) {
    throw new RangeError(
      `window is ${window}, and with events at least ${LEAST_EVENT_WINDOW}: an event has many records`,
    )
  }
  const options = [
    isAcknowledging ? ' ack' : '',
    // Without ack the dispatcher keeps nothing that it could leave out.
    isAcknowledging ? numberOption('from', from) : '',
    numberOption('window', window),
    definition.positions === true ? ' positions' : '',
  ]
  return `READY ${LINE_VERSION}${options.join('')}\n`
}

function numberOption(name: string, value: number | undefined): string {
  if (value === undefined) return ''
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} is ${value}, and no number from 1 on`)
  return ` ${name}=${value}`
}
