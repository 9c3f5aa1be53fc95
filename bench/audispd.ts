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
import { SAYS_READY } from './plugins/words.js'

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))
const LAUNCHER = fileURLToPath(new URL('../bin/audispd', import.meta.url))
const STARTED = / plugin started /
const READY = new RegExp(SAYS_READY)
const LEDGER = / ledger plugin=(\S+) .*\bin=(\d+) delivered=(\d+) filtered=(\d+) .*\bqueued=(\d+)/

export interface AudispdPlan {
  readonly dir: string
  readonly jitless: boolean
  readonly plugins: readonly PluginPlan[]
  /** Plugins that send records and get none. */
  readonly senders?: readonly PluginPlan[]
  /** Start it as auditd does, through the launcher, rather than as `node main.js`. */
  readonly throughLauncher?: boolean
}

interface LedgerLine {
  readonly plugin: string
  readonly delivered: number
  /** What its selector did not want. */
  readonly filtered: number
  readonly queued: number
}

export function audispd({ dir, jitless, plugins, senders = [], throughLauncher = false }: AudispdPlan): Consumer {
  const settings = ['self_events = no', 'overflow_action = block', `control_socket = ${join(dir, 'control.sock')}`]
  writeConfiguration(dir, settings, 'audispd.d', [...plugins, ...senders])
  const program = throughLauncher ? [LAUNCHER] : [process.execPath]
  const flags = jitless ? ['--jitless'] : []
  const main = throughLauncher ? [] : [MAIN]
  return {
    command: [...program, ...flags, ...main, '--run-dir', join(dir, 'run'), '-c', dir],
    ready: async (_pid, log) => {
      await log.until(STARTED, plugins.length)
      const speakers = plugins.filter(({ saysReady }) => saysReady === true).length
      if (speakers > 0) await log.until(READY, speakers)
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
  const receivers = new Set(Array.from({ length: plugins }, (_, index) => `p${index + 1}`))
  const lines = ledgerOf(log).filter(({ plugin }) => receivers.has(plugin))
  const last = new Map(lines.map((line) => [line.plugin, line]))
  if (last.size !== plugins) throw new Error(`a ledger of ${last.size} plugins, not ${plugins}`)
  const lost = Math.max(...[...last.values()].map(({ delivered, filtered }) => sent - delivered - filtered))
  return lost === 0 ? { kind: 'whole' } : { kind: 'lost', lost, of: sent }
}

function ledgerOf(log: Lines): LedgerLine[] {
  return log.seen.flatMap((line) => {
    const [, plugin = '', , delivered, filtered, queued] = LEDGER.exec(line) ?? []
    if (plugin === '') return []
    return [{ plugin, delivered: Number(delivered), filtered: Number(filtered), queued: Number(queued) }]
  })
}
