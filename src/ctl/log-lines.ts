import { fields, list, orNull, text, type Shape, type Shaped } from '../config/json-shape.js'
import { harmlessText } from '../protocol/harmless-text.js'
import type { Painter, Part } from './paint.js'

const MAX_LINES = 1_000_000
const MAX_TEXT = 1 << 20
const MAX_SHOWN_CHARACTERS = 4000
const LEVEL_CHARACTERS = 5
const LOOKS: Readonly<Record<string, Part>> = { fatal: 'fail', error: 'fail', warn: 'warn', debug: 'dim' }

const anyFields: Shape<Readonly<Record<string, unknown>>> = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined
const words = text(MAX_TEXT)

/** One line of the daemon's log, as `logs` on the control socket has it. */
export const readLogLine = fields({
  at: words,
  level: words,
  message: words,
  plugin: orNull(words),
  fields: anyFields,
})

export const readLogLines = fields({ lines: list(readLogLine, MAX_LINES) })

export type LogLine = Shaped<typeof readLogLine>

/** One line for people: what is not text in it is escaped, as plugins and peers have written much of it. */
export function logLineAsText({ at, level, message, plugin, fields: more }: LogLine, paint: Painter): string {
  const look = LOOKS[level]
  const shownLevel = shown(level).padEnd(LEVEL_CHARACTERS)
  const named = plugin === null || plugin === '' ? '' : `${shown(plugin)}: `
  const pairs = Object.entries(more).map(([key, value]) => ` ${shown(key)}=${valueText(value)}`)
  return `${paint('dim', shown(at))} ${look === undefined ? shownLevel : paint(look, shownLevel)} ${named}${shown(message)}${pairs.join('')}\n`
}

function valueText(value: unknown): string {
  const plain = typeof value === 'string' ? value : JSON.stringify(value)
  return shown(/^[^\s"]+$/.test(plain) ? plain : JSON.stringify(plain))
}

function shown(value: string): string {
  return harmlessText(value, MAX_SHOWN_CHARACTERS)
}
