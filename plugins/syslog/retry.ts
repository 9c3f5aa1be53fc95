import type { TimeRange } from '../../src/config/quantity.js'

/** From here on the doubling makes no difference. */
const MAX_ATTEMPT = 16

/** The pause before the next try: at random within a time that doubles, so that a thousand machines do not come back at once. */
export function retryMs({ firstMs, longestMs }: TimeRange, attempt: number, fraction: number): number {
  const mostMs = Math.min(longestMs, 2 * firstMs * 2 ** Math.min(attempt, MAX_ATTEMPT))
  return Math.round(firstMs + (mostMs - firstMs) * fraction)
}
