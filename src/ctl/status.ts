import { parseArgs } from 'node:util'
import { readDaemonStatus, type DaemonStatus } from '../control/daemon-status.js'
import { judge, type Finding } from '../control/judge.js'
import { SYSTEM_CLOCK } from '../dispatcher/clock.js'
import { asciiJson } from '../show/ascii-json.js'
import { failureAsText } from './change-report.js'
import { CONTROL_OPTIONS, withControl, type ControlValues } from './control-place.js'
import { CtlError, EXIT_STATUS, type Problem } from './ctl-error.js'
import type { Host } from './host.js'
import { painter } from './paint.js'
import { pluginStatusAsText } from './status-plugin-text.js'
import { maybeOnePlugin } from './plugin-name.js'
import { statusAsText } from './status-text.js'
import { readInterval, withInterval } from './status-interval.js'
import { redraw, type Shown } from './status-watch.js'
import { withTyped } from './typed-place.js'
import { orUsage } from './verb-options.js'

const VERB = 'status'
const EXIT_DEGRADED = 1

const HELP = `usage: audispctl ${VERB} [PLUGIN] [--json] [--watch [SECONDS]] [-c DIR | --socket PATH]

Shows whether anything is missing and what to do about it, then each plugin, then what was found and
what mends it. Of one plugin: everything, and the last it wrote to its standard error.

  -w, --watch [SECONDS]  show it anew every so often (default: 2) until a key is pressed
      --json             the daemon's answer with the findings, as one JSON object
  -c, --config-dir DIR   ask the daemon that runs with this configuration
      --socket PATH      ask the daemon whose control socket that is

Exit status: 0 all well, ${EXIT_DEGRADED} something is wrong, or was lost since audispd runs, ${EXIT_STATUS['not-running']} not running.
See audispctl(8).
`

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  watch: { type: 'boolean', short: 'w', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Shows how the running daemon is. */
export async function status(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({
      args: withInterval(args),
      options: { ...OPTIONS, interval: { type: 'string' } },
      strict: true,
      allowPositionals: true,
    }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const name = maybeOnePlugin(VERB, positionals)
  const see = async (how: Form): Promise<Shown> => {
    const found = await readStatus(values, name)
    const findings = findingsOf(found, name).map((finding) => withTyped(finding, values))
    return show(found, findings, name === undefined ? statusAsText : pluginStatusAsText, how, host)
  }
  if (!values.watch) {
    const { text, exitStatus } = await see(values.json ? 'json' : 'text')
    host.out(text)
    return exitStatus
  }
  const form = values.json ? 'json-line' : 'text'
  const look = async (): Promise<Shown> => {
    try {
      return await see(form)
    } catch (error) {
      // A daemon that is not there now may be back soon: that is what one watches for.
      if (!(error instanceof CtlError)) throw error
      return showFailure(
        error.problems.map((problem) => withTyped(problem, values)),
        EXIT_STATUS[error.code],
        form,
      )
    }
  }
  return redraw(look, readInterval(VERB, values.interval), host, SYSTEM_CLOCK)
}

/** The status of all, or of one plugin. */
export async function readStatus(values: ControlValues, name?: string): Promise<DaemonStatus> {
  const words = name === undefined ? ['status'] : ['status', name]
  return withControl(values, async (client) => readDaemonStatus(await client.ask(words)))
}

/** What was found, of one plugin alone where one was asked for. */
export function findingsOf(found: DaemonStatus, name: string | undefined): Finding[] {
  return judge(found).filter(({ plugin }) => name === undefined || plugin === name)
}

type Form = 'text' | 'json' | 'json-line'

function show(
  found: DaemonStatus,
  findings: readonly Finding[],
  asText: typeof statusAsText,
  form: Form,
  host: Host,
): Shown {
  const exitStatus = findings.length > 0 ? EXIT_DEGRADED : 0
  if (form !== 'text') return { text: asJson({ ...found, findings, exitStatus }, form), exitStatus }
  return { text: asText(found, findings, painter(host)), exitStatus }
}

function showFailure(problems: readonly Problem[], exitStatus: number, form: Form): Shown {
  if (form === 'text') return { text: failureAsText(`audispctl ${VERB}`, { problems }), exitStatus }
  return { text: asJson({ verb: VERB, result: 'failed', problems, exitStatus }, form), exitStatus }
}

function asJson(value: object, form: Form): string {
  return `${asciiJson(value, form === 'json' ? 2 : undefined)}\n`
}
