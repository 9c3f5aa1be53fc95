// A daemon that was killed leaves its plugins: they read what is left in their FIFOs, then the end of input, and most end
// by that. What has not is ended here, before the next daemon starts anything: two generations of one plugin never run at
// the same time.

import { rmSync } from 'node:fs'
import type { Log } from '../log.js'
import { until, type Clock } from './clock.js'
import { groupLives, processWith, signalGroup } from './process-table.js'
import { orphanages, type Orphan } from './run-dir.js'

const POLL_MS = 10
/** How long SIGKILL may take to do its work. */
const KILL_LIMIT_MS = 5000

/** Ends what daemons that are gone have left below `base`, with the stop_timeout of each before SIGTERM and before SIGKILL. */
export async function endOrphans(base: string, clock: Clock, log: Log): Promise<void> {
  const found = orphanages(base)
  await Promise.all(
    found.flatMap(({ orphans }) => orphans.filter(lives).map((orphan) => endOrphan(orphan, clock, log))),
  )
  for (const { path } of found) removeQuietly(path, log)
}

function removeQuietly(path: string, log: Log): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    log.warn({ path, error: String(error) }, 'what an earlier daemon left in the run directory cannot be removed')
  }
}

async function endOrphan(orphan: Orphan, clock: Clock, log: Log): Promise<void> {
  log.warn({ plugin: orphan.plugin, pid: orphan.pid }, 'an earlier daemon left this plugin running; ending it first')
  const gone = (): boolean => !lives(orphan)
  const graceMs = orphan.stopTimeoutMs
  if (await until(clock, gone, POLL_MS, graceMs)) return
  signalGroup(orphan.pid, 'SIGTERM')
  if (await until(clock, gone, POLL_MS, graceMs)) return
  signalGroup(orphan.pid, 'SIGKILL')
  if (await until(clock, gone, POLL_MS, KILL_LIMIT_MS)) return
  log.error({ plugin: orphan.plugin, pid: orphan.pid }, 'cannot end it, not even by SIGKILL; starting beside it')
}

/** The process or, unless its pid has been taken by another, what it left of its group. */
function lives(orphan: Orphan): boolean {
  const now = processWith(orphan.pid)
  if (now !== undefined && now.startTicks !== orphan.startTicks) return false
  return groupLives(orphan.pid)
}
