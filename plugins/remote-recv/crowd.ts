const RETRY_MS = 5000

export interface Surplus<T> {
  readonly session: T
  readonly why: string
  readonly retryAfterMs: number
}

/** Whose connection is one too many: a dead one makes room, else the newest goes. `others` is empty while there is room. */
export function surplusOf<T extends { readonly heardMs: number }>(
  newest: T,
  others: readonly T[],
  nowMs: number,
  silentMs: number,
): Surplus<T> | undefined {
  if (others.length === 0) return undefined
  const dead = others.find(({ heardMs }) => nowMs - heardMs >= silentMs)
  if (dead !== undefined) return { session: dead, why: 'silent, and there is a newer connection', retryAfterMs: 0 }
  return { session: newest, why: 'too many connections of this name', retryAfterMs: RETRY_MS }
}
