import type { Log } from '../log.js'
import type { Change } from './reload-plan.js'

/** One line a plugin: what becomes of it. */
export function tellChanges(log: Log, changes: readonly Change[]): void {
  for (const { name, change } of changes) {
    const said = { plugin: name, change }
    if (change === 'invalid') log.error(said, 'drop-in has mistakes; this plugin does not run')
    else log.info(said, 'drop-in read')
  }
}

/** The same in a few words, for a record. */
export function changesText(changes: readonly Change[]): string {
  return changes.map(({ name, change }) => `${name}:${change}`).join(',') || 'none'
}
