import { parseArgs } from 'node:util'
import { formatProblem, type Problem } from '../config.js'
import { didYouMean } from '../config/did-you-mean.js'
import { readDropIns } from '../dispatcher/drop-in-dir.js'
import { loadSettings } from '../dispatcher/settings-file.js'
import { asciiJson } from '../show/ascii-json.js'
import { columns } from './columns.js'
import { configDir } from './config-dir.js'
import { pluginViews, settingsView, type ConfigFile, type ConfigKey, type PluginConfig } from './config-view.js'
import { CtlError, EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { painter, type Painter } from './paint.js'
import { maybeOnePlugin } from './plugin-name.js'
import { shown } from './status-text.js'
import { orUsage } from './verb-options.js'

const VERB = 'config show'
const MAX_VALUE_CHARACTERS = 200
const LOOKS = { active: 'ok', inactive: 'dim', invalid: 'fail' } as const

const HELP = `usage: audispctl ${VERB} [--effective] [PLUGIN] [-c DIR] [--json]

Shows what the configuration says, key by key, with the file and line that says it: audispd.conf, and the
drop-in of each plugin. Which files are masked by others of the same name is told.

      --effective       the keys that are not written too, with the defaults that hold for them
  -c, --config-dir DIR  the configuration, where it is not /etc/audispd
      --json            one JSON object

Exit status: 0 shown, ${EXIT_STATUS.config} shown, and there are mistakes.
See audispctl(8).
`

export const CONFIG_SHOW_OPTIONS = {
  effective: { type: 'boolean', default: false },
  'config-dir': { type: 'string', short: 'c' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Shows what holds, and who says so. */
export async function configShow(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: CONFIG_SHOW_OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const name = maybeOnePlugin(VERB, positionals)
  const place = configDir(values['config-dir'])
  const { settings, problems } = loadSettings(place)
  const reports = readDropIns(place, settings)
  const isWritten = !values.effective
  const all = pluginViews(reports, settingsView(place.settingsFile, false), isWritten)
  const plugins = name === undefined ? all : [onlyOne(name, all)]
  const mistakes = [...(name === undefined ? problems : []), ...reports.flatMap((report) => report.problems)].filter(
    ({ level, file }) => level === 'error' && (name === undefined || plugins.some((plugin) => plugin.file === file)),
  )
  const shownSettings = name === undefined ? settingsView(place.settingsFile, isWritten) : undefined
  const exitStatus = mistakes.length > 0 ? EXIT_STATUS.config : 0
  if (values.json) {
    const whole = {
      verb: VERB,
      settings: shownSettings ?? null,
      plugins,
      mistakes: mistakes.map(formatProblem),
      exitStatus,
    }
    host.out(`${asciiJson(whole, 2)}\n`)
    return exitStatus
  }
  const paint = painter(host)
  const blocks = [
    ...(shownSettings === undefined ? [] : [fileText(shown(shownSettings.file), shownSettings, paint)]),
    ...plugins.map((plugin) => pluginText(plugin, paint)),
  ]
  host.out(blocks.join('\n'))
  host.warn(mistakesText(mistakes))
  return exitStatus
}

function onlyOne(name: string, plugins: readonly PluginConfig[]): PluginConfig {
  const found = plugins.find((plugin) => plugin.name === name)
  if (found !== undefined) return found
  const hint = didYouMean(
    name,
    plugins.map((plugin) => plugin.name),
  )
  const mend = 'audispctl check shows all drop-ins'
  throw new CtlError('usage', [{ message: `there is no drop-in '${name}'${hint}`, mend }])
}

function pluginText(plugin: PluginConfig, paint: Painter): string {
  const { name, state, file, masks } = plugin
  const masked = masks.length === 0 ? '' : `, in the place of ${masks.map((mask) => shown(mask)).join(' and ')}`
  return fileText(
    `${paint('bold', shown(name))}: ${paint(LOOKS[state], state)}, ${shown(file)}${masked}`,
    plugin,
    paint,
  )
}

function fileText(heading: string, { keys }: ConfigFile, paint: Painter): string {
  if (keys.length === 0) return `${heading}\n  ${paint('dim', 'nothing: all keys have their defaults')}\n`
  const rows = keys.map(({ key, value, from }) => [
    `  ${shown(key)}`,
    `= ${shown(value, MAX_VALUE_CHARACTERS)}`,
    paint('dim', originText(from)),
  ])
  return `${heading}\n${columns(rows)}`
}

function originText(from: ConfigKey['from']): string {
  return from === null ? 'default' : `${shown(from.file)}:${from.line}`
}

function mistakesText(mistakes: readonly Problem[]): string {
  return mistakes.map((mistake) => `audispctl ${VERB}: ${formatProblem(mistake)}\n`).join('')
}
