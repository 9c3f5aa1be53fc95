import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isAlive } from '../remote/alive.js'
import { remoteDirs } from '../remote/remote-dirs.js'
import { readStatus, STATUS_NAME, type ProgramStatus } from '../remote/status.js'
import { statusText } from '../remote/status-text.js'
import { asciiJson } from '../show/ascii-json.js'
import { CtlError, systemCode, systemReason } from './ctl-error.js'
import type { Host } from './host.js'
import { judgeStatus, statusAsText, type Judged } from './remote-status-text.js'
import { orUsage } from './verb-options.js'

const VERB = 'remote status'
const EXIT_DEGRADED = 1
const EXIT_NOT_RUNNING = 3

const HELP = `usage: audispctl remote status [--json] [DIR ...]

Shows what remote-send and remote-recv have written down last: of each stream how far it has come,
how long it lags behind, what is missing, and when its certificate ends.

  DIR      a spool_dir or journal_dir, or the ${STATUS_NAME} in it
           (default: those that the configuration names)
  --json   one JSON object

Exit status: 0 all well, ${EXIT_DEGRADED} something is wrong, ${EXIT_NOT_RUNNING} not running.
See audispctl(8).
`

export const REMOTE_STATUS_OPTIONS = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Shows the state of the remote pair on this machine. */
export async function remoteStatus(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: REMOTE_STATUS_OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const found = positionals.length > 0 ? await Promise.all(positionals.map(readGiven)) : await readDefaults()
  const nowMs = Date.now()
  const judged = await Promise.all(found.map(async (status) => judgeStatus(status, await isAlive(status), nowMs)))
  const exitStatus = exitStatusOf(judged)
  if (values.json) host.out(`${asciiJson({ verb: VERB, programs: judged, exitStatus }, 2)}\n`)
  else host.out(judged.map((one) => statusAsText(one, nowMs)).join('\n'))
  return exitStatus
}

async function readDefaults(): Promise<ProgramStatus[]> {
  const found: ProgramStatus[] = []
  const dirs = await remoteDirs()
  for (const dir of dirs) {
    try {
      found.push(await readOne(join(dir, STATUS_NAME)))
    } catch (error) {
      // One machine need not have both.
      if (systemCode(error) !== 'ENOENT') throw unreadable(dir, error)
    }
  }
  if (found.length > 0) return found
  const message = `there is no ${STATUS_NAME} in ${dirs.join(' or ')}`
  throw new CtlError('system', [{ message, mend: 'give the spool_dir or journal_dir, if it is another one' }])
}

async function readGiven(path: string): Promise<ProgramStatus> {
  const file = basename(path) === STATUS_NAME ? resolve(path) : join(resolve(path), STATUS_NAME)
  try {
    return await readOne(file)
  } catch (error) {
    throw unreadable(file, error)
  }
}

async function readOne(file: string): Promise<ProgramStatus> {
  const status = readStatus(await statusText(file))
  if (status !== undefined) return { ...status, dir: dirname(file) }
  const message = `${file} is no status that this version of audispctl knows`
  throw new CtlError('config', [{ message, mend: 'use the audispctl that came with the program' }])
}

function unreadable(path: string, error: unknown): Error {
  if (error instanceof CtlError || systemCode(error) === undefined)
    return error instanceof Error ? error : new Error(String(error))
  const mend = 'is that a spool_dir or journal_dir, and are you root?'
  return new CtlError('system', [{ message: `${path}: ${systemReason(error)}`, mend }], { cause: error })
}

function exitStatusOf(judged: readonly Judged[]): number {
  if (judged.some(({ isRunning }) => !isRunning)) return EXIT_NOT_RUNNING
  return judged.some(({ faults }) => faults.length > 0) ? EXIT_DEGRADED : 0
}
