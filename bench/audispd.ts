// The dispatcher of this repository as a consumer.
//
// Its queues get overflow_action = block: nobody writes audit records faster than they can be read for long, but the
// producer here does, and with the default the queues would soon be full and records dropped. With `block` the rate
// measured is one at which everything arrives, as it does with tee, which blocks too. self_events are off, so that the
// ledger counts what was written and nothing else.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeConfiguration } from './configuration.js'
import type { Arrival, Consumer, PluginPlan } from './consumer.js'
import type { Lines } from './lines.js'

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))
const LAUNCHER = fileURLToPath(new URL('../bin/audispd', import.meta.url))
const STARTED = / plugin started /
const LEDGER = / ledger plugin=(\S+) .*\bin=(\d+) delivered=(\d+) .*\bqueued=(\d+)/

export interface AudispdPlan {
  readonly dir: string
  readonly jitless: boolean
  readonly plugins: readonly PluginPlan[]
  /** Start it as auditd does, through the launcher, rather than as `node main.js`. */
  readonly throughLauncher?: boolean
}

interface LedgerLine {
  readonly plugin: string
  readonly delivered: number
  readonly queued: number
}

export function audispd({ dir, jitless, plugins, throughLauncher = false }: AudispdPlan): Consumer {
  writeConfiguration(dir, ['self_events = no', 'overflow_action = block'], 'audispd.d', plugins)
  const program = throughLauncher ? [LAUNCHER] : [process.execPath]
  const flags = jitless ? ['--jitless'] : []
  const main = throughLauncher ? [] : [MAIN]
  return {
    command: [...program, ...flags, ...main, '--run-dir', join(dir, 'run'), '-c', dir],
    ready: async (_pid, log) => {
      await log.until(STARTED, plugins.length)
    },
    arrival: async (sent, log) => arrivalOf(log, plugins.length, sent),
    close: async () => {},
  }
}

/** The most records that were seen waiting in one queue, whenever the ledger was told. */
export function mostQueued(log: Lines): number {
  return Math.max(0, ...ledgerOf(log).map(({ queued }) => queued))
}

function arrivalOf(log: Lines, plugins: number, sent: number): Arrival {
  // The last line of each plugin is the one from its end.
  const last = new Map(ledgerOf(log).map((line) => [line.plugin, line]))
  if (last.size !== plugins) throw new Error(`a ledger of ${last.size} plugins, not ${plugins}`)
  const lost = Math.max(...[...last.values()].map(({ delivered }) => sent - delivered))
  return lost === 0 ? { kind: 'whole' } : { kind: 'lost', lost, of: sent }
}

function ledgerOf(log: Lines): LedgerLine[] {
  return log.seen.flatMap((line) => {
    const [, plugin = '', , delivered = '', queued = ''] = LEDGER.exec(line) ?? []
    return plugin === '' ? [] : [{ plugin, delivered: Number(delivered), queued: Number(queued) }]
  })
}
