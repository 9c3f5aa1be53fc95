import { basename, join } from 'node:path'
import { activePlugins } from './active-plugins.js'
import { lastLine } from './auditd-conf.js'
import { DROP_IN_NAME } from './auditd-drop-in.js'
import { isAtLeast } from './auditd-version.js'
import type { FileChange } from './file-change.js'
import type { FilePort } from './host.js'
import type { Auditd } from './install-plan.js'
import type { Wanted } from './wording.js'

/** Where the audispd of audit 2.x, whose place we take, has its plugins. */
const OLD_PLUGIN_DIR = '/etc/audisp/plugins.d'
const MOVE = "copy a plugin's drop-in to /etc/audispd/audispd.d to run it under audispd"

/** What the admin should know or do beside it; none of it is done for them. */
export async function installNotes(
  wanted: Wanted,
  auditd: Auditd,
  changes: readonly FileChange[],
  root: string,
  files: FilePort,
): Promise<string[]> {
  const notes = [...(await configDirNotes(wanted, root, files)), ...reloadNotes(auditd, changes)]
  if (auditd.rules.place === 'dispatcher-line') return [...notes, ...(await dispatcherNotes(auditd, root, files))]
  return [...notes, ...formatNotes(wanted, auditd), ...(await neighbourNotes(wanted, auditd, files))]
}

async function configDirNotes({ configDir }: Wanted, root: string, files: FilePort): Promise<string[]> {
  if (configDir === undefined) return []
  try {
    const names = await files.readdir(join(root, configDir))
    if (names.includes('audispd.conf') || names.includes('audispd.d')) return []
  } catch {
    // ENOENT: says as much as a directory that holds neither.
  }
  return [`${configDir} holds neither audispd.conf nor audispd.d: audispd would fall back to /etc/audispd`]
}

function reloadNotes({ version, rules, conf }: Auditd, changes: readonly FileChange[]): string[] {
  const notes: string[] = []
  const ours = changes.find(({ path }) => basename(path) === DROP_IN_NAME)
  const isUpdate = ours?.before !== undefined && ours.before.text !== ours.after?.text
  if (isUpdate && !rules.reloadAppliesChanges) {
    notes.push(`auditd ${version.text} does not apply new keys to a plugin that runs: service auditd restart`)
  }
  if (lastLine(conf.conf, 'local_events')?.value.toLowerCase() === 'no') {
    notes.push(`auditd heeds no reload while local_events = no: service auditd restart`)
  }
  return notes
}

function formatNotes({ format }: Wanted, { version, conf }: Auditd): string[] {
  const notes: string[] = []
  if (format === 'binary' && !isAtLeast(version, 4, 1, 1)) {
    notes.push(
      `auditd ${version.text} pads each binary record to 8986 bytes, so that the kernel's socket holds 21 of them ` +
        'where it holds some 200 as strings: --format string loses less',
    )
  }
  const isRaw = lastLine(conf.conf, 'log_format')?.value.toLowerCase() === 'raw'
  const isNamed = !['none', undefined].includes(lastLine(conf.conf, 'name_format')?.value.toLowerCase())
  if (isAtLeast(version, 4, 2) && !isAtLeast(version, 4, 2, 2) && isRaw && !isNamed) {
    notes.push(
      `auditd ${version.text} cuts 16 bytes off each record for plugins: set log_format = ENRICHED in ${conf.path}`,
    )
  }
  return notes
}

async function neighbourNotes(wanted: Wanted, { pluginDir }: Auditd, files: FilePort): Promise<string[]> {
  const others = (await activePlugins(files, pluginDir.path)).filter(({ file }) => file !== DROP_IN_NAME)
  const twins = others.filter(({ program }) => program === wanted.program)
  const notes = twins.map(({ file }) => `${join(pluginDir.path, file)} starts audispd as well: set active = no there`)
  const rest = others.filter((other) => !twins.includes(other)).map(({ file }) => file)
  if (rest.length === 0) return notes
  const beside = `auditd goes on running ${rest.join(', ')} from ${pluginDir.path} beside audispd`
  return [...notes, `${beside}; ${MOVE}, and set active = no there`]
}

async function dispatcherNotes({ conf }: Auditd, root: string, files: FilePort): Promise<string[]> {
  const qos = lastLine(conf.conf, 'disp_qos')
  const notes =
    qos?.value.toLowerCase() === 'lossless'
      ? [
          `${conf.path}:${qos.line}: disp_qos = lossless lets auditd, and then the system, wait for audispd ` +
            'when it is slow; lossy would not',
        ]
      : ['disp_qos stays lossy: auditd drops records rather than wait for audispd']
  const orphans = (await activePlugins(files, join(root, OLD_PLUGIN_DIR))).map(({ file }) => file)
  if (orphans.length === 0) return notes
  return [...notes, `nobody starts ${orphans.join(', ')} from ${OLD_PLUGIN_DIR} any more; ${MOVE}`]
}
