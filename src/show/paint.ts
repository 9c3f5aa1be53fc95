/** What a piece of a line is, and so how it looks on a terminal. */
export type Part = 'time' | 'node' | 'type' | 'what' | 'name' | 'success' | 'failed' | 'key'

export type Paint = (part: Part, text: string) => string

const RESET = '\x1b[0m'
const LOOKS: Record<Part, string> = {
  time: '\x1b[2m',
  node: '\x1b[34m',
  type: '\x1b[1;36m',
  what: '\x1b[1m',
  name: '\x1b[2m',
  success: '\x1b[32m',
  failed: '\x1b[1;31m',
  key: '\x1b[33m',
}

export const PLAIN: Paint = (_part, text) => text
export const COLORED: Paint = (part, text) => `${LOOKS[part]}${text}${RESET}`

/** With `auto`: on a terminal, unless NO_COLOR is set to something or the terminal is called dumb. */
export function paintFor(
  color: 'auto' | 'always' | 'never',
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isAsked = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return color === 'always' || (color === 'auto' && isAsked) ? COLORED : PLAIN
}
