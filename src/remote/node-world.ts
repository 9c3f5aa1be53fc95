import { randomBytes, randomInt } from 'node:crypto'
import type { Clock, Random } from './ports.js'

const STEPS = 2 ** 32

/** The system's clocks. */
export const NODE_CLOCK: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}

/** The kernel's randomness. */
export const NODE_RANDOM: Random = {
  fraction: () => randomInt(STEPS) / STEPS,
  bytes: (count) => randomBytes(count),
}
