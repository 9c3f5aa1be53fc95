import { parseArgs } from 'node:util'
import { formatProblem } from '../config.js'
import { readReloadStatus, type ReloadStatus } from '../control/daemon-status.js'
import { SYSTEM_CLOCK } from '../dispatcher/clock.js'
import { loadSettings } from '../dispatcher/settings-file.js'
import { asciiJson } from '../show/ascii-json.js'
import { doneWords } from './change-report.js'
import { configDir } from './config-dir.js'
import { CONTROL_OPTIONS, withControl, type ControlValues } from './control-place.js'
import { CtlError, EXIT_STATUS } from './ctl-error.js'
import { applyChange, changesAnything } from './file-change.js'
import type { Host } from './host.js'
import { onePlugin } from './plugin-name.js'
import { awaitOutcome, outcomeText, type Outcome } from './plugin-outcome.js'
import { RELOAD_TIMEOUT_MS } from './reload.js'
import { shown } from './status-text.js'
import { planSwitch, type SwitchPlan } from './switch-plan.js'
import { asTyped } from './typed-place.js'
import { orUsage } from './verb-options.js'

const ABOUT = {
  enable: `Sets 'active = yes' in the plugin's drop-in, lets the daemon reload, and waits until the plugin runs or
is seen not to.`,
  disable: `Sets 'active = no' in the plugin's drop-in, lets the daemon reload, and waits until the plugin has
stopped.`,
} as const

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  'no-reload': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** What the daemon has made of it. */
type Told =
  | { readonly kind: 'not-asked' | 'not-running' }
  | { readonly kind: 'refused'; readonly reload: ReloadStatus }
  | { readonly kind: 'done'; readonly reload: ReloadStatus; readonly outcome: Outcome }

/** enable or disable. */
export async function switchVerb(verb: keyof typeof ABOUT, args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(verb, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(helpText(verb))
    return 0
  }
  const name = onePlugin(verb, positionals)
  const isActive = verb === 'enable'
  const place = configDir(values['config-dir'])
  const { settings, problems } = loadSettings(place)
  const plan = await planSwitch(name, isActive, { place, settings }, host.files)
  const isChange = changesAnything(plan.change)
  if (isChange) await applyChange(host.files, plan.change)
  if (!values.json) host.out(changeText(verb, plan, isChange))
  for (const { level, ...problem } of problems.filter((each) => each.level === 'error'))
    host.warn(`audispctl ${verb}: warning: ${formatProblem({ level, ...problem })}; the daemon will not reload\n`)
  const told = values['no-reload'] ? NOT_ASKED : await tellDaemon(values, name, isActive)
  const exitStatus = told.kind === 'refused' || (told.kind === 'done' && !told.outcome.isWell) ? EXIT_STATUS.failed : 0
  if (values.json) host.out(asJson(verb, name, plan, isChange, told, exitStatus))
  else tell(verb, told, values, host)
  return exitStatus
}

const NOT_ASKED: Told = { kind: 'not-asked' }

/** A daemon that does not run reads the file when it starts. */
async function tellDaemon(values: ControlValues, name: string, isActive: boolean): Promise<Told> {
  try {
    return await withControl(values, async (client): Promise<Told> => {
      const reload = readReloadStatus(await client.ask(['reload'], RELOAD_TIMEOUT_MS))
      if (!reload.ok) return { kind: 'refused', reload }
      const outcome = await awaitOutcome(client, name, isActive ? 'running' : 'stopped', SYSTEM_CLOCK)
      return { kind: 'done', reload, outcome: { ...outcome, what: asTyped(outcome.what, values) } }
    })
  } catch (error) {
    if (error instanceof CtlError && error.code === 'not-running') return { kind: 'not-running' }
    throw error
  }
}

function changeText(verb: keyof typeof ABOUT, { change, copyOf }: SwitchPlan, isChange: boolean): string {
  const value = verb === 'enable' ? 'yes' : 'no'
  if (!isChange) return `${change.path}: nothing to change, active = ${value} already\n`
  const from = copyOf === undefined ? '' : `, in the place of ${copyOf}`
  return `${doneWords(change)}: active = ${value}${from}\n`
}

function tell(verb: keyof typeof ABOUT, told: Told, values: ControlValues, host: Host): void {
  switch (told.kind) {
    case 'not-asked':
      host.out(`it counts from the next reload: ${asTyped('audispctl reload', values)}\n`)
      return
    case 'not-running':
      host.out('audispd is not running here; it counts when it starts\n')
      return
    case 'refused':
      host.warn(
        told.reload.problems.map((problem) => `audispctl ${verb}: reload refused: ${shown(problem)}\n`).join(''),
      )
      host.warn(`  ${asTyped('audispctl check', values)} says everything that is wrong\n`)
      return
    case 'done':
      ;(told.outcome.isWell ? host.out : host.warn)(outcomeText(told.outcome))
      return
    default:
      told satisfies never
  }
}

function asJson(
  verb: string,
  name: string,
  { change, copyOf }: SwitchPlan,
  isChange: boolean,
  told: Told,
  exitStatus: number,
): string {
  const outcome = told.kind === 'done' ? told.outcome : undefined
  const report = {
    verb,
    plugin: name,
    file: change.path,
    changed: isChange,
    copyOf: copyOf ?? null,
    daemon: told.kind,
    reload: 'reload' in told ? told.reload : null,
    ok: outcome?.isWell ?? null,
    what: outcome?.what ?? null,
    status: outcome?.plugin ?? null,
    exitStatus,
  }
  return `${asciiJson(report, 2)}\n`
}

function helpText(verb: keyof typeof ABOUT): string {
  return `usage: audispctl ${verb} PLUGIN [--no-reload] [--json] [-c DIR] [--socket PATH]

${ABOUT[verb]}
The rest of the file stays as it is. A drop-in that a package brought, in /usr/lib/audispd/audispd.d, is
copied to /etc/audispd/audispd.d, where it takes the other's place.

      --no-reload       change the file alone
      --json            one JSON object
  -c, --config-dir DIR  the configuration, where it is not /etc/audispd
      --socket PATH     tell the daemon whose control socket that is

Exit status: 0 it is so, 1 it is not, and why is told, 78 the drop-in has mistakes; nothing was changed.
See audispctl(8).
`
}
