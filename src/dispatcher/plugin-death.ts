// What a death leads to: another start after a pause, or giving up.

import type { Circumstances, Death, Life, Step } from './plugin-life.js'

/** A process that lived this long had a good life: the pause before its restart begins small again. */
export const GOOD_LIFE_MS = 60_000

/** EX_CONFIG of sysexits: the plugin cannot run as it is configured, so that starting it again is no use. */
const EXIT_BAD_CONFIGURATION = 78

/** The life after a process that ends now, or is told to: a good one makes the pauses small again. */
export function lived(life: Life, { sinceMs }: { readonly sinceMs: number }, at: Circumstances): Life {
  return at.nowMs - sinceMs >= GOOD_LIFE_MS ? { ...life, delayMs: at.restart.firstDelayMs } : life
}

/** A process has gone that nobody told to. */
export function died(life: Life, death: Death, at: Circumstances): Step {
  if (death.excused) return backOff(life, death, at.restart.firstDelayMs, at)
  const recent = life.deathsMs.filter((ms) => at.nowMs - ms < at.restart.windowMs)
  // More deaths than these are not asked for, so that a plugin that never gives up needs no memory.
  const deathsMs = [...recent, at.nowMs].slice(-(at.restart.maxRestarts + 1))
  const remembered = { ...life, deathsMs }
  if (death.exitCode === EXIT_BAD_CONFIGURATION) {
    return failed(remembered, `${death.how}: it says that its configuration is bad`)
  }
  if (at.restart.maxRestarts > 0 && deathsMs.length > at.restart.maxRestarts) {
    const window = `${deathsMs.length} deaths within ${Math.round(at.restart.windowMs / 1000)} s`
    return failed(remembered, `${death.how}: ${window}, more than max_restarts = ${at.restart.maxRestarts}`)
  }
  return backOff(remembered, death, life.delayMs, at)
}

function backOff(life: Life, death: Death, wantedMs: number, at: Circumstances): Step {
  const { firstDelayMs, longestDelayMs } = at.restart
  // The bounds are those of today: a reload may have changed them since the pause grew.
  const delayMs = Math.min(Math.max(wantedMs, firstDelayMs), longestDelayMs)
  const restartInMs = Math.round(delayMs * (0.8 + 0.2 * at.roll))
  return {
    life: {
      ...life,
      state: { kind: 'backoff', untilMs: at.nowMs + restartInMs },
      delayMs: Math.min(delayMs * 2, longestDelayMs),
    },
    actions: [
      { do: 'tell-died', how: death.how, restartInMs, excused: death.excused },
      { do: 'set-timer', ms: restartInMs },
    ],
  }
}

function failed(life: Life, reason: string): Step {
  return {
    life: { ...life, state: { kind: 'failed', reason } },
    actions: [
      { do: 'shut-queue', reason: 'failed' },
      { do: 'tell-failed', reason },
    ],
  }
}
