import { basename, dirname, join } from 'node:path'
import type { Problem as ConfigProblem } from '../config.js'
import { REAL_DISK, type Disk } from '../config/disk.js'
import { didYouMean } from '../config/did-you-mean.js'
import { trustAt, withPluginDir, type ConfigPlace } from '../dispatcher/config-place.js'
import { readDropIns } from '../dispatcher/drop-in-dir.js'
import { loadDropIn } from '../dispatcher/drop-in-file.js'
import type { Settings } from '../dispatcher/settings.js'
import { withActive } from './active-key.js'
import { textToBytes } from './byte-text.js'
import { CtlError, systemReason } from './ctl-error.js'
import { fileFailure, readState, type FileChange, type FileState } from './file-change.js'
import type { FilePort } from './host.js'
import { resolveInside } from './rooted-path.js'

/** What enable or disable has to do to the files. */
export interface SwitchPlan {
  readonly change: FileChange
  /** The drop-in that the package brought, when it is one that is copied. */
  readonly copyOf: string | undefined
}

/**
 * Finds the drop-in that counts, and what it is to become. The file of a package stays as it is: a copy in the directory of the
 * admin takes its place. What would not be valid is refused before anything is written; what is only taken out of service need
 * not be valid.
 */
export async function planSwitch(
  name: string,
  isActive: boolean,
  { place, settings }: { readonly place: ConfigPlace; readonly settings: Settings },
  files: FilePort,
): Promise<SwitchPlan> {
  const found = findDropIn(name, place, settings)
  const file = await realPath(files, found)
  const before = await readState(files, file)
  if (before === undefined) throw cannotRead(found, 'it is gone', 'see what is there: audispctl check')
  const target = ownPlaceOf(found, place)
  const own = target === found ? file : target
  const after = { ...before, text: withActive(before.text, isActive) }
  if (isActive) refuseMistakes(name, own, after, { place, settings })
  const isSame = after.text === before.text
  if (own === file || isSame) return { change: { path: file, before, after }, copyOf: undefined }
  return { change: { path: own, before: await readState(files, own), after }, copyOf: file }
}

/** Of the files of that name the one that masks the others. */
function findDropIn(name: string, place: ConfigPlace, settings: Settings): string {
  const reports = readDropIns(place, settings)
  const found = reports.find(
    (report) => report.name === name && report.kind !== 'masked' && report.kind !== 'directory',
  )
  if (found !== undefined) return found.file
  const unreadable = reports.find(({ kind, problems }) => kind === 'directory' && problems.some(isError))
  if (unreadable !== undefined)
    throw cannotRead(unreadable.file, unreadable.problems[0]?.text ?? '', 'run the same command as root')
  const names = reports.filter(({ kind }) => kind !== 'ignored' && kind !== 'directory').map((report) => report.name)
  const dirs = withPluginDir(place, settings).dropInDirs
  const message = `there is no drop-in '${name}' in ${dirs.join(' or ')}${didYouMean(name, names)}`
  throw new CtlError('usage', [{ message, mend: 'audispctl check shows those that there are' }])
}

/** Where the admin's file belongs: beside the package's directory, with the same name. */
function ownPlaceOf(file: string, { explicit, dropInDirs }: ConfigPlace): string {
  const [vendorDir, ownDir] = dropInDirs
  return !explicit && dirname(file) === vendorDir && ownDir !== undefined ? join(ownDir, basename(file)) : file
}

/** The file itself is changed, not a link to it. */
async function realPath(files: FilePort, path: string): Promise<string> {
  try {
    return await resolveInside(files, '/', path)
  } catch (error) {
    const mend = 'if it is a symbolic link, mend what it points at, or remove it'
    throw fileFailure(path, `cannot be read: ${systemReason(error)}`, mend, error)
  }
}

function refuseMistakes(
  name: string,
  file: string,
  after: FileState,
  { place, settings }: { readonly place: ConfigPlace; readonly settings: Settings },
): void {
  const disk = diskWith(file, after)
  const source = { name, file, settings, relativePaths: place.explicit }
  const mistakes = loadDropIn(source, trustAt(place, disk), disk).problems.filter(isError)
  if (mistakes.length === 0) return
  const mend = `mend that, and run the same command again; nothing was changed`
  throw new CtlError(
    'config',
    mistakes.map(({ line, key, text }) => ({
      file,
      ...(line > 0 ? { line } : {}),
      message: key === '' ? text : `${key}: ${text}`,
      mend,
    })),
  )
}

/** The disk as it is going to be. */
function diskWith(file: string, { text, uid, gid, mode }: FileState): Disk {
  const facts = { kind: 'file', uid, gid, mode, identity: '' } as const
  return {
    ...REAL_DISK,
    read: (path) => (path === file ? { facts, bytes: textToBytes(text) } : REAL_DISK.read(path)),
  }
}

function isError({ level }: ConfigProblem): boolean {
  return level === 'error'
}

function cannotRead(file: string, why: string, mend: string): CtlError {
  return new CtlError('system', [{ file, message: `cannot be read: ${why}`, mend }])
}
