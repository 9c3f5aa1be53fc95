// The two things that install writes and uninstall takes away again: our drop-in in auditd's plugin directory, and our
// block in an auditd 2.x auditd.conf. A system that was upgraded from 2.x can have both.
import { DROP_IN_MODE, dropInText, isUntouched, type DropInWords } from './auditd-drop-in.js'
import type { AuditdConf } from './auditd-place.js'
import type { ChangePlan } from './change-plan.js'
import { CtlError } from './ctl-error.js'
import { putDispatcher, takeDispatcher } from './dispatcher-line.js'
import { readState, type FileState } from './file-change.js'
import type { FilePort } from './host.js'

const OTHERS_WRITE = 0o022

export type OwnChanges = Pick<ChangePlan, 'changes' | 'handMade'>

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export const NOTHING: OwnChanges = { changes: [], handMade: [] }

/** Writes our drop-in. Owner and mode of one that is there stay, unless auditd would refuse the file for them. */
export async function writeDropIn(
  files: FilePort,
  path: string,
  words: DropInWords,
  owner: Owner,
): Promise<OwnChanges> {
  const before = await readOwnDropIn(files, path)
  const text = dropInText(words)
  const fresh = { text, mode: DROP_IN_MODE, uid: owner.uid, gid: owner.gid }
  if (before === undefined) return { changes: [{ path, before, after: fresh }], handMade: [] }
  const isAccepted = before.uid === owner.uid && (before.mode & OTHERS_WRITE) === 0
  const after = isAccepted ? { ...before, text } : fresh
  if (before.text === text || isUntouched(before.text)) return { changes: [{ path, before, after }], handMade: [] }
  const message = 'was written or edited by hand; the diff shows what would be lost'
  return {
    changes: [{ path, before, after }],
    handMade: [{ file: path, message, mend: 'keep what you need of it elsewhere, then run again with --force' }],
  }
}

/** Removes our drop-in, and nobody else's. */
export async function removeDropIn(files: FilePort, path: string): Promise<OwnChanges> {
  const before = await readOwnDropIn(files, path)
  if (before === undefined) return NOTHING
  const change = { path, before, after: undefined }
  if (isUntouched(before.text)) return { changes: [change], handMade: [] }
  const message = 'is not, or no longer, what audispctl install wrote; the diff shows what would be lost'
  return {
    changes: [change],
    handMade: [{ file: path, message, mend: 'keep what you need of it elsewhere, then run again with --force' }],
  }
}

async function readOwnDropIn(files: FilePort, path: string): Promise<FileState | undefined> {
  const state = await readState(files, path)
  if (state === undefined && !(await isLink(files, path))) return undefined
  if (state !== undefined && !(await isLink(files, path))) return state
  const mend = 'remove the link first'
  throw new CtlError('config', [{ file: path, message: 'is a symbolic link, which install never makes', mend }])
}

async function isLink(files: FilePort, path: string): Promise<boolean> {
  try {
    return (await files.lstat(path)).isSymbolicLink()
  } catch {
    // ENOENT: no file, no link.
    return false
  }
}

/** Puts our dispatcher line into an auditd 2.x auditd.conf. */
export function writeDispatcherLine({ path, state }: AuditdConf, program: string, maxLineBytes: number): OwnChanges {
  const taken = takeDispatcher(state.text)
  const text = putDispatcher(taken.kind === 'taken' ? taken.text : state.text, program, maxLineBytes)
  if (taken.kind === 'absent' || !taken.edited || text === state.text) {
    return { changes: [{ path, before: state, after: { ...state, text } }], handMade: [] }
  }
  return { changes: [{ path, before: state, after: { ...state, text } }], handMade: [editedBlock(path, taken.line)] }
}

/** Gives an auditd.conf back the bytes that it had before our dispatcher line. */
export function removeDispatcherLine({ path, state }: AuditdConf): OwnChanges {
  const taken = takeDispatcher(state.text)
  if (taken.kind === 'absent') return NOTHING
  return {
    changes: [{ path, before: state, after: { ...state, text: taken.text } }],
    handMade: taken.edited ? [editedBlock(path, taken.line)] : [],
  }
}

function editedBlock(file: string, line: number) {
  const message = 'what audispctl install put here was edited by hand; the diff shows what would become of it'
  return { file, line, message, mend: 'mend it by hand, or run again with --force' }
}
