// Which records tell that a program of ours was denied something, or has crashed. Names are no proof: any user may call a program
// audispd, and let it crash. What the kernel says of the file that ran, of its user, and of its domain nobody can choose.
import { basename, dirname } from 'node:path'

const DENIED =
  /^(?:(?:node=\S+ )?type=(?:AVC|APPARMOR_DENIED|SECCOMP|ANOM_ABEND) msg=|(?:\[[^\]]*\] ?)*audit: type=(?:1400|1326|1701) )audit\(/
const SYSCALL = /^(?:(?:node=\S+ )?type=SYSCALL msg=|(?:\[[^\]]*\] ?)*audit: type=1300 )audit\(/
/** Contexts and profiles in which auditd's children run. */
const OUR_DOMAIN = /\b(?:scontext=\S*:(?:auditd|audisp\w*)_t\b|profile="[^"]*audi(?:t|sp))/
const NODE_NAMES = new Set(['node', 'MainThread'])
const UNSET = new Set(['4294967295', '-1'])

/** What is ours. */
export interface Ours {
  /** The daemon and its plugins. */
  readonly pids: ReadonlySet<number>
  /** The launcher of audispd: those of its plugins lie beside it. */
  readonly launcher: string
  /** The programs of other plugins. */
  readonly programs: ReadonlySet<string>
  /** What runs programs of ours, and of others. */
  readonly node: string
}

/** Those of these lines that tell of a denial or a crash of what is ours. */
export function deniedRecords(lines: readonly string[], ours: Ours): string[] {
  const denied = lines.filter((line) => DENIED.test(line))
  // An AVC does not say itself which file ran, nor for whom: that stands in its event.
  const events = new Set(denied.map(eventOf))
  const calls = new Map(
    lines.filter((line) => SYSCALL.test(line) && events.has(eventOf(line))).map((line) => [eventOf(line), line]),
  )
  return denied.filter((line) => isOurs(line, calls.get(eventOf(line)) ?? '', ours))
}

function isOurs(line: string, call: string, { pids, launcher, programs, node }: Ours): boolean {
  if (pids.has(Number(/\bpid=(\d+)/.exec(line)?.[1]))) return true
  if (isOfALogin(line) || isOfALogin(call)) return false
  const comm = quotedIn(line, 'comm') ?? ''
  const exe = quotedIn(line, 'exe') ?? quotedIn(call, 'exe')
  const hasOurName = comm.startsWith('audispd')
  if (OUR_DOMAIN.test(line) && (hasOurName || NODE_NAMES.has(comm))) return true
  if (exe === undefined) return false
  if (exe === node) return hasOurName
  return programs.has(exe) || (dirname(exe) === dirname(launcher) && basename(exe).startsWith('audispd'))
}

/** A user's who has logged in; root may be called by his own name there. */
function isOfALogin(line: string): boolean {
  const auid = /\bauid=(-?\d+)/.exec(line)?.[1]
  const uid = /\buid=(\d+)/.exec(line)?.[1]
  return auid !== undefined && !UNSET.has(auid) && uid !== '0'
}

function quotedIn(line: string, key: 'comm' | 'exe'): string | undefined {
  return new RegExp(`\\b${key}="([^"]*)"`).exec(line)?.[1]
}

function eventOf(line: string): string {
  return /\baudit\([\d.:]+\)/.exec(line)?.[0] ?? ''
}
