// The disk's own limit: a loop that writes as many bytes as there are in so many records and makes them durable, and does nothing else.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LINE_BYTES } from './carrier.js'
import { inOrder, quantile } from '../statistics.js'

export interface GroupCommit {
  readonly recordsACommit: number
  readonly perSecond: number
  readonly medianMicros: number
  readonly p99Micros: number
}

export function measureGroupCommit(dir: string, recordsACommit: number, millis: number): GroupCommit {
  const bytes = Buffer.alloc(recordsACommit * LINE_BYTES, 'x')
  const file = join(dir, `commits-${recordsACommit}`)
  const fd = openSync(file, 'a')
  const micros: number[] = []
  const began = performance.now()
  let now = began
  while (now - began < millis) {
    writeSync(fd, bytes)
    fdatasyncSync(fd)
    const then = performance.now()
    micros.push((then - now) * 1000)
    now = then
  }
  closeSync(fd)
  rmSync(file)
  const sorted = inOrder(micros)
  return {
    recordsACommit,
    perSecond: (micros.length * recordsACommit * 1000) / (now - began),
    medianMicros: quantile(sorted, 0.5),
    p99Micros: quantile(sorted, 0.99),
  }
}
