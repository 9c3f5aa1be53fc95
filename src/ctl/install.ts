import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stableName } from './audispd-program.js'
import { findPluginDir, findVersion, readAuditdConf } from './auditd-place.js'
import { rulesOf } from './auditd-version.js'
import { carryOut } from './change-plan.js'
import { CtlError, EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { planInstall } from './install-plan.js'
import { CHANGE_OPTIONS, changeOptions, orUsage, usage, type ChangeOptions } from './verb-options.js'
import type { Wanted } from './wording.js'

const VERB = 'install'
/** Where audispd looks without being told; nothing need be said about it. */
const OWN_CONFIG_DIR = '/etc/audispd'
export const OPTIONS = {
  ...CHANGE_OPTIONS,
  program: { type: 'string' },
  'config-dir': { type: 'string', short: 'c' },
  format: { type: 'string' },
  'auditd-version': { type: 'string' },
} as const

const NOT_UP = `audispctl ${VERB}: audispd has not answered yet; what keeps it: audispctl doctor\n`

const HELP = `usage: audispctl install [option ...]

Makes auditd start audispd: shows what it would change, asks, and changes it. auditd 3.0 and later get a file
audispd.conf in their plugin directory, auditd 2.x a dispatcher line in auditd.conf.

  --program PATH        the audispd to start (default: the one beside this audispctl)
  -c, --config-dir DIR  audispd's configuration directory (default ${OWN_CONFIG_DIR})
  --format FORMAT       string (default) or binary; auditd 2.x knows binary alone
  --auditd-conf FILE    auditd's configuration (default /etc/audit/auditd.conf)
  --auditd-version V    its release, such as 3.0.9 (default: what its tools print)
  --root DIR            work on the system under DIR; needs --program and --auditd-version
  --reload              then tell the running auditd (SIGHUP), and wait until audispd answers
  -y, --yes             do not ask
  --force               also replace what was written or edited by hand
  --dry-run             only show the changes; exit status 1 if there are any
  --json                one JSON object instead of text; needs --yes or --dry-run

See audispctl(8).
`

interface WantedValues {
  readonly program?: string | undefined
  readonly 'config-dir'?: string | undefined
  readonly format?: string | undefined
}

/**
 * Makes auditd start audispd; `launcher` is the audispd that belongs to this audispctl. `daemonPid` waits until the daemon of a
 * configuration answers; without it nobody waits.
 */
export async function install(
  args: readonly string[],
  host: Host,
  launcher: string,
  daemonPid?: (configDir: string | undefined) => Promise<number | undefined>,
): Promise<number> {
  const values = orUsage(VERB, () => parseArgs({ args: [...args], options: OPTIONS, strict: true }).values)
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const options = changeOptions(VERB, values)
  const wanted = await readWanted(values, options, host, launcher)
  const found = await findVersion(host, values['auditd-version'], options.root)
  const rules = rulesOf(found.version)
  const conf = await readAuditdConf(host.files, options.auditdConf, options.root, rules.maxLineBytes)
  if (conf === undefined) throw noAuditd(join(options.root, options.auditdConf))
  const pluginDir = await findPluginDir(host.files, conf, options.root)
  const plan = await planInstall(wanted, { ...found, rules, conf, pluginDir }, options, host)
  const exitStatus = await carryOut(plan, options, host)
  if (exitStatus !== 0 || !options.reload || options.json || daemonPid === undefined) return exitStatus
  const pid = await daemonPid(wanted.configDir)
  host.warn(pid === undefined ? NOT_UP : `audispctl ${VERB}: audispd runs, pid ${pid}; see: audispctl status\n`)
  return pid === undefined ? EXIT_STATUS.failed : 0
}

function noAuditd(file: string): CtlError {
  const mend = 'install auditd first, or name its configuration: --auditd-conf FILE'
  return new CtlError('config', [{ file, message: 'no auditd here: there is no such file', mend }])
}

async function readWanted(
  values: WantedValues,
  { root }: ChangeOptions,
  host: Host,
  launcher: string,
): Promise<Wanted> {
  const { program, format } = values
  if (program === undefined && root !== '/') throw usage(VERB, '--root needs --program, the path as auditd will see it')
  if (format !== undefined && format !== 'string' && format !== 'binary') {
    throw usage(VERB, `--format is string or binary, not '${format}'`)
  }
  const configDir = values['config-dir']?.replace(/(?<=.)\/+$/, '')
  return {
    program: program ?? (await stableName(host.files, launcher)),
    configDir: configDir === OWN_CONFIG_DIR ? undefined : configDir,
    format,
    node: program === undefined ? host.node : undefined,
  }
}
