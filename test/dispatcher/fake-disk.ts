import { basename, dirname } from 'node:path'
import type { Disk, FileFacts } from '../../src/config/disk.js'

/** A file of a fake disk: its text, and what of its facts is not root's regular file. */
export interface FakeFile extends Partial<FileFacts> {
  readonly text?: string
  /** Why it cannot be read, such as EACCES. */
  readonly fault?: string
}

/** A disk of a few files; a string is the text of one that is root's alone. Directories are what the paths go through. */
export function fakeDisk(files: Readonly<Record<string, string | FakeFile>>, uid = 0): Disk {
  const all = new Map(
    Object.entries(files).map(([path, file]) => [path, typeof file === 'string' ? { text: file } : file]),
  )
  const find = (path: string): FakeFile => {
    const found =
      all.get(path) ?? (isDirectory(path) ? { kind: 'directory' as const, mode: 0o755 } : { fault: 'ENOENT' })
    if (found.fault !== undefined) throw systemError(found.fault)
    return found
  }
  const isDirectory = (path: string) => [...all.keys()].some((file) => file.startsWith(`${path}/`))
  const stat = (path: string): FileFacts => {
    const { text = '', kind = 'file', uid: owner = 0, gid = 0, mode = 0o644, identity = `${path}:${text}` } = find(path)
    return { kind, uid: owner, gid, mode, identity }
  }
  return {
    uid,
    stat,
    read: (path) => ({ facts: stat(path), bytes: Buffer.from(find(path).text ?? '') }),
    list(directory) {
      find(directory)
      return [...all.keys()].filter((path) => dirname(path) === directory).map((path) => basename(path))
    },
  }
}

/** An error as node:fs throws it. */
export function systemError(code: string): Error {
  const errno = { ENOENT: -2, EIO: -5, EACCES: -13, ELOOP: -40, EMFILE: -24 }[code] ?? -1
  return Object.assign(new Error(`${code}: from a fake disk`), { code, errno })
}
