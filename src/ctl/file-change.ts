import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { bytesToText, intoText, textToBytes } from './byte-text.js'
import { CtlError, systemCode, systemReason } from './ctl-error.js'
import type { FilePort } from './host.js'
import { unifiedDiff } from './unified-diff.js'

const MAX_FILE_BYTES = 1024 * 1024
const PERMISSION_BITS = 0o7777
const AS_ROOT = 'run the same command as root, as by sudo'

/** A file as it stands on disk, its bytes as one character each. */
export interface FileState {
  readonly text: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What is to happen to one file; a side that is undefined means that there is no such file. */
export interface FileChange {
  readonly path: string
  readonly before: FileState | undefined
  readonly after: FileState | undefined
}

/** Reads a regular file; undefined when there is none. */
export async function readState(files: FilePort, path: string): Promise<FileState | undefined> {
  try {
    const found = await files.stat(path)
    if (!found.isFile()) throw new Error('not a regular file')
    if (found.size > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`)
    const text = bytesToText(await files.readFile(path))
    return { text, mode: found.mode & PERMISSION_BITS, uid: found.uid, gid: found.gid }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw fileFailure(path, `cannot be read: ${systemReason(error)}`, 'mend that, or name the right file', error)
  }
}

/** Whether the change changes anything. */
export function changesAnything({ before, after }: FileChange): boolean {
  return before?.text !== after?.text || ownership(before) !== ownership(after)
}

/** The change as a unified diff that `patch` takes; owner and mode stand before it where they change. */
export function diffOf({ path, before, after }: FileChange): string {
  const name = intoText(path)
  const rights =
    after === undefined || ownership(before) === ownership(after)
      ? ''
      : `# ${name}: ${before === undefined ? '' : `${ownership(before)} -> `}${ownership(after)}\n`
  return (
    rights +
    unifiedDiff(
      { name: before === undefined ? '/dev/null' : name, text: before?.text ?? '' },
      { name: after === undefined ? '/dev/null' : name, text: after?.text ?? '' },
    )
  )
}

function ownership(state: FileState | undefined): string {
  return state === undefined ? '' : `owner ${state.uid}:${state.gid}, mode ${state.mode.toString(8).padStart(4, '0')}`
}

/**
 * Makes the change durable, or leaves the old file as it was. The new text goes to a file beside the old one and onto
 * the disk before it takes the old one's name, so that a reader and a power cut find one or the other, whole; then the
 * directory is synced, because the name is safe only there. The file beside has a leading dot: auditd skips such names.
 */
export async function applyChange(files: FilePort, change: FileChange): Promise<void> {
  const { path, before, after } = change
  const now = await readState(files, path)
  if (now?.text !== before?.text) {
    throw new CtlError('config', [
      { file: path, message: 'changed since the diff was shown; left alone', mend: 'run the same command again' },
    ])
  }
  try {
    if (after === undefined) await files.unlink(path)
    else await replaceFile(files, path, after)
  } catch (error) {
    const message = `cannot be ${after === undefined ? 'removed' : 'written'}: ${systemReason(error)}; it is as it was`
    throw fileFailure(path, message, 'mend that and run the same command again', error)
  }
  await syncDirectory(files, dirname(path))
}

/** Who may not is told who may. */
export function fileFailure(file: string, message: string, mend: string, cause: unknown): CtlError {
  const isDenied = ['EACCES', 'EPERM'].includes(systemCode(cause) ?? '')
  return new CtlError(isDenied ? 'denied' : 'system', [{ file, message, mend: isDenied ? AS_ROOT : mend }], { cause })
}

async function replaceFile(files: FilePort, path: string, state: FileState): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  const file = await files.open(beside, 'wx', 0o600)
  try {
    try {
      await file.writeFile(textToBytes(state.text))
      const made = await file.stat()
      if (made.uid !== state.uid || made.gid !== state.gid) await file.chown(state.uid, state.gid)
      await file.chmod(state.mode)
      await file.sync()
    } finally {
      await file.close()
    }
    await files.rename(beside, path)
  } catch (error) {
    await files.unlink(beside).catch(() => {
      // EIO or EROFS: the disk that refused the file may refuse this too; the first error is the one to tell.
    })
    throw error
  }
}

async function syncDirectory(files: FilePort, path: string): Promise<void> {
  try {
    const directory = await files.open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch (error) {
    const message = `is changed, but a power cut may undo it: ${systemReason(error)}`
    throw new CtlError('system', [{ file: path, message, mend: "run 'sync' once the disk is well again" }], {
      cause: error,
    })
  }
}
