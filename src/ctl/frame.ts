// What a program writes to a terminal that shows one picture after the other.

/** The other screen, no cursor, and lines that end where the screen does. */
export const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l\x1b[?7l'
export const LEAVE_SCREEN = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_REST_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/** A picture in the place of the one before: nothing is cleared first, so that nothing flickers. For one write. */
export function frameOf(lines: readonly string[]): string {
  return `${HOME}${lines.map((line) => `${line}${CLEAR_REST_OF_LINE}\n`).join('')}${CLEAR_BELOW}`
}
