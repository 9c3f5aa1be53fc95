// Frames on a terminal: on its other screen, each in one write over the one before, so that nothing flickers. However it ends, the
// terminal is put back, with the last frame on it.

import { ControlError } from '../../control/control-error.js'
import { ENTER_SCREEN, frameOf, LEAVE_SCREEN } from '../frame.js'
import type { Host, Terminal } from '../host.js'
import type { LiveWorld } from '../live-world.js'
import { painter } from '../paint.js'
import { TABLES, type TableName } from './census.js'
import { frameText, SORTS, type Sort } from './frame.js'
import type { TopReport } from './report.js'

const CTRL_C = '\x03'
const ESCAPE = '\x1b'

export interface ScreenParts {
  readonly next: () => Promise<TopReport>
  readonly host: Host
  readonly terminal: Terminal
  readonly world: LiveWorld
  readonly intervalMs: number
  readonly table: TableName
  readonly sort: Sort
}

/** Until somebody quits. */
export async function runScreen(parts: ScreenParts): Promise<number> {
  const { next, host, terminal, world, intervalMs } = parts
  const paint = painter(host)
  let { table, sort } = parts
  let report: TopReport | undefined
  let trouble = ''
  let isOver = false
  let isDue = true
  let wake = (): void => {}
  const linesNow = (): string[] => {
    const { columns, rows } = terminal.size()
    // The last line stays free: the end of a line there would move all others up.
    const wish = { table, sort, columns, rows: rows - 1, hasKeys: true }
    const told = trouble === '' ? [] : [paint('fail', trouble.slice(0, columns))]
    if (report === undefined) return told.length > 0 ? told : ['audispctl top: the first look takes an interval']
    return [...told, ...frameText(report, { ...wish, rows: wish.rows - told.length }, paint)]
  }
  const draw = (): void => {
    host.out(frameOf(linesNow()))
  }
  const offKeys = terminal.onKey((keys) => {
    if (keys.startsWith(ESCAPE) && keys.length > 1) return
    for (const key of keys) {
      if (key === 'q' || key === 'Q' || key === CTRL_C || key === ESCAPE) isOver = true
      else if (key === 's') sort = following(SORTS, sort)
      else if (key === '\t') table = following(TABLES, table)
      else table = TABLES.find((each) => each.startsWith(key)) ?? table
    }
    wake()
  })
  const offTimer = world.every(intervalMs, () => {
    isDue = true
    wake()
  })
  host.out(ENTER_SCREEN)
  try {
    isDue = false
    for (;;) {
      if (isDue) {
        isDue = false
        try {
          report = await next()
          trouble = ''
        } catch (error) {
          // It may be back soon: that is what somebody looks for.
          if (!(error instanceof ControlError)) throw error
          trouble = `audispd does not answer; trying again: ${error.message}`
        }
      }
      if (isOver) return 0
      draw()
      if (!(await host.drained())) return 0
      if (isDue || isOver) continue
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  } finally {
    offTimer()
    offKeys()
    host.out(`${LEAVE_SCREEN}${report === undefined ? '' : `${linesNow().slice(0, -1).join('\n')}\n`}`)
  }
}

function following<T>(all: readonly T[], one: T): T {
  return all[(all.indexOf(one) + 1) % all.length] ?? one
}
