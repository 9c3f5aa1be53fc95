// Records from an input plugin to one that acknowledges, without auditd: how many a second are sent, acknowledged and
// settled, and what the daemon needs for it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { audispd } from './audispd.js'
import { nodePlugin } from './consumer.js'
import { Lines } from './lines.js'
import type { Options } from './options.js'
import { SAYS_SETTLED } from './plugins/words.js'
import { acknowledger } from './protocol-cases.js'
import type { Workshop } from './workshop.js'

const SETTLED = new RegExp(`${SAYS_SETTLED} (\\d+) (\\d+) (\\d+)`)
/** As /proc counts CPU time. */
const TICK_MICROS = 10_000
const PATIENCE_MS = 120_000

export interface InputRow {
  readonly jitless: boolean
  /** Sent, acknowledged and settled. */
  readonly records: number
  readonly perSecond: number
  /** The daemon's, from its start on. */
  readonly cpuMicros: number
  readonly peakKib: number
}

export async function measureInput(workshop: Workshop, options: Options): Promise<InputRow[]> {
  const rows: InputRow[] = []
  for (const jitless of [false, true]) rows.push(await measure(workshop.newDir(), jitless, options.inputRecords))
  return rows
}

async function measure(dir: string, jitless: boolean, records: number): Promise<InputRow> {
  const sender = { program: nodePlugin('send', String(records)), format: 'protocol', direction: 'in' } as const
  const consumer = audispd({ dir, jitless, plugins: [acknowledger()], senders: [sender] })
  const [program = '', ...args] = consumer.command
  const daemon = spawn(program, [...args, '--input', 'none'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const timer = setTimeout(() => daemon.kill('SIGKILL'), PATIENCE_MS)
  try {
    const exit = once(daemon, 'exit')
    const log = new Lines(daemon.stderr)
    const [, before, all, ns] = SETTLED.exec((await log.until(SETTLED))[0] ?? '') ?? []
    const { cpuMicros, peakKib } = spentBy(daemon.pid ?? 0)
    daemon.kill('SIGTERM')
    await exit
    await log.ended
    const arrival = await consumer.arrival(records, log)
    if (arrival.kind !== 'whole' || Number(all) !== records) throw new Error('input: records were lost')
    const perSecond = ((records - Number(before)) * 1e9) / Number(ns)
    return { jitless, records, perSecond, cpuMicros: cpuMicros / records, peakKib }
  } finally {
    clearTimeout(timer)
    daemon.kill('SIGKILL')
  }
}

function spentBy(pid: number): { readonly cpuMicros: number; readonly peakKib: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return { cpuMicros: (Number(fields[11]) + Number(fields[12])) * TICK_MICROS, peakKib: Number(peak?.[1]) }
}
