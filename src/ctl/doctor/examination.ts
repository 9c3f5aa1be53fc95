import { systemCode, systemReason } from '../ctl-error.js'
import { skip, warn, type Check, type Finding, type Layer, type Level } from './check.js'
import type { Survey } from './survey.js'

/** Longer than two programs may take one after the other, of those that a check waits for. */
const PATIENCE_MS = 20_000

/** What one check has found. */
export interface CheckFinding extends Finding {
  readonly id: string
  readonly layer: Layer
}

export interface Examination {
  readonly findings: readonly CheckFinding[]
  readonly counts: Readonly<Record<Level, number>>
  readonly worst: 'ok' | 'warn' | 'fail'
  /** What to do before anything else; '' when all is well. */
  readonly first: string
}

/** Makes all checks at the same time. What hangs holds nothing up but itself, and not for long. */
export async function examine(
  checks: readonly Check[],
  survey: Survey,
  patienceMs = PATIENCE_MS,
): Promise<Examination> {
  const results = await Promise.all(
    checks.map(async ({ id, layer, run }) => {
      const found = await withinTime(id, patienceMs, run(survey))
      return found.map((finding) => ({ id, layer, ...finding }))
    }),
  )
  const findings = results.flat()
  const countOf = (level: Level): number => findings.filter((finding) => finding.level === level).length
  const counts = { ok: countOf('ok'), warn: countOf('warn'), fail: countOf('fail'), skip: countOf('skip') }
  const worst = counts.fail > 0 ? 'fail' : counts.warn > 0 ? 'warn' : 'ok'
  return { findings, counts, worst, first: firstStep(findings) }
}

async function withinTime(
  id: string,
  patienceMs: number,
  run: Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly Finding[]>((resolve) => {
    const what = `${id}: it could not be looked at within ${patienceMs / 1000} s`
    timer = setTimeout(() => resolve([warn(what, 'look at the load of the machine, and try again')]), patienceMs)
  })
  try {
    return await Promise.race([run, late])
  } catch (error) {
    // What may not be read is skipped; anything else is a bug.
    if (systemCode(error) === undefined) throw error
    return [skip(`${id}: ${systemReason(error)}`)]
  } finally {
    clearTimeout(timer)
  }
}

/** What is wrong further up comes first, as it explains what is wrong below; but before all of it audispd has to be there. */
function firstStep(findings: readonly CheckFinding[]): string {
  const failed = findings.filter(({ level }) => level === 'fail')
  const has = (id: string): boolean => failed.some((finding) => finding.id === id)
  if (has('auditd.starts-us') && !has('auditd.installed')) {
    return failed.find(({ id }) => id === 'auditd.starts-us')?.mend ?? ''
  }
  return (failed[0] ?? findings.find(({ level }) => level === 'warn'))?.mend ?? ''
}
