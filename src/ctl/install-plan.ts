import { join } from 'node:path'
import { checkProgram, nodeNotes } from './audispd-program.js'
import { DROP_IN_NAME, dropInText } from './auditd-drop-in.js'
import { stumblingBlocks, type AuditdConf, type FoundVersion, type PluginDir } from './auditd-place.js'
import type { AuditdRules } from './auditd-version.js'
import { intoText } from './byte-text.js'
import type { ChangePlan } from './change-plan.js'
import { CtlError, systemReason, type Problem } from './ctl-error.js'
import type { FilePort, Host } from './host.js'
import { installNotes } from './install-notes.js'
import { removeDispatcherLine, writeDispatcherLine, writeDropIn, type OwnChanges, type Owner } from './own-changes.js'
import type { ChangeOptions } from './verb-options.js'
import { argsFor, lineProblems, wordProblems, type Wanted } from './wording.js'

/** The auditd that is to start audispd. */
export interface Auditd extends FoundVersion {
  readonly rules: AuditdRules
  readonly conf: AuditdConf
  readonly pluginDir: PluginDir
}

/** What install would change. Everything in its way is looked for first and told at once. */
export async function planInstall(
  wanted: Wanted,
  auditd: Auditd,
  { root }: ChangeOptions,
  host: Host,
): Promise<ChangePlan> {
  const { version, rules, conf, pluginDir } = auditd
  // Under --root without being root, a system image is put together: there our own uid stands for root.
  const owner = root === '/' || host.uid === 0 ? { uid: 0, gid: 0 } : { uid: host.uid, gid: host.gid }
  const program = await checkProgram(host.files, wanted.program, rules, { root, owner: owner.uid })
  const problems = [
    ...stumblingBlocks(conf),
    ...program.problems,
    ...wordProblems(wanted, rules, version),
    ...lineProblems(textFor(wanted, rules), rules, version),
    ...(rules.place === 'plugin-dir' ? await directoryProblems(host.files, conf, pluginDir) : []),
  ]
  if (problems.length > 0) throw new CtlError('config', problems)

  const own = await ownChanges(wanted, auditd, owner, host.files)
  return {
    ...own,
    auditd: { version: version.text, versionFrom: auditd.source, conf: conf.path, pluginDir: pluginDir.path },
    notes: [
      ...program.notes,
      ...(await ownNodeNotes(wanted, host.files)),
      ...(await installNotes(wanted, auditd, own.changes, root, host.files)),
    ],
  }
}

async function ownNodeNotes({ node }: Wanted, files: FilePort): Promise<string[]> {
  return node === undefined ? [] : nodeNotes(files, node)
}

/** The very lines that auditd will read. */
function textFor(wanted: Wanted, rules: AuditdRules): string {
  if (rules.place === 'dispatcher-line') return `dispatcher = ${intoText(wanted.program)}`
  return dropInText(dropInWords(wanted, rules))
}

function dropInWords(wanted: Wanted, rules: AuditdRules) {
  return { program: wanted.program, args: argsFor(wanted, rules), format: wanted.format ?? 'string' } as const
}

async function directoryProblems(files: FilePort, conf: AuditdConf, { path, line }: PluginDir): Promise<Problem[]> {
  const where = line === undefined ? { file: conf.path } : { file: conf.path, line }
  try {
    if ((await files.stat(path)).isDirectory()) return []
    return [{ ...where, message: `auditd's plugin_dir ${path} is no directory`, mend: 'mend plugin_dir' }]
  } catch (error) {
    const message = `auditd's plugin_dir ${path} cannot be used: ${systemReason(error)}`
    return [{ ...where, message, mend: `mend plugin_dir, or make it: install -d -m 0750 ${path}` }]
  }
}

async function ownChanges(wanted: Wanted, auditd: Auditd, owner: Owner, files: FilePort): Promise<OwnChanges> {
  const { rules, conf, pluginDir } = auditd
  if (rules.place === 'dispatcher-line') return writeDispatcherLine(conf, wanted.program, rules.maxLineBytes)
  const written = await writeDropIn(files, join(pluginDir.path, DROP_IN_NAME), dropInWords(wanted, rules), owner)
  // A system upgraded from auditd 2.x still has the line of that time, and auditd warns of it at every start.
  const removed = removeDispatcherLine(conf)
  return {
    changes: [...written.changes, ...removed.changes],
    handMade: [...written.handMade, ...removed.handMade],
  }
}
