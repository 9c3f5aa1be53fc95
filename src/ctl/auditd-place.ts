import { join, resolve } from 'node:path'
import { lastLine, readConf, type ConfText } from './auditd-conf.js'
import { parseVersion, type AuditdVersion } from './auditd-version.js'
import { outOfText } from './byte-text.js'
import { CtlError, systemCode, systemReason, type Problem } from './ctl-error.js'
import { readState, type FileState } from './file-change.js'
import type { FilePort, Host } from './host.js'
import { resolveInside } from './rooted-path.js'

const DEFAULT_PLUGIN_DIR = '/etc/audit/plugins.d'
/** auditd itself prints no version, but the tools of the same release do; auditctl does so for root alone. */
const VERSION_TOOLS = ['auditctl', 'ausearch', 'aureport']
const TOOL_DIRS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin']
const GIVE_VERSION = 'give it: --auditd-version 3.0.9 (your package manager knows it)'

export interface FoundVersion {
  readonly version: AuditdVersion
  /** The option or the program that told. */
  readonly source: string
}

/** An auditd.conf as found, its symbolic links followed. */
export interface AuditdConf {
  readonly path: string
  readonly state: FileState
  readonly conf: ConfText
}

export interface PluginDir {
  readonly path: string
  /** The line of auditd.conf that names it; undefined where auditd takes its default. */
  readonly line: number | undefined
}

/** The version from the option, else from the tools that come with auditd. It is never guessed. */
export async function findVersion(
  host: Pick<Host, 'run'>,
  given: string | undefined,
  root: string,
): Promise<FoundVersion> {
  if (given !== undefined) return { version: knownVersion(given, '--auditd-version'), source: '--auditd-version' }
  if (root !== '/') {
    const message = `the version of the auditd under ${root} cannot be found: nothing from there is run`
    throw new CtlError('config', [{ message, mend: GIVE_VERSION }])
  }
  for (const tool of VERSION_TOOLS) {
    for (const dir of TOOL_DIRS) {
      const path = `${dir}/${tool}`
      const printed = await host.run(path, ['-v'])
      const text = /\bversion (\S+)/.exec(printed ?? '')?.[1]
      if (text !== undefined) return { version: knownVersion(text, path), source: `${path} -v` }
    }
  }
  const message = `the version of auditd cannot be found: no ${VERSION_TOOLS.join(', ')} in ${TOOL_DIRS.join(', ')} tells it`
  throw new CtlError('config', [{ message, mend: GIVE_VERSION }])
}

function knownVersion(text: string, source: string): AuditdVersion {
  const version = parseVersion(text)
  if (version === undefined) {
    throw new CtlError('usage', [{ message: `${source}: '${text}' is no version of auditd`, mend: GIVE_VERSION }])
  }
  if (version.parts[0] < 2) {
    const mend = 'audispd works with auditd 2.0 and later'
    throw new CtlError('config', [{ message: `${source}: auditd ${text} is too old`, mend }])
  }
  return version
}

/** Undefined where there is no such file. */
export async function readAuditdConf(
  files: FilePort,
  path: string,
  root: string,
  maxLineBytes: number,
): Promise<AuditdConf | undefined> {
  const real = await realPath(files, root, path)
  const state = await readState(files, real)
  return state && { path: real, state, conf: readConf(state.text, maxLineBytes) }
}

/** A line that auditd stumbles over can hide where its plugins are; the other keys are none of our business. */
export function stumblingBlocks({ path, conf }: AuditdConf): Problem[] {
  return conf.faults
    .filter(({ key }) => /^(plugin_dir|dispatcher)\b/.test(key))
    .map(({ line, message }) => ({ file: path, line, message, mend: 'mend that line first' }))
}

/** auditd's plugin directory, its symbolic links followed. */
export async function findPluginDir(files: FilePort, found: AuditdConf | undefined, root: string): Promise<PluginDir> {
  const named = found && lastLine(found.conf, 'plugin_dir')
  const path = named === undefined ? DEFAULT_PLUGIN_DIR : resolve('/', outOfText(named.value))
  return { path: await realPath(files, root, path), line: named?.line }
}

/** Follows links inside the root; what does not exist keeps the path it was asked for by. */
async function realPath(files: FilePort, root: string, path: string): Promise<string> {
  try {
    return join(root, await resolveInside(files, root, path))
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return join(root, path)
    const mend = 'run audispctl as root, or name the right file'
    throw new CtlError('system', [{ file: path, message: `cannot be reached: ${systemReason(error)}`, mend }], {
      cause: error,
    })
  }
}
