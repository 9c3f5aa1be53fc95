// One run: so many records are written as fast as they are taken, and the time until the last of them stands in the collector's log is
// measured, with the CPU time that each program took meanwhile.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { LINE_BYTES, linesFrom, type Carried, type Carrier } from './carrier.js'
import { cpuMicrosOf } from './spent.js'

/** Of the records, before the clock runs: connections are made, and code is compiled. */
const WARM_UP_SHARE = 0.1
const RECORDS_A_WRITE = 260
const POLL_MS = 1
const PATIENCE_MS = 120_000

export interface Carrying {
  readonly records: number
  readonly ms: number
  /** By program. */
  readonly cpuMicros: Readonly<Record<string, number>>
}

export async function carry(carrier: Carrier, dir: string): Promise<Carrying> {
  const { records } = carrier
  const carried = await carrier.open(dir)
  try {
    const before = Math.ceil(records * WARM_UP_SHARE)
    await give(carried, 1, before)
    const spent = cpuOf(carried)
    const began = performance.now()
    await give(carried, before + 1, records)
    const ms = performance.now() - began
    const after = cpuOf(carried)
    const cpuMicros = Object.fromEntries([...after].map(([name, micros]) => [name, micros - (spent.get(name) ?? 0)]))
    return { records, ms, cpuMicros }
  } finally {
    await carried.close()
  }
}

/** Resolves when they have all arrived. */
export async function give({ input, arrivedBytes }: Carried, first: number, count: number): Promise<void> {
  const goal = arrivedBytes() + count * LINE_BYTES
  for (let at = 0; at < count; at += RECORDS_A_WRITE) {
    if (!input.write(linesFrom(first + at, Math.min(RECORDS_A_WRITE, count - at)))) await once(input, 'drain')
  }
  const limit = performance.now() + PATIENCE_MS
  while (arrivedBytes() < goal) {
    if (performance.now() > limit)
      throw new Error(`${goal - arrivedBytes()} of ${count * LINE_BYTES} bytes did not arrive`)
    await sleep(POLL_MS)
  }
}

export function cpuOf({ pids }: Carried): Map<string, number> {
  return new Map([...pids].map(([name, pid]) => [name, cpuMicrosOf(pid)]))
}
