import type { Problem } from '../config.js'
import type { DropIn } from './drop-in.js'
import type { DropInReport } from './drop-in-dir.js'

/** What a reload does to one plugin. */
export type Change =
  | { readonly name: string; readonly change: 'kept'; readonly dropIn: DropIn; readonly fingerprint: string }
  | { readonly name: string; readonly change: 'started'; readonly dropIn: DropIn; readonly fingerprint: string }
  | { readonly name: string; readonly change: 'restarted'; readonly dropIn: DropIn; readonly fingerprint: string }
  | { readonly name: string; readonly change: 'stopped' }
  | InvalidDropIn

/** A drop-in that cannot be used, and why. */
export interface InvalidDropIn {
  readonly name: string
  readonly change: 'invalid'
  readonly file: string
  readonly problems: readonly Problem[]
}

/** What is known of a plugin that is there: the fingerprint it runs with, or that its drop-in could not be used. */
export type Known = { readonly kind: 'active'; readonly fingerprint: string } | { readonly kind: 'invalid' }

/** Compares what is with what the directories say; one change a plugin, by name. Inactive ones that stay so are left out. */
export function planReload(known: ReadonlyMap<string, Known>, reports: readonly DropInReport[]): Change[] {
  const changes: Change[] = []
  const seen = new Set<string>()
  for (const report of reports) {
    const { name } = report
    const before = known.get(name)
    switch (report.kind) {
      case 'active': {
        seen.add(name)
        const { dropIn, fingerprint } = report
        if (before?.kind !== 'active') changes.push({ name, change: 'started', dropIn, fingerprint })
        else if (before.fingerprint === fingerprint) changes.push({ name, change: 'kept', dropIn, fingerprint })
        else changes.push({ name, change: 'restarted', dropIn, fingerprint })
        break
      }
      case 'invalid':
        seen.add(name)
        changes.push({ name, change: 'invalid', file: report.file, problems: report.problems })
        break
      case 'inactive':
      case 'ignored':
      case 'masked':
      case 'directory':
        break
      default:
        report satisfies never
    }
  }
  for (const [name, before] of known) {
    if (!seen.has(name) && before.kind === 'active') changes.push({ name, change: 'stopped' })
  }
  return changes.sort((a, b) => (a.name < b.name ? -1 : 1))
}
