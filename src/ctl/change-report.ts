import { asciiJson } from '../show/ascii-json.js'
import { outOfText } from './byte-text.js'
import type { ChangePlan, ChangeResult } from './change-plan.js'
import { problemText, type CtlError } from './ctl-error.js'
import { diffOf, type FileChange } from './file-change.js'

export interface ChangeReport extends Pick<ChangePlan, 'auditd' | 'changes' | 'notes'> {
  readonly verb: string
  readonly result: ChangeResult
}

export function reportAsJson({ verb, auditd, changes, notes, result }: ChangeReport): string {
  return json({
    verb,
    auditd,
    changes: changes.map((change) => ({
      path: change.path,
      action: actionOf(change),
      diff: outOfText(diffOf(change)),
    })),
    result: result.kind,
    reloadedPid: result.reloadedPid ?? null,
    nextStep: result.nextStep ?? null,
    notes,
    problems: result.problems,
    exitStatus: result.exitStatus,
  })
}

/** What there is to say after the changes, for people. */
export function reportLines(result: ChangeResult): string[] {
  return [
    ...(result.kind === 'nothing-to-change' ? ['nothing to change'] : []),
    ...(result.kind === 'left-alone' ? ['nothing was changed'] : []),
    ...(result.reloadedPid === undefined ? [] : [`sent SIGHUP to auditd, pid ${result.reloadedPid}`]),
    ...(result.nextStep === undefined ? [] : [result.nextStep]),
    ...result.problems.map(problemText),
  ]
}

/** One change, once it is made. */
export function doneWords(change: FileChange): string {
  const words = { create: 'wrote', change: 'changed', remove: 'removed' } as const
  return `${words[actionOf(change)]} ${change.path}`
}

/** Why a verb did not come to its report, for --json. */
export function failureAsJson(verb: string, { problems }: Pick<CtlError, 'problems'>, exitStatus: number): string {
  return json({ verb, result: 'failed', problems, exitStatus })
}

export function failureAsText(name: string, { problems }: Pick<CtlError, 'problems'>): string {
  return problems.map((problem) => `${name}: ${problemText(problem)}\n`).join('')
}

function actionOf({ before, after }: FileChange): 'create' | 'change' | 'remove' {
  if (before === undefined) return 'create'
  return after === undefined ? 'remove' : 'change'
}

function json(value: object): string {
  return `${asciiJson(value, 2)}\n`
}
