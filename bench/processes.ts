import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 5
const PATIENCE_MS = 10_000

/** Looks again and again; rejects with `otherwise` when it has not come true for long. */
export async function waitUntil(isSo: () => boolean, otherwise: string): Promise<void> {
  const limit = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > limit) throw new Error(otherwise)
    await sleep(LOOK_MS)
  }
}

/** What a process has open, by path. */
export function openFiles(pid: number): string[] {
  const dir = `/proc/${pid}/fd`
  return list(dir).flatMap((fd) => {
    try {
      return [readlinkSync(join(dir, fd))]
    } catch {
      // ENOENT: closed meanwhile.
      return []
    }
  })
}

/** The command lines of the children of a process. */
export function childCommands(pid: number): string[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map((name) => read(`/proc/${name}/cmdline`).replaceAll('\0', ' '))
}

function parentOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    // ENOENT: the process has gone.
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // ENOENT, ESRCH: the process has gone.
    return ''
  }
}
