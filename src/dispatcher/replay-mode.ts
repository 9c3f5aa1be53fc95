// What a daemon does otherwise that gets recorded records, and not those of this moment. They can wait, so nothing is dropped for
// want of room; the machine is not stopped because of them; and the stream is what was recorded, without records of our own.

import type { DropInReport } from './drop-in-dir.js'
import type { Settings } from './settings.js'

const HOUR_MS = 3_600_000
/** Whoever waits for the end is not kept waiting by a plugin that cannot work. */
const MAX_RESTARTS = 2

/** The settings, less what makes sense for records of this moment alone. */
export function replaySettings(settings: Settings): Settings {
  return {
    ...settings,
    queue: { ...settings.queue, overflow: 'block' },
    restart: { ...settings.restart, maxRestarts: MAX_RESTARTS },
    log: { to: 'stderr' },
    logLevel: 'info',
    priorityBoost: 0,
    watch: false,
    selfEvents: false,
    // A plugin that is slow gets its records all the same.
    drainTimeoutMs: HOUR_MS,
  }
}

/** The same for what a drop-in says itself. */
export function replayReport(report: DropInReport): DropInReport {
  if (!('dropIn' in report)) return report
  const { dropIn } = report
  const queue = { ...dropIn.queue, overflow: 'block' as const }
  return { ...report, dropIn: { ...dropIn, queue, restart: { ...dropIn.restart, maxRestarts: MAX_RESTARTS } } }
}
