import { parseArgs } from 'node:util'
import type { DaemonStatus } from '../control/daemon-status.js'
import { asciiJson } from '../show/ascii-json.js'
import { CONTROL_OPTIONS } from './control-place.js'
import { EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { handOversOf, hopsOf, lossesOf, type Loss } from './ledger-account.js'
import { lookAround, NOTHING_AROUND, realLedgerWorld, type Around, type LedgerWorld } from './ledger-around.js'
import { ledgerAsText } from './ledger-text.js'
import { painter } from './paint.js'
import { maybeOnePlugin } from './plugin-name.js'
import { readStatus } from './status.js'
import { withTyped } from './typed-place.js'
import { orUsage } from './verb-options.js'

const VERB = 'ledger'
const EXIT_LOST = 1

const HELP = `usage: audispctl ${VERB} [PLUGIN] [--since-start] [--json] [-c DIR | --socket PATH]

Shows what became of every record: what the kernel and auditd lost before it came here, what came in, what
each plugin got of it, and how far records to and from other machines have come. Then what was lost, by
whom, and what to do about it.

      --since-start     of what the kernel has lost, only what it may have lost since audispd runs;
                        all other figures are since then anyway
      --json            one JSON object
  -c, --config-dir DIR  ask the daemon that runs with this configuration
      --socket PATH     ask the daemon whose control socket that is

Exit status: 0 nothing was lost, ${EXIT_LOST} something was, ${EXIT_STATUS['not-running']} not running.
See audispctl(8).
`

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  'since-start': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Follows the records from the kernel to where they end. */
export async function ledger(
  args: readonly string[],
  host: Host,
  worldOf: (host: Host) => LedgerWorld = realLedgerWorld,
): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const name = maybeOnePlugin(VERB, positionals)
  const status = await readStatus(values, name)
  const found = name === undefined ? await lookAround(status, worldOf(host)) : NOTHING_AROUND
  const sinceStart = values['since-start']
  const all = lossesOf({ status, ...found, sinceStart })
  const asked = name === undefined ? all : all.filter((loss) => loss.by === 'plugin' && loss.name === name)
  const losses = asked.map((loss) => withTyped(loss, values))
  const exitStatus = losses.length === 0 ? 0 : EXIT_LOST
  const shown = { ...found, hops: hopsOf(found.remote), handOvers: handOversOf(found.remote), losses }
  const { plugins } = status
  if (values.json) host.out(asJson(status, shown, exitStatus))
  else host.out(ledgerAsText({ ...shown, status, plugins, isOne: name !== undefined }, painter(host)))
  return exitStatus
}

function asJson(
  status: DaemonStatus,
  {
    kernel,
    auditd,
    evidence,
    hops,
    handOvers,
    losses,
  }: Around & {
    readonly hops: ReturnType<typeof hopsOf>
    readonly handOvers: ReturnType<typeof handOversOf>
    readonly losses: readonly Loss[]
  },
  exitStatus: number,
): string {
  const plugins = status.plugins.map(
    ({ name, state, in: came, delivered, filtered, dropped, droppedTotal, lastLossAt, queued, balanced }) => {
      return { name, state, in: came, delivered, filtered, dropped, droppedTotal, lastLossAt, queued, balanced }
    },
  )
  const { now, startedAt, input, serials } = status
  const door = { ...input, serials, inAuditdsLog: evidence }
  const lost = losses.map(({ by, name, count, countFrom = count, what, mend }) => {
    return { by, name, count, countFrom, what, mend }
  })
  const around = { kernel: kernel ?? null, auditd, door, plugins, hops, handOvers, losses: lost }
  return `${asciiJson({ verb: VERB, now, startedAt, ...around, exitStatus }, 2)}\n`
}
