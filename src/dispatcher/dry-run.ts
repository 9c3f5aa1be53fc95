import type { ConfigPlace } from './config-place.js'
import type { DropInReport } from './drop-in-dir.js'
import { planReload, type Change, type Known } from './reload-plan.js'
import { livingStates } from './run-dir.js'

export interface DryRunReport {
  readonly text: string
  readonly json: unknown
  /** Whether every drop-in could be used. */
  readonly ok: boolean
}

/** What a reload of the daemon that runs with this configuration would do; without one, what its start would do. */
export function dryRunReport(place: ConfigPlace, runDirBase: string, reports: readonly DropInReport[]): DryRunReport {
  const running = livingStates(runDirBase).find((state) => configurationOf(state) === place.settingsFile)
  const changes = planReload(running === undefined ? new Map() : knownIn(running), reports)
  const heading =
    running === undefined
      ? `no audispd runs with ${place.settingsFile}; a start would do this:`
      : `a reload of the audispd that runs with ${place.settingsFile} would do this:`
  const lines = changes.length === 0 ? ['  nothing'] : changes.map(({ name, change }) => `  ${name}: ${change}`)
  return {
    text: `${heading}\n${lines.join('\n')}\n`,
    json: { running: running !== undefined, changes: changes.map(({ name, change }) => ({ name, change })) },
    ok: !changes.some(isInvalid),
  }
}

function isInvalid({ change }: Change): boolean {
  return change === 'invalid'
}

function configurationOf(state: unknown): string | undefined {
  if (typeof state !== 'object' || state === null || !('configuration' in state)) return undefined
  return typeof state.configuration === 'string' ? state.configuration : undefined
}

function knownIn(state: unknown): Map<string, Known> {
  const known = new Map<string, Known>()
  if (typeof state !== 'object' || state === null || !('plugins' in state)) return known
  for (const [name, value] of Object.entries(state.plugins ?? {})) {
    const entry: unknown = value
    if (typeof entry !== 'object' || entry === null || !('kind' in entry)) continue
    if (entry.kind === 'invalid') known.set(name, { kind: 'invalid' })
    else if ('fingerprint' in entry) known.set(name, { kind: 'active', fingerprint: String(entry.fingerprint) })
  }
  return known
}
