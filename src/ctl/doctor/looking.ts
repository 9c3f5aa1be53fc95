// Looking at files without a chance to hang or to be filled up: what is no regular file, or too large, is not read.
import { readConf, type ConfText } from '../auditd-conf.js'
import { bytesToText } from '../byte-text.js'
import type { FilePort } from '../host.js'
import type { Ran, World } from './world.js'

const MAX_FILE_BYTES = 4 * 1024 * 1024

/** The text of a file, each byte as one character; undefined where there is none that can be read. */
export async function textOf(
  files: Pick<FilePort, 'stat' | 'readFile'>,
  path: string,
  maxBytes = MAX_FILE_BYTES,
): Promise<string | undefined> {
  try {
    const found = await files.stat(path)
    return found.isFile() && found.size <= maxBytes ? bytesToText(await files.readFile(path)) : undefined
  } catch {
    // ENOENT, EACCES: either way it tells nothing.
    return undefined
  }
}

/** An auditd.conf, or what is written like one. */
export async function confOf(files: FilePort, path: string, maxLineBytes: number): Promise<ConfText | undefined> {
  const text = await textOf(files, path)
  return text === undefined ? undefined : readConf(text, maxLineBytes)
}

/** The names in a directory, sorted; none where it cannot be read. */
export async function namesIn(files: FilePort, dir: string): Promise<string[]> {
  try {
    return (await files.readdir(dir)).sort()
  } catch {
    // ENOENT, EACCES, ENOTDIR: nothing to be seen there.
    return []
  }
}

export async function isThere(files: FilePort, path: string): Promise<boolean> {
  try {
    await files.lstat(path)
    return true
  } catch {
    // ENOENT, or a directory on the way that may not be looked into.
    return false
  }
}

/** Runs the first of these programs that is there. */
export async function runFirst(
  world: Pick<World, 'run'>,
  programs: readonly string[],
  args: readonly string[],
): Promise<Ran> {
  for (const program of programs) {
    const ran = await world.run(program, args)
    if (ran.kind !== 'absent') return ran
  }
  return { kind: 'absent' }
}
