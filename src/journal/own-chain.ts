import { OWN_STREAM } from './entry.js'
import type { Work } from './file-port.js'
import type { Journal } from './journal.js'

/**
 * The chain behind `seq` of the journal's own stream, in a journal that has no other: what a receiver's memory of it is compared with.
 * Undefined if no block ends there, or it cannot be read any more.
 */
export function* ownChainAt(journal: Journal, seq: number): Work<Buffer | undefined> {
  const own = journal.durable()
  if (own === undefined || seq > own.lastSeq) return undefined
  if (seq === own.lastSeq) return own.chain
  const next = yield* journal.reader(seq + 1).next()
  if (next === undefined || next.kind === 'damage' || next.entry.origin.stream !== OWN_STREAM) return undefined
  return next.entry.block.firstSeq === seq + 1 ? next.entry.block.before : undefined
}
