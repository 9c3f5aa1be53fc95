import { constants } from 'node:fs'
import { dirname } from 'node:path'
import { findAuditd, reloadAuditd } from './auditd-process.js'
import { textToBytes } from './byte-text.js'
import { doneWords, reportAsJson, reportLines } from './change-report.js'
import { CtlError, EXIT_STATUS, systemReason, type Problem } from './ctl-error.js'
import { applyChange, changesAnything, diffOf, type FileChange } from './file-change.js'
import type { Host } from './host.js'
import type { ChangeOptions } from './verb-options.js'

/** What a verb found out and wants to do. */
export interface ChangePlan {
  /** Words about the auditd, for --json. */
  readonly auditd: Readonly<Record<string, string>>
  readonly changes: readonly FileChange[]
  /** Work of other hands that would be lost; only --force goes over it. */
  readonly handMade: readonly Problem[]
  readonly notes: readonly string[]
}

/** How far it came. */
export interface ChangeResult {
  readonly kind: 'nothing-to-change' | 'left-alone' | 'applied'
  readonly reloadedPid: number | undefined
  /** What the admin has to do now. */
  readonly nextStep: string | undefined
  readonly problems: readonly Problem[]
  readonly exitStatus: number
}

/** `--dry-run` found changes, or the admin said no: as with diff, there is a difference and nothing went wrong. */
const STATUS_DIFFERS = 1

/** Shows the changes, asks, makes them and reports. Standard output gets the diffs alone, or the JSON alone. */
export async function carryOut(plan: ChangePlan, options: ChangeOptions, host: Host): Promise<number> {
  const changes = plan.changes.filter(changesAnything)
  if (!options.json) {
    for (const change of changes) host.out(textToBytes(diffOf(change)))
    // Before the question: a note can be what makes the admin say no.
    for (const note of plan.notes) host.warn(sayAs(options, `note: ${note}`))
  }
  const result = await decide(plan.handMade, changes, options, host)
  if (options.json) host.out(reportAsJson({ verb: options.verb, ...plan, changes, result }))
  else for (const line of reportLines(result)) host.warn(sayAs(options, line))
  return result.exitStatus
}

function sayAs({ verb }: ChangeOptions, text: string): string {
  return `audispctl ${verb}: ${text}\n`
}

async function decide(
  handMade: readonly Problem[],
  changes: readonly FileChange[],
  options: ChangeOptions,
  host: Host,
): Promise<ChangeResult> {
  const kind = changes.length === 0 ? 'nothing-to-change' : 'left-alone'
  const idle = { kind, reloadedPid: undefined, nextStep: undefined, problems: [], exitStatus: 0 } as const
  if (handMade.length > 0 && !options.force) return { ...idle, problems: handMade, exitStatus: EXIT_STATUS.config }
  if (options.dryRun) return { ...idle, exitStatus: changes.length === 0 ? 0 : STATUS_DIFFERS }
  if (changes.length === 0) return options.reload ? reload(idle, host) : idle

  await checkWritable(changes, options, host)
  if (!options.yes && !(await confirm(changes, options, host))) return { ...idle, exitStatus: STATUS_DIFFERS }
  for (const change of changes) {
    await applyChange(host.files, change)
    // At once, so that a failure of the next change does not hide that this one is made.
    if (!options.json) host.warn(sayAs(options, doneWords(change)))
  }
  const applied = { ...idle, kind: 'applied' } as const
  if (options.reload) return reload(applied, host)
  return options.root === '/' ? { ...applied, nextStep: await reloadAdvice(host) } : applied
}

async function confirm(changes: readonly FileChange[], { verb }: ChangeOptions, host: Host): Promise<boolean> {
  if (host.ask === undefined) {
    const message = 'there is no terminal to ask on, so nothing was changed'
    throw new CtlError('usage', [{ message, mend: `look at the diff, then: audispctl ${verb} --yes` }])
  }
  return host.ask(`Change ${changes.map(({ path }) => path).join(' and ')} like this? [y/N] `)
}

/** Looked at before the question, so that nobody says yes to what cannot be done. A rename needs the directory. */
async function checkWritable(changes: readonly FileChange[], { verb }: ChangeOptions, host: Host): Promise<void> {
  const problems: Problem[] = []
  for (const dir of new Set(changes.map(({ path }) => dirname(path)))) {
    try {
      await host.files.access(dir, constants.W_OK)
    } catch (error) {
      const mend = host.uid === 0 ? 'make it writable' : `run it as root: sudo audispctl ${verb}`
      problems.push({ file: dir, message: `cannot be written: ${systemReason(error)}`, mend })
    }
  }
  if (problems.length > 0) throw new CtlError('system', problems)
}

/** The files are as they should be whether or not auditd hears of it, so a failure here is part of the report. */
async function reload(result: ChangeResult, host: Host): Promise<ChangeResult> {
  try {
    return { ...result, reloadedPid: await reloadAuditd(host) }
  } catch (error) {
    if (!(error instanceof CtlError)) throw error
    return { ...result, problems: error.problems, exitStatus: EXIT_STATUS.system }
  }
}

async function reloadAdvice(host: Host): Promise<string> {
  const found = await findAuditd(host)
  if (found.kind === 'absent') return 'auditd does not run, or its pid is not known; it sees this when it starts'
  return `auditd does not see this before it reloads: service auditd reload, or kill -HUP ${found.pid}`
}
