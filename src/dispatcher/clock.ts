/** Time as an argument. `nowMs` never goes back and knows no date; `after` returns what cancels it. */
export interface Clock {
  nowMs(): number
  after(ms: number, then: () => void): () => void
}

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}

/** The longest pause between two looks. */
const MAX_PAUSE_MS = 100

/** Resolves with true as soon as `isSo` holds, with false when it has not held for `limitMs`. Looks ever less often. */
export async function until(clock: Clock, isSo: () => boolean, firstMs: number, limitMs: number): Promise<boolean> {
  const deadline = clock.nowMs() + limitMs
  for (let pauseMs = firstMs; !isSo(); pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    if (clock.nowMs() >= deadline) return false
    await new Promise<void>((resolve) => {
      clock.after(pauseMs, resolve)
    })
  }
  return true
}
