/** The time, and what happens later. */
export interface Clock {
  /** Milliseconds that never go back. */
  nowMs(): number
  /** Calls once after so many milliseconds; returns what cancels it. */
  after(delayMs: number, call: () => void): () => void
}

export const PROCESS_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs)
    return () => {
      clearTimeout(timer)
    }
  },
}
