import { dirname } from 'node:path'
import type { FilePort } from '../host.js'

/** On the machine's own disk, or the machine would not run. */
const LOCAL = /^\/(?:etc|proc|run|sys|usr|var\/run)(?:\/|$)/

/** Whether a directory, or what there is of its path, answers. */
export type Probe = (dir: string) => Promise<boolean>

/**
 * The same files, but nothing is touched of which it is not sure that it answers. A call to a file system whose server is gone never comes
 * back, takes one of Node's few threads with it, and keeps the process from ending, too.
 */
export function guardedFiles(files: FilePort, probe: Probe): FilePort {
  const answers = new Map<string, Promise<boolean>>()
  const pass = async (path: string): Promise<void> => {
    if (LOCAL.test(path)) return
    const dir = dirname(path)
    const known = answers.get(dir) ?? probe(dir)
    answers.set(dir, known)
    if (await known) return
    const message = `ETIMEDOUT: the file system does not answer, '${path}'`
    throw Object.assign(new Error(message), { code: 'ETIMEDOUT' })
  }
  const guarded =
    <T>(call: (path: string) => Promise<T>) =>
    async (path: string): Promise<T> => {
      await pass(path)
      return call(path)
    }
  return {
    ...files,
    lstat: guarded((path) => files.lstat(path)),
    readFile: guarded((path) => files.readFile(path)),
    readdir: guarded((path) => files.readdir(path)),
    readlink: guarded((path) => files.readlink(path)),
    stat: guarded((path) => files.stat(path)),
  }
}
