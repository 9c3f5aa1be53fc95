// How long one record takes from its write until it stands in the collector's log, the next one written when it does. The log's length
// is looked at without a pause, which keeps one core busy; that is the same for all.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { inOrder, quantile } from '../statistics.js'
import { linesFrom, LINE_BYTES, type Carrier } from './carrier.js'
import { give } from './carry.js'

const WARM_UP = 1000
const PATIENCE_MS = 10_000

export interface Delays {
  readonly samples: number
  readonly medianMicros: number
  readonly p99Micros: number
  readonly mostMicros: number
}

export async function measureDelays(carrier: Carrier, dir: string, samples: number): Promise<Delays> {
  const carried = await carrier.open(dir)
  try {
    await give(carried, 1, WARM_UP)
    const micros: number[] = []
    for (let index = 0; index < samples; index++) {
      const line = linesFrom(WARM_UP + 1 + index, 1)
      const goal = carried.arrivedBytes() + LINE_BYTES
      const began = performance.now()
      carried.input.write(line)
      while (carried.arrivedBytes() < goal) {
        if (performance.now() - began > PATIENCE_MS) throw new Error('a record did not arrive')
        await nextTurn()
      }
      micros.push((performance.now() - began) * 1000)
    }
    const sorted = inOrder(micros)
    return {
      samples,
      medianMicros: quantile(sorted, 0.5),
      p99Micros: quantile(sorted, 0.99),
      mostMicros: quantile(sorted, 1),
    }
  } finally {
    await carried.close()
  }
}
