import { parseArgs } from 'node:util'
import { readDaemonStatus, type PluginStatus } from '../control/daemon-status.js'
import { SYSTEM_CLOCK } from '../dispatcher/clock.js'
import { asciiJson } from '../show/ascii-json.js'
import { CONTROL_OPTIONS, withControl } from './control-place.js'
import { EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { maybeOnePlugin, onePlugin } from './plugin-name.js'
import { awaitOutcome, ofPlugin, outcomeJson, outcomeText, type Asking, type Outcome } from './plugin-outcome.js'
import { asTyped } from './typed-place.js'
import { orUsage } from './verb-options.js'

/** What can be done to a plugin that runs, or should. */
export type PluginVerb = 'start' | 'stop' | 'restart' | 'resume'

const ABOUT: Readonly<Record<PluginVerb, string>> = {
  start: `Starts a plugin that was stopped, or that has failed, and waits until it runs or is seen not to.`,
  stop: `Stops a plugin until it is started again, or the daemon is. Records that come for it meanwhile are
dropped and counted, as 'stopped'. To keep it from being started at all: audispctl disable.`,
  restart: `Stops a plugin and starts it again. What it has not read goes to the new process.`,
  resume: `Lets a queue take records again that overflow_action = suspend has shut; without PLUGIN all of them.`,
}

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** start, stop, restart or resume. */
export async function pluginVerb(verb: PluginVerb, args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(verb, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(helpText(verb))
    return 0
  }
  const name = verb === 'resume' ? maybeOnePlugin(verb, positionals) : onePlugin(verb, positionals)
  const found = await withControl(values, async (client): Promise<readonly Outcome[]> => {
    if (name === undefined) return resumeAll(client)
    const pid = verb === 'restart' ? ((await ofPlugin(client, name))?.plugins[0]?.pid ?? null) : null
    await client.ask([verb, name])
    if (verb === 'resume') return (await statusOf(client, name)).map(resumed)
    return [await awaitOutcome(client, name, verb === 'stop' ? 'stopped' : 'running', SYSTEM_CLOCK, pid)]
  })
  const outcomes = found.map((outcome) => ({ ...outcome, what: asTyped(outcome.what, values) }))
  const exitStatus = outcomes.every(({ isWell }) => isWell) ? 0 : EXIT_STATUS.failed
  const report = { verb, plugins: outcomes.map(outcomeJson), exitStatus }
  if (values.json) host.out(`${asciiJson(report, 2)}\n`)
  else tell(outcomes, host)
  return exitStatus
}

function tell(outcomes: readonly Outcome[], host: Host): void {
  if (outcomes.length === 0) host.out('no queue was suspended\n')
  for (const outcome of outcomes) (outcome.isWell ? host.out : host.warn)(outcomeText(outcome))
}

async function resumeAll(client: Asking): Promise<Outcome[]> {
  const before = await statusOf(client)
  await client.ask(['resume'])
  const names = new Set(before.filter(({ flow }) => flow === 'suspended').map(({ name }) => name))
  return (await statusOf(client)).filter(({ name }) => names.has(name)).map(resumed)
}

async function statusOf(client: Asking, ...name: readonly string[]): Promise<PluginStatus[]> {
  return [...readDaemonStatus(await client.ask(['status', ...name])).plugins]
}

function resumed(plugin: PluginStatus): Outcome {
  const { name, flow } = plugin
  const isWell = flow !== 'suspended'
  return { name, isWell, what: isWell ? 'takes records' : 'is suspended again: its queue is still full', plugin }
}

function helpText(verb: PluginVerb): string {
  return `usage: audispctl ${verb} ${verb === 'resume' ? '[PLUGIN]' : 'PLUGIN'} [--json] [-c DIR | --socket PATH]

${ABOUT[verb]}

      --json            one JSON object
  -c, --config-dir DIR  tell the daemon that runs with this configuration
      --socket PATH     tell the daemon whose control socket that is

Exit status: 0 it is so, 1 it is not, and why is told, 3 the daemon is not running.
See audispctl(8).
`
}
