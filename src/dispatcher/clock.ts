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

/** Resolves with true as soon as `isSo` holds, with false when it has not held for `limitMs`. */
export async function until(clock: Clock, isSo: () => boolean, everyMs: number, limitMs: number): Promise<boolean> {
  const deadline = clock.nowMs() + limitMs
  while (!isSo()) {
    if (clock.nowMs() >= deadline) return false
    await new Promise<void>((resolve) => {
      clock.after(everyMs, resolve)
    })
  }
  return true
}
