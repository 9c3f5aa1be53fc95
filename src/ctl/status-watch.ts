// One block of text, shown over and over. On a terminal each takes the place of the one before, in one write and without
// clearing anything first, so that nothing flickers; elsewhere they follow each other.

import type { Clock } from '../dispatcher/clock.js'
import { ENTER_SCREEN, frameOf, LEAVE_SCREEN } from './frame.js'
import type { Host, Terminal } from './host.js'

/** What there is to see, and what it means for the exit status. */
export interface Shown {
  readonly text: string
  readonly exitStatus: number
}

/** Looks again after each interval until a key is pressed or nobody reads any more; resolves with the last exit status. */
export async function redraw(
  look: () => Promise<Shown>,
  intervalMs: number,
  host: Host,
  clock: Pick<Clock, 'after'>,
): Promise<number> {
  const { terminal } = host
  return terminal === undefined
    ? printEach(look, intervalMs, host, clock)
    : drawEach(look, intervalMs, host, clock, terminal)
}

async function printEach(
  look: () => Promise<Shown>,
  intervalMs: number,
  host: Host,
  clock: Pick<Clock, 'after'>,
): Promise<number> {
  for (let isFirst = true; ; isFirst = false) {
    const { text, exitStatus } = await look()
    host.out(isFirst || text.startsWith('{') ? text : `\n${text}`)
    if (!(await host.drained())) return exitStatus
    await new Promise<void>((resolve) => {
      clock.after(intervalMs, resolve)
    })
  }
}

async function drawEach(
  look: () => Promise<Shown>,
  intervalMs: number,
  host: Host,
  clock: Pick<Clock, 'after'>,
  terminal: Terminal,
): Promise<number> {
  let isOver = false
  let wake = (): void => {}
  const ignoreKeys = terminal.onKey(() => {
    isOver = true
    wake()
  })
  let last: Shown = { text: '', exitStatus: 0 }
  host.out(ENTER_SCREEN)
  try {
    for (;;) {
      last = await look()
      if (isOver) break
      host.out(frameOf(fitting(last.text, terminal.size().rows)))
      await new Promise<void>((resolve) => {
        const cancel = clock.after(intervalMs, resolve)
        wake = () => {
          cancel()
          resolve()
        }
      })
      if (isOver) break
    }
  } finally {
    ignoreKeys()
    // What was seen last stays on the screen behind.
    host.out(`${LEAVE_SCREEN}${last.text}`)
  }
  return last.exitStatus
}

/** As many lines as there is room for; what is left over is said. */
function fitting(text: string, rows: number): string[] {
  const lines = text.split('\n').slice(0, -1)
  return lines.length < rows ? lines : [...lines.slice(0, rows - 2), `… ${lines.length - rows + 2} more lines`]
}
