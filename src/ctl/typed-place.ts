import { parseArgs } from 'node:util'
import { CONTROL_OPTIONS, type ControlValues } from './control-place.js'
import type { Problem } from './ctl-error.js'
import { quoted } from './doctor/check.js'

/** The verbs that take -c DIR and --socket PATH, and those that take -c DIR alone. */
export const ASKING_VERBS = [
  'status',
  'ledger',
  'top',
  'tap',
  'doctor',
  'logs',
  'start',
  'stop',
  'restart',
  'resume',
  'enable',
  'disable',
  'reload',
] as const
export const READING_VERBS = ['check', 'replay', 'config show'] as const

const READING = new Set<string>(READING_VERBS)
const SUGGESTED = new RegExp(
  String.raw`\baudispctl (${[...ASKING_VERBS, ...READING_VERBS].join('|')})(?![\w-]| --help)`,
  'g',
)

/** A suggestion with the place that was typed, or it would be about another daemon. */
export function asTyped(text: string, { socket, 'config-dir': dir }: ControlValues): string {
  if (socket === undefined && dir === undefined) return text
  const configuration = dir === undefined ? '' : ` -c ${quoted(dir)}`
  const asked = socket === undefined ? '' : ` --socket ${quoted(socket)}`
  return text.replaceAll(
    SUGGESTED,
    (command, verb: string) => command + configuration + (READING.has(verb) ? '' : asked),
  )
}

/** The same of what is found, or in the way. */
export function withTyped<T extends Pick<Problem, 'mend'>>(found: T, values: ControlValues): T {
  return { ...found, mend: asTyped(found.mend, values) }
}

/** What was typed of it, where a verb has failed. */
export function typedPlace(args: readonly string[]): ControlValues {
  const { values } = parseArgs({ args: [...args], options: CONTROL_OPTIONS, strict: false, allowPositionals: true })
  const word = (value: string | boolean | undefined): string | undefined =>
    typeof value === 'string' ? value : undefined
  return { socket: word(values.socket), 'config-dir': word(values['config-dir']) }
}
