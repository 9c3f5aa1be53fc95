import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DROP_IN_NAME } from './auditd-drop-in.js'
import { findPluginDir, readAuditdConf } from './auditd-place.js'
import { carryOut, type ChangePlan } from './change-plan.js'
import type { Host } from './host.js'
import { NOTHING, removeDispatcherLine, removeDropIn } from './own-changes.js'
import { CHANGE_OPTIONS, changeOptions, orUsage, type ChangeOptions } from './verb-options.js'

const VERB = 'uninstall'

const HELP = `usage: audispctl uninstall [option ...]

Takes out what audispctl install wrote, and nothing else: shows what it would change, asks, and changes it.

  --auditd-conf FILE  auditd's configuration (default /etc/audit/auditd.conf)
  --root DIR          work on the system under DIR
  --reload            then tell the running auditd (SIGHUP)
  -y, --yes           do not ask
  --force             also remove what was edited by hand since
  --dry-run           only show the changes; exit status 1 if there are any
  --json              one JSON object instead of text; needs --yes or --dry-run

See audispctl(8).
`

/** Takes out what install wrote. It works without the version of auditd, which may be gone or another one by now. */
export async function uninstall(args: readonly string[], host: Host): Promise<number> {
  const values = orUsage(VERB, () => parseArgs({ args: [...args], options: CHANGE_OPTIONS, strict: true }).values)
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const options = changeOptions(VERB, values)
  return carryOut(await planUninstall(options, host), options, host)
}

async function planUninstall({ auditdConf, root }: ChangeOptions, host: Host): Promise<ChangePlan> {
  const conf = await readAuditdConf(host.files, auditdConf, root, Infinity)
  const pluginDir = await findPluginDir(host.files, conf, root)
  const dropIn = await removeDropIn(host.files, join(pluginDir.path, DROP_IN_NAME))
  const line = conf === undefined ? NOTHING : removeDispatcherLine(conf)
  return {
    auditd: { conf: conf?.path ?? join(root, auditdConf), pluginDir: pluginDir.path },
    changes: [...dropIn.changes, ...line.changes],
    handMade: [...dropIn.handMade, ...line.handMade],
    notes: [],
  }
}
