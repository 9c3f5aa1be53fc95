// What the kit has found, for people and for programs.

import type { Direction, Format } from './check.js'
import type { Finding } from './examination.js'
import type { Utterance } from './transcript.js'

const INDENT = '        '
const MS = 1000

export interface Tally {
  readonly ok: number
  readonly failed: number
  readonly skipped: number
}

export interface Examined {
  readonly command: readonly string[]
  readonly format: Format
  readonly direction: Direction
  readonly findings: readonly Finding[]
  readonly exitStatus: number
}

/** One line, and for a failure what it was with what was said around it. */
export function findingText({ check, outcome }: Finding): string {
  switch (outcome.kind) {
    case 'ok':
      return `ok      ${check.name}\n`
    case 'skipped':
      return `skipped ${check.name}: ${outcome.because}\n`
    case 'failed': {
      const lines = [
        check.why,
        `expected: ${outcome.expected}`,
        `seen:     ${outcome.seen}${outcome.during === undefined ? '' : `, in ${outcome.during}`}`,
        ...outcome.transcript.map(utteranceText),
      ]
      return `FAIL    ${check.name}\n${lines.map((line) => `${INDENT}${line}\n`).join('')}`
    }
    default:
      return outcome satisfies never
  }
}

export function tally(findings: readonly Finding[]): Tally {
  const count = (kind: string): number => findings.filter(({ outcome }) => outcome.kind === kind).length
  return { ok: count('ok'), failed: count('failed'), skipped: count('skipped') }
}

export function tallyText({ ok, failed, skipped }: Tally): string {
  return `${ok} ok, ${failed} failed, ${skipped} skipped\n`
}

export function asJson({ command, format, direction, findings, exitStatus }: Examined): string {
  const checks = findings.map(({ check, outcome, tookMs }) => {
    const { kind: result, ...rest } = outcome
    return { name: check.name, result, why: check.why, tookMs, ...rest }
  })
  const verdict = { verb: 'plugin test', command, format, direction, ...tally(findings), checks, exitStatus }
  return `${JSON.stringify(verdict, null, 2)}\n`
}

function utteranceText({ atMs, who, text }: Utterance): string {
  return `${(atMs / MS).toFixed(3).padStart(7)} ${who}: ${text}`
}
