// What the command line asks for.

import { parseArgs } from 'node:util'
import { parseSelector, SelectorError, type Selector } from '../../src/protocol/selector.js'
import type { Selection } from '../../src/show/selection.js'

export interface Options {
  readonly verb: 'run' | 'help' | 'version'
  /** A line an event, a line a record, or a JSON object an event. */
  readonly shows: 'events' | 'records' | 'json'
  readonly color: 'auto' | 'always' | 'never'
  readonly selection: Selection
}

const COLORS = ['auto', 'always', 'never'] as const

/** Throws an Error with what is wrong in words. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      type: { type: 'string' },
      key: { type: 'string', multiple: true, default: [] },
      color: { type: 'string', default: 'auto' },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  if (values.records && values.json) throw new Error('--records and --json exclude each other')
  const color = COLORS.find((each) => each === values.color)
  if (color === undefined) throw new Error(`--color: '${values.color}' is none of ${COLORS.join(', ')}`)
  return {
    verb: values.help ? 'help' : values.version ? 'version' : 'run',
    shows: values.records ? 'records' : values.json ? 'json' : 'events',
    color,
    selection: { types: values.type === undefined ? undefined : typesOf(values.type), keys: values.key },
  }
}

/** As in a drop-in: names or numbers with commas between them, `*` at the end stands for any rest. */
function typesOf(list: string): Selector {
  if (/\s/.test(list)) throw new Error('--type: names stand with commas between them, without blanks')
  try {
    return parseSelector(`type=${list.toUpperCase()}`)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw new Error(`--type: ${error.message}`, { cause: error })
  }
}
