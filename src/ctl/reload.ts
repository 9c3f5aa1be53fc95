import { parseArgs } from 'node:util'
import { readDaemonStatus, readReloadStatus, type PluginStatus, type ReloadStatus } from '../control/daemon-status.js'
import { SYSTEM_CLOCK } from '../dispatcher/clock.js'
import { asciiJson } from '../show/ascii-json.js'
import { columns } from './columns.js'
import { CONTROL_OPTIONS, withControl } from './control-place.js'
import { EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { painter, type Painter, type Part } from './paint.js'
import { awaitOutcome, outcomeJson, outcomeText, type Asking, type Outcome } from './plugin-outcome.js'
import { shown } from './status-text.js'
import { asTyped } from './typed-place.js'
import { orUsage } from './verb-options.js'

const VERB = 'reload'
/** It may stop plugins, and those have their stop_timeout. */
export const RELOAD_TIMEOUT_MS = 120_000

const HELP = `usage: audispctl ${VERB} [--dry-run] [--wait] [--json] [-c DIR | --socket PATH]

Lets the daemon read its configuration again, and shows what has changed for each plugin: kept, started,
restarted, stopped or invalid. A plugin that has not changed keeps its process and loses nothing.

  -n, --dry-run         only say what would change
      --wait            until each plugin that was started runs, or is seen not to
      --json            one JSON object
  -c, --config-dir DIR  tell the daemon that runs with this configuration
      --socket PATH     tell the daemon whose control socket that is

Exit status: 0 done, 1 refused, or a drop-in is invalid, or with --wait a plugin does not run, 3 not running.
See audispctl(8).
`

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  'dry-run': { type: 'boolean', short: 'n', default: false },
  wait: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const LOOKS: Readonly<Record<ReloadStatus['changes'][number]['change'], Part>> = {
  kept: 'dim',
  started: 'ok',
  restarted: 'ok',
  stopped: 'warn',
  invalid: 'fail',
}

/** Tells the daemon to read its configuration again. */
export async function reload(args: readonly string[], host: Host): Promise<number> {
  const { values } = orUsage(VERB, () => parseArgs({ args: [...args], options: OPTIONS, strict: true }))
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const isDry = values['dry-run']
  const { done, outcomes } = await withControl(values, async (client) => {
    const before = values.wait && !isDry ? readDaemonStatus(await client.ask(['status'])).plugins : []
    const words = isDry ? ['reload', 'dry-run'] : ['reload']
    const answer = readReloadStatus(await client.ask(words, RELOAD_TIMEOUT_MS))
    const waited = values.wait && !isDry && answer.ok ? await awaitAll(client, answer, before) : []
    return { done: answer, outcomes: waited.map((each) => ({ ...each, what: asTyped(each.what, values) })) }
  })
  const isWell =
    done.ok && done.changes.every(({ change }) => change !== 'invalid') && outcomes.every((each) => each.isWell)
  const exitStatus = isWell ? 0 : EXIT_STATUS.failed
  if (values.json) host.out(asJson(done, isDry, outcomes, exitStatus))
  else tell(done, isDry, outcomes, host, asTyped('audispctl check', values))
  return exitStatus
}

/** What was started, one after the other: each has its own time from when it was started, and none is looked at for long. */
async function awaitAll(
  client: Asking,
  { changes }: ReloadStatus,
  before: readonly PluginStatus[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const { name, change } of changes) {
    if (change !== 'started' && change !== 'restarted') continue
    const oldPid = before.find((plugin) => plugin.name === name)?.pid ?? null
    outcomes.push(await awaitOutcome(client, name, 'running', SYSTEM_CLOCK, oldPid))
  }
  return outcomes
}

function tell(done: ReloadStatus, isDry: boolean, outcomes: readonly Outcome[], host: Host, check: string): void {
  for (const problem of done.problems) host.warn(`audispctl ${VERB}: ${shown(problem)}\n`)
  if (!done.ok) {
    host.warn(`audispctl ${VERB}: refused: everything goes on as it was\n  mend that; ${check} says all of it\n`)
    return
  }
  host.out(changesText(done, isDry, painter(host)))
  for (const outcome of outcomes) (outcome.isWell ? host.out : host.warn)(outcomeText(outcome))
}

function changesText({ changes }: ReloadStatus, isDry: boolean, paint: Painter): string {
  if (changes.length === 0) return isDry ? 'there would be no plugins\n' : 'there are no plugins\n'
  const heading = isDry ? 'a reload would do this:\n' : ''
  return heading + columns(changes.map(({ name, change }) => [shown(name), paint(LOOKS[change], change)]))
}

function asJson(done: ReloadStatus, isDry: boolean, outcomes: readonly Outcome[], exitStatus: number): string {
  const plugins = outcomes.map(outcomeJson)
  return `${asciiJson({ verb: VERB, dryRun: isDry, ...done, plugins, exitStatus }, 2)}\n`
}
