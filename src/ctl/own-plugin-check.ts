import { execFile } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { DropInReport } from '../dispatcher/drop-in-dir.js'

const OWN_PROGRAMS = resolve(import.meta.dirname, '../../bin')
/** The one of ours that has nothing to check but its arguments, and no option for that. */
const WITHOUT_CHECK = 'audispd-print'
const TIMEOUT_MS = 20_000
const MAX_BYTES = 256 * 1024
const NO_STATUS = -1

/** What a plugin of ours says of its own configuration. */
export interface OwnPluginCheck {
  readonly plugin: string
  readonly command: readonly string[]
  readonly ok: boolean
  readonly lines: readonly string[]
}

export type RunCheck = (
  program: string,
  args: readonly string[],
) => Promise<{ readonly status: number; readonly output: string }>

/** Asks each plugin of ours that is active, one after the other. Programs of others are not run: nobody knows what they would do. */
export async function checkOwnPlugins(
  reports: readonly DropInReport[],
  run: RunCheck = runCheck,
  ownDir = OWN_PROGRAMS,
): Promise<OwnPluginCheck[]> {
  const checks: OwnPluginCheck[] = []
  for (const report of reports) {
    if (report.kind !== 'active') continue
    const { path, args } = report.dropIn
    if (!isOwn(path, ownDir) || basename(path) === WITHOUT_CHECK) continue
    const words = ['--check', ...configurationOf(path, args)]
    const { status, output } = await run(path, words)
    const lines = output.split('\n').filter((line) => line !== '')
    checks.push({ plugin: report.name, command: [path, ...words], ok: status === 0, lines })
  }
  return checks
}

/** Of the words of audisp-filter, the file of rules alone can be checked: the mode before and the program behind are no files of ours. */
export function configurationOf(path: string, args: readonly string[]): readonly string[] {
  const [mode = '', rules = ''] = args
  return basename(path) === 'audispd-filter' && /^(?:allow|block)list$/.test(mode) ? [rules] : args
}

function isOwn(path: string, ownDir: string): boolean {
  try {
    return dirname(realpathSync(path)) === realpathSync(ownDir)
  } catch {
    // ENOENT: the drop-in's own check says so.
    return false
  }
}

function runCheck(program: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  const options = { env: {}, cwd: '/', timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES, encoding: 'utf8' } as const
  return new Promise((done) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return done({ status: 0, output: stdout + stderr })
      const status = typeof error.code === 'number' ? error.code : NO_STATUS
      const why =
        status === NO_STATUS ? `${error.killed === true ? `no answer in ${TIMEOUT_MS / 1000} s` : error.message}\n` : ''
      done({ status, output: stdout + stderr + why })
    })
  })
}
