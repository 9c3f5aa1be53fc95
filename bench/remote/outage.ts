// The collector is away while a sender's spool fills; then it comes, and all that was kept is caught up on. After that the journal has as
// many records as the spool had, and the collector is started again, after a stop in order and after a kill.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitUntil } from '../processes.js'
import { LINE_BYTES, linesFrom, logBytesIn } from './carrier.js'
import type { Certificates } from './certificates.js'
import { isListening } from './own-network.js'
import { nativeLines, PORT, startCollector, startSender, type OwnSender } from './pair.js'
import { cpuMicrosOf, peakKibOf } from './spent.js'

const RECORDS_A_WRITE = 260
const POLL_MS = 2
const PATIENCE_MS = 120_000

export interface Outage {
  readonly jitless: boolean
  readonly records: number
  /** Into the spool, records a second. */
  readonly spooledPerSecond: number
  /** From the collector's start to listen until all is in its journal, the reconnect in it. */
  readonly caughtUpPerSecond: number
  readonly senderCpuMicros: number
  readonly collectorCpuMicros: number
  readonly senderPeakKib: number
  readonly collectorPeakKib: number
  /** From the start of the collector's dispatcher until it listens: with nothing in its journal, with all of it, and after a kill. */
  readonly emptyStartMs: number
  readonly fullStartMs: number
  readonly killedStartMs: number
}

export async function measureOutage(
  dir: string,
  { records, jitless, certificates }: { records: number; jitless: boolean; certificates: Certificates },
): Promise<Outage> {
  const sender = await startSender(dir, nativeLines(certificates), jitless)
  try {
    const goal = records * LINE_BYTES
    const spooledPerSecond = (records * 1000) / (await spool(sender, records))
    const start = async () => {
      const began = performance.now()
      const collector = await startCollector(dir, { certificates, jitless })
      return { collector, ms: performance.now() - began }
    }
    const first = await start()
    const { collector } = first
    const pid = collector.pids.get('remote-recv') ?? 0
    const [before, mine] = [cpuMicrosOf(pid), cpuMicrosOf(sender.pid)]
    const began = performance.now()
    await until(() => logBytesIn(collector.journal) >= goal, 'the collector did not catch up')
    const ms = performance.now() - began
    const figures = {
      senderCpuMicros: (cpuMicrosOf(sender.pid) - mine) / records,
      collectorCpuMicros: (cpuMicrosOf(pid) - before) / records,
      senderPeakKib: peakKibOf(sender.pid),
      collectorPeakKib: peakKibOf(pid),
    }
    await sender.daemon.end()
    await stop(() => collector.close())
    const second = await start()
    await stop(() => second.collector.close('SIGKILL'))
    const third = await start()
    await third.collector.close()
    return {
      jitless,
      records,
      spooledPerSecond,
      caughtUpPerSecond: (records * 1000) / ms,
      ...figures,
      emptyStartMs: first.ms,
      fullStartMs: second.ms,
      killedStartMs: third.ms,
    }
  } finally {
    await sender.daemon.end('SIGKILL')
  }
}

/** Returns how long it took, in ms. */
async function spool({ daemon, spool: dir }: OwnSender, records: number): Promise<number> {
  const began = performance.now()
  for (let at = 0; at < records; at += RECORDS_A_WRITE) {
    const lines = linesFrom(at + 1, Math.min(RECORDS_A_WRITE, records - at))
    if (!daemon.input.write(lines)) await once(daemon.input, 'drain')
  }
  await until(() => logBytesIn(dir) >= records * LINE_BYTES, 'the spool did not take it all')
  return performance.now() - began
}

/** A killed dispatcher's plugin goes on until it notices. */
async function stop(end: () => Promise<void>): Promise<void> {
  await end()
  await waitUntil(() => !isListening(PORT), 'the collector still listens')
}

async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  const limit = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > limit) throw new Error(otherwise)
    await sleep(POLL_MS)
  }
}
