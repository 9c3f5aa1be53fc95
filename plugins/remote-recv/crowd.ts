import type { NativeSession } from './native-session.js'

const RETRY_MS = 5000

export interface Surplus {
  readonly session: NativeSession
  readonly why: string
  readonly retryAfterMs: number
}

/** Whose connection is one too many: a dead one makes room, else the newest goes. `others` is empty while there is room. */
export function surplusOf(
  newest: NativeSession,
  others: readonly NativeSession[],
  nowMs: number,
  silentMs: number,
): Surplus | undefined {
  if (others.length === 0) return undefined
  const dead = others.find(({ heardMs }) => nowMs - heardMs >= silentMs)
  if (dead !== undefined) return { session: dead, why: 'silent, and there is a newer connection', retryAfterMs: 0 }
  return { session: newest, why: 'too many connections of this name', retryAfterMs: RETRY_MS }
}
