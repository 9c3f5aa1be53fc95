import type { AuditRecord } from '../sdk/index.js'
import { selectorMatches, type Selector } from '../protocol/selector.js'

/** What is shown of all that comes. */
export interface Selection {
  /** Undefined is every type. */
  readonly types: Selector | undefined
  /** Keys of rules (`auditctl -k`), one of which must be there; none is everything. */
  readonly keys: readonly string[]
}

/** Whether everything is shown, so that nobody has to look. */
export function isEverything({ types, keys }: Selection): boolean {
  return types === undefined && keys.length === 0
}

/** Whether one of the records is of a type that is wanted, and one, perhaps another, has a key that is. */
export function isWanted({ types, keys }: Selection, records: readonly AuditRecord[]): boolean {
  const hasType = types === undefined || records.some(({ type }) => selectorMatches(types, type, '', ''))
  return hasType && (keys.length === 0 || records.some((record) => record.ruleKeys().some((key) => keys.includes(key))))
}
