// When each record may go: at once, so many a second, or with the pauses that there were when they were recorded.

export interface Pace {
  /** When the next record may go that happened at `timeMs`, by the clock that the pace was given. */
  dueMs(timeMs: number): number
}

export const AT_ONCE: Pace = { dueMs: () => -Infinity }

/** So many records a second. */
export function steadily(aSecond: number, startMs: number): Pace {
  let count = 0
  return { dueMs: () => startMs + (count++ * 1000) / aSecond }
}

/** As it was, so many times as fast. A clock that was set back makes no pause, and does not make one longer. */
export function asItWas(speed: number, startMs: number): Pace {
  let lastMs: number | undefined
  let dueMs = startMs
  return {
    dueMs: (timeMs) => {
      if (lastMs !== undefined && Number.isFinite(timeMs)) dueMs += Math.max(0, timeMs - lastMs) / speed
      if (Number.isFinite(timeMs)) lastMs = timeMs
      return dueMs
    },
  }
}
