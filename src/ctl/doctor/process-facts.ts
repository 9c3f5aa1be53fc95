import type { FilePort } from '../host.js'
import { namesIn } from './looking.js'

/** More than this are not looked at; the oldest come first. */
const MAX_PROCESSES = 50_000
const AT_A_TIME = 64
const INTERESTING = /^(?:auditd|audispd(?: .*)?)$/

/** A process that is auditd or audispd by its name. */
export interface FoundProcess {
  readonly pid: number
  readonly parent: number
  readonly name: 'auditd' | 'audispd'
  readonly args: readonly string[]
}

/** Every auditd and audispd that runs. */
export async function findProcesses(files: FilePort): Promise<FoundProcess[]> {
  const pids = (await namesIn(files, '/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .slice(0, MAX_PROCESSES)
  const found: FoundProcess[] = []
  for (let at = 0; at < pids.length; at += AT_A_TIME) {
    const some = await Promise.all(pids.slice(at, at + AT_A_TIME).map((pid) => lookAt(files, pid)))
    found.push(...some.filter((process) => process !== undefined))
  }
  return found
}

async function lookAt(files: FilePort, pid: number): Promise<FoundProcess | undefined> {
  try {
    const stat = (await files.readFile(`/proc/${pid}/stat`)).toString()
    const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (!INTERESTING.test(comm) || state === 'Z' || state === 'X') return undefined
    const line = (await files.readFile(`/proc/${pid}/cmdline`)).toString()
    return { pid, parent: Number(parent), name: comm === 'auditd' ? 'auditd' : 'audispd', args: argsOf(line) }
  } catch {
    // ENOENT, ESRCH: it has ended while we looked.
    return undefined
  }
}

/** audispd writes its arguments as a title, between blanks; behind it stands what was there before, as NULs. */
function argsOf(line: string): string[] {
  const words = line.split('\0').filter((word) => word !== '')
  const title = words[0] ?? ''
  const all = title.startsWith('audispd ') ? title.split(' ') : words
  return all.slice(1)
}

/** The directory behind `-c`, where there is one. */
export function configDirIn(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === '-c' || arg === '--config-dir')
  const joined = args.find((arg) => arg.startsWith('--config-dir='))?.slice('--config-dir='.length)
  const dir = at < 0 ? joined : args[at + 1]
  return dir?.replace(/(?<=.)\/+$/, '')
}
