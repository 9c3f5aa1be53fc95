import { join } from 'node:path'
import { lastLine, readConf } from './auditd-conf.js'
import { outOfText } from './byte-text.js'
import { CtlError } from './ctl-error.js'
import { readState } from './file-change.js'
import type { FilePort } from './host.js'

const MAX_LINE_BYTES = 510

/** A drop-in that auditd, or the audispd of audit 2.x, starts a plugin from. */
export interface ActivePlugin {
  readonly file: string
  readonly program: string
}

/** The active plugins of a directory in auditd's sense, in the order of their names. */
export async function activePlugins(files: FilePort, dir: string): Promise<ActivePlugin[]> {
  const plugins: ActivePlugin[] = []
  for (const file of await namesIn(files, dir)) {
    const conf = readConf(await textOf(files, join(dir, file)), MAX_LINE_BYTES)
    const program = lastLine(conf, 'path')
    const isActive = lastLine(conf, 'active')?.value.toLowerCase() === 'yes'
    if (isActive && program !== undefined) plugins.push({ file, program: outOfText(program.value) })
  }
  return plugins
}

async function textOf(files: FilePort, path: string): Promise<string> {
  try {
    return (await readState(files, path))?.text ?? ''
  } catch (error) {
    if (!(error instanceof CtlError)) throw error
    // A directory, or not ours to read: auditd starts nothing from it, or we cannot tell what.
    return ''
  }
}

/** auditd passes over hidden names and names with more than one dot. */
async function namesIn(files: FilePort, dir: string): Promise<string[]> {
  try {
    const names = await files.readdir(dir)
    return names.filter((name) => /^[^.]+(\.conf)?$/.test(name)).sort()
  } catch {
    // ENOENT: no directory, no plugins.
    return []
  }
}
