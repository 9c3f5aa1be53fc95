import { randomBytes, randomInt } from 'node:crypto'
import type { Clock, Random } from '../../src/remote/ports.js'

const STEPS = 2 ** 32

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

export const NODE_RANDOM: Random = {
  fraction: () => randomInt(STEPS) / STEPS,
  bytes: (count) => randomBytes(count),
}
