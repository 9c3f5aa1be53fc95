// Many senders against one collector of ours: all blocks were made before, every sender has at most so many unacknowledged.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Certificates } from './certificates.js'
import { PORT, startCollector } from './pair.js'
import type { Plan } from './played-sender.js'
import { cpuMicrosOf, peakKibOf } from './spent.js'

const PROGRAM = fileURLToPath(new URL('./fleet-program.js', import.meta.url))
const PATIENCE_MS = 180_000
/** All senders have the same certificate, so that 500 need not be made. */
const LIMITS = ['max_connections = 1000', 'max_streams = 1000']

export interface FleetPlan extends Plan {
  readonly senders: number
  readonly port: number
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined
}

export interface FleetResult {
  readonly records: number
  readonly ms: number
  readonly medianMicros: number
  readonly p99Micros: number
  readonly generatorCpuMicros: number
}

export interface FleetRun extends FleetResult {
  /** Of remote-recv. */
  readonly cpuMicros: number
  readonly peakKib: number
}

export interface FleetOptions extends Plan {
  readonly senders: number
  readonly jitless: boolean
  readonly certificates: Certificates | undefined
}

export async function measureFleet(dir: string, options: FleetOptions): Promise<FleetRun> {
  const { certificates, jitless, senders, blocks, recordsABlock, window } = options
  const collector = await startCollector(dir, { certificates, jitless, lines: LIMITS })
  try {
    const pid = collector.pids.get('remote-recv') ?? 0
    const before = cpuMicrosOf(pid)
    const tls = certificates === undefined ? undefined : { ca: certificates.ca, ...certificates.sender }
    const plan = { port: PORT, senders, blocks, recordsABlock, window, ...(tls === undefined ? {} : { tls }) }
    const result = await play(JSON.stringify(plan))
    return { ...result, cpuMicros: cpuMicrosOf(pid) - before, peakKib: peakKibOf(pid) }
  } finally {
    await collector.close()
  }
}

async function play(plan: string): Promise<FleetResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, plan], { timeout: PATIENCE_MS })
  const found: FleetResult = JSON.parse(stdout)
  return found
}
