import type { Host } from './host.js'

/** What a piece of text means, and so how it looks on a terminal. */
export type Part = 'ok' | 'warn' | 'fail' | 'dim' | 'bold'

export type Painter = (part: Part, text: string) => string

const RESET = '\x1b[0m'
const LOOKS: Readonly<Record<Part, string>> = {
  ok: '\x1b[32m',
  warn: '\x1b[33m',
  fail: '\x1b[1;31m',
  dim: '\x1b[2m',
  bold: '\x1b[1m',
}

export const PLAIN: Painter = (_part, text) => text
export const COLORED: Painter = (part, text) => (text === '' ? '' : `${LOOKS[part]}${text}${RESET}`)

/** Colours where the host's output is a terminal that knows them, and nobody has said no to them. */
export function painter({ terminal, env }: Pick<Host, 'terminal' | 'env'>): Painter {
  const isWanted = terminal !== undefined && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return isWanted ? COLORED : PLAIN
}
