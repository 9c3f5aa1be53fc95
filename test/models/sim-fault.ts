// What goes wrong in the simulator, and how often.

import type { Random } from '../protocol/random.js'
import type { Trouble } from './virtual-disk.js'
import type { Weather } from './virtual-net.js'

export type Fault =
  | { readonly kind: 'kill' | 'power'; readonly downMs: number }
  | { readonly kind: 'kill-often'; readonly times: number }
  /** While the disk is at the n-th thing that it is asked for from now on. */
  | { readonly kind: 'kill-at-disk'; readonly nth: number }
  /** While the two ends find out where to go on. */
  | { readonly kind: 'kill-at-opening'; readonly afterMs: number }
  | { readonly kind: 'cut'; readonly how: 'reset' | 'half-open' | 'deaf' | 'dumb' }
  | { readonly kind: 'weather'; readonly weather: Weather; readonly forMs: number }
  | { readonly kind: 'partition'; readonly forMs: number }
  | { readonly kind: 'disk'; readonly trouble: Trouble; readonly forMs: number }
  | { readonly kind: 'full'; readonly leaveBytes: number; readonly forMs: number }
  | { readonly kind: 'clock'; readonly ms: number }
  | { readonly kind: 'reload' | 'backup' | 'restore' | 'wipe' | 'clone' }

const YEAR_MS = 365 * 86_400_000

/** Each with its share. */
const SHARES: readonly (readonly [number, (random: Random) => Fault])[] = [
  [24, (random) => ({ kind: 'kill', downMs: random.below(random.oneOf([20, 5000, 60_000])) })],
  [18, (random) => ({ kind: 'power', downMs: random.below(random.oneOf([20, 5000, 60_000])) })],
  [6, (random) => ({ kind: 'kill-often', times: 2 + random.below(6) })],
  [30, (random) => ({ kind: 'kill-at-disk', nth: 1 + random.below(random.oneOf([5, 60])) })],
  [10, (random) => ({ kind: 'kill-at-opening', afterMs: random.below(4) })],
  [16, (random) => ({ kind: 'cut', how: random.oneOf(['reset', 'half-open', 'deaf', 'dumb']) })],
  [8, (random) => ({ kind: 'weather', weather: someWeather(random), forMs: random.below(120_000) })],
  [4, (random) => ({ kind: 'partition', forMs: random.below(300_000) })],
  [8, (random) => ({ kind: 'disk', trouble: someTrouble(random), forMs: random.below(30_000) })],
  [6, (random) => ({ kind: 'full', leaveBytes: random.below(20_000), forMs: random.below(120_000) })],
  [5, (random) => ({ kind: 'clock', ms: (random.below(40) - 20) * YEAR_MS })],
  [6, () => ({ kind: 'reload' })],
  [8, () => ({ kind: 'backup' })],
  [5, () => ({ kind: 'restore' })],
  [1, () => ({ kind: 'wipe' })],
  [1, () => ({ kind: 'clone' })],
]
const ALL = SHARES.reduce((sum, [share]) => sum + share, 0)

export function nextFault(random: Random): Fault {
  let left = random.below(ALL)
  for (const [share, make] of SHARES) {
    if (left < share) return make(random)
    left -= share
  }
  return { kind: 'reload' }
}

function someWeather(random: Random): Weather {
  return {
    latencyMs: random.oneOf([0, 20, 250, 2000]),
    bytesPerMs: random.oneOf([2, 50, 10_000]),
    resetOneIn: random.oneOf([0, 5, 50]),
  }
}

function someTrouble(random: Random): Trouble {
  return { failOneIn: random.oneOf([0, 1, 4, 20]), slowMs: random.oneOf([0, 100, 45_000]) }
}
