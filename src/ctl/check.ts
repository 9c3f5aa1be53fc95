import { parseArgs } from 'node:util'
import { checkReport } from '../dispatcher/check-report.js'
import { readDropIns } from '../dispatcher/drop-in-dir.js'
import { loadSettings } from '../dispatcher/settings-file.js'
import { asciiJson } from '../show/ascii-json.js'
import { configDir } from './config-dir.js'
import { EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { checkOwnPlugins, type OwnPluginCheck, type RunCheck } from './own-plugin-check.js'
import { painter, type Painter } from './paint.js'
import { shown } from './status-text.js'
import { orUsage } from './verb-options.js'

const VERB = 'check'

const HELP = `usage: audispctl ${VERB} [-c DIR] [--json]

Reads the whole configuration and starts nothing: audispd.conf, each drop-in and its program, and the own
configuration files of the plugins of audispd that are active. Every mistake is told with its file and line.

  -c, --config-dir DIR  the configuration, where it is not /etc/audispd
      --json            one JSON object

Exit status: 0 no mistake, ${EXIT_STATUS.config} mistakes.
See audispctl(8).
`

export const OPTIONS = {
  'config-dir': { type: 'string', short: 'c' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Checks everything that is configured. */
export async function check(args: readonly string[], host: Host, run?: RunCheck): Promise<number> {
  const { values } = orUsage(VERB, () => parseArgs({ args: [...args], options: OPTIONS, strict: true }))
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const place = configDir(values['config-dir'])
  const { settings, problems } = loadSettings(place)
  const reports = readDropIns(place, settings)
  const report = checkReport(problems, reports)
  const plugins = await checkOwnPlugins(reports, run)
  const exitStatus = report.ok && plugins.every(({ ok }) => ok) ? 0 : EXIT_STATUS.config
  if (values.json) {
    const whole = { verb: VERB, daemon: report.json, plugins, exitStatus }
    host.out(`${asciiJson(whole, 2)}\n`)
    return exitStatus
  }
  const paint = painter(host)
  host.out(report.text + plugins.map((plugin) => pluginText(plugin, paint)).join(''))
  return exitStatus
}

function pluginText({ plugin, ok, lines }: OwnPluginCheck, paint: Painter): string {
  const verdict = ok ? paint('ok', 'well') : paint('fail', 'has mistakes')
  return [`${shown(plugin)}, its own configuration: ${verdict}`, ...lines.map((line) => `  ${shown(line)}`), ''].join(
    '\n',
  )
}
