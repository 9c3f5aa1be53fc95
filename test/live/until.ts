import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 20
/** What is slow is not wrong. */
const DEADLINE_MS = 60_000

/** Waits until `find` finds something that is neither undefined nor false, and gives it; fails at the deadline. */
export async function until<T>(
  what: string | (() => string),
  find: () => T | undefined | false,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const found = find()
    if (found !== undefined && found !== false) return found
    if (performance.now() > endMs) {
      throw new Error(`waited ${deadlineMs / 1000} s for ${typeof what === 'string' ? what : what()}`)
    }
    await pause(POLL_MS)
  }
}
