// Plays the scenes one after the other, as two processes of one plugin never run at the same time, and then tells the rules.

import { Failed, Skipped, type Check, type Rule, type Scene } from './check.js'
import { CHECKS, FIRST_OF_ALL } from './checks.js'
import { Stage, type Examinee } from './stage.js'
import type { Utterance } from './transcript.js'

export interface Failure {
  readonly expected: string
  readonly seen: string
  /** For a rule: the scene in which it was broken. */
  readonly during?: string
  readonly transcript: readonly Utterance[]
}

export type Outcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'skipped'; readonly because: string }
  | ({ readonly kind: 'failed' } & Failure)

export interface Finding {
  readonly check: Check
  readonly outcome: Outcome
  readonly tookMs: number
}

/** `onFinding` is called as soon as each is known. */
export async function examine(
  examinee: Examinee,
  checks: readonly Check[],
  onFinding: (finding: Finding) => void,
): Promise<void> {
  const rules = checks.filter((check) => check.kind === 'rule')
  const chosen = checks.filter((check) => check.kind === 'scene')
  let hopeless = ''
  // Rules alone are watched over in all scenes, which nobody asked about.
  for (const check of chosen.length > 0 ? chosen : scenesFor(examinee)) {
    const beganMs = examinee.clock.nowMs()
    const outcome: Outcome = hopeless === '' ? await play(check, examinee) : { kind: 'skipped', because: hopeless }
    const tookMs = Math.round(examinee.clock.nowMs() - beganMs)
    if (chosen.length > 0) onFinding({ check, outcome, tookMs })
    if (outcome.kind === 'failed' && FIRST_OF_ALL.has(check)) hopeless = `${check.name} failed`
  }
  for (const check of rules) onFinding({ check, outcome: kept(check, examinee), tookMs: 0 })
}

function scenesFor({ format }: Examinee): readonly Scene[] {
  return CHECKS.filter((check) => check.kind === 'scene').filter(({ formats }) => formats.includes(format))
}

async function play(scene: Scene, examinee: Examinee): Promise<Outcome> {
  const stage = new Stage(examinee, scene.name)
  try {
    await scene.play(stage)
    return { kind: 'ok' }
  } catch (error) {
    if (error instanceof Skipped) return { kind: 'skipped', because: error.message }
    if (!(error instanceof Failed)) throw error
    const { expected, seen } = error
    const mark = stage.transcript.now - 1
    // What comes after the failure is shown too: often it says why.
    await stage.clear()
    return { kind: 'failed', expected, seen, transcript: stage.transcript.around(mark) }
  } finally {
    await stage.clear()
  }
}

function kept(rule: Rule, { violations }: Examinee): Outcome {
  const violation = violations.get(rule.name)
  if (violation === undefined) return { kind: 'ok' }
  const { expected, seen, during, transcript, mark } = violation
  return { kind: 'failed', expected, seen, during, transcript: transcript.around(mark) }
}
