// Many senders against one collector of ours: all blocks were made before, every sender has at most so many unacknowledged.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Certificates } from './certificates.js'
import { PORT, startCollector } from './pair.js'
import type { Plan } from './played-sender.js'
import { cpuMicrosOf, peakKibOf } from './spent.js'

const ATTACKER = fileURLToPath(new URL('./attacker-program.js', import.meta.url))
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

/** How long acknowledgements take at a steady pace: by themselves, and while strangers and breakers of the protocol come in all the time. */
export interface UnderAttack {
  readonly quiet: FleetResult
  readonly attacked: FleetResult
  readonly attacks: number
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

/** Twenty senders with a record each 20 ms; the attacker has no certificate. */
export async function measureUnderAttack(
  dir: string,
  certificates: Certificates,
  blocks: number,
): Promise<UnderAttack> {
  const collector = await startCollector(dir, { certificates, jitless: false, lines: LIMITS })
  const tls = { ca: certificates.ca, ...certificates.sender }
  const plan = JSON.stringify({ port: PORT, senders: 20, blocks, recordsABlock: 1, window: 100, everyMs: 20, tls })
  try {
    const quiet = await play(plan)
    const attacker = execFile(process.execPath, [ATTACKER, String(PORT), certificates.ca])
    let attacks = 0
    attacker.stdout?.setEncoding('utf8').on('data', (text: string) => {
      attacks += text.length
    })
    try {
      const attacked = await play(plan)
      return { quiet, attacked, attacks }
    } finally {
      attacker.kill('SIGKILL')
    }
  } finally {
    await collector.close()
  }
}

async function play(plan: string): Promise<FleetResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, plan], { timeout: PATIENCE_MS })
  const found: FleetResult = JSON.parse(stdout)
  return found
}
