import { DEFAULT_WINDOW } from '../../protocol/line.js'

/** How a conversation begins. */
export interface Opening {
  readonly version?: number
  readonly run?: string
  /** The seq of the first record to come. */
  readonly next?: number
  readonly inWindow?: number
  readonly received?: number
  /** More keys, as a later dispatcher may have them. */
  readonly more?: string
  /** The highest seq that an earlier process of this run was sent, and the highest it acknowledged. */
  readonly before?: { readonly sentTo: number; readonly ackedTo: number }
}

/** HELLO, with its LF. */
export function helloText(opening: Opening, run: string, next: number): string {
  const { version = 1, inWindow = DEFAULT_WINDOW, received, more } = opening
  const tail = `${received === undefined ? '' : ` received=${received}`}${more === undefined ? '' : ` ${more}`}`
  return `HELLO ${version} plugin=kit run=${run} next=${next} in-window=${inWindow}${tail}\n`
}
