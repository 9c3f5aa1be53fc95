// The steps of a journal as one with a mistake would take them: operations left out, or run later than they should be.

import type { FileOp, Work } from '../../src/journal/file-port.js'

/** What is wrong with the journal under test: operations left out, or run later than they should be. */
export interface Mutant {
  readonly name: string
  /** It takes more loads than a unit test has time for. */
  readonly isRare?: boolean
  /** Answered and never done. `before`: the batch before this one. */
  readonly drop?: (op: FileOp, batch: readonly FileOp[], before: readonly FileOp[]) => boolean
  /** Batches that are answered at once and run only after one that `until` holds for. */
  readonly delay?: { readonly isHeld: (op: FileOp) => boolean; readonly until: (op: FileOp) => boolean }
  readonly rewrite?: (op: FileOp) => FileOp
}

export const NONE: Mutant = { name: 'none' }

/** The steps as a journal with that mistake would take them. */
export function* mutated<T>(work: Work<T>, mutant: Mutant): Work<T> {
  return yield* mutant === NONE ? work : mistaken(inSmallBatches(work), mutant)
}

/** Writes and their syncs apart, so that a mistake can come between them. */
function* inSmallBatches<T>(work: Work<T>): Work<T> {
  let step = work.next()
  while (step.done !== true) {
    const batch = step.value
    const writes = batch.filter(({ kind }) => kind === 'write')
    const others = batch.filter(({ kind }) => kind !== 'write')
    const written = writes.length === 0 ? [] : yield writes
    // A file that could not be written is not synced.
    const failed = new Set(
      writes.flatMap((op, index) => (written[index]?.kind === 'failed' && 'file' in op ? [op.file] : [])),
    )
    const tried = others.filter((op) => !('file' in op) || !failed.has(op.file))
    const done = tried.length === 0 ? [] : yield tried
    const results = new Map([
      ...writes.map((op, at) => [op, written[at]] as const),
      ...tried.map((op, at) => [op, done[at]] as const),
    ])
    step = work.next(
      batch.map((op) => results.get(op) ?? written.find(({ kind }) => kind === 'failed') ?? { kind: 'done' }),
    )
  }
  return step.value
}

function* mistaken<T>(work: Work<T>, { drop, delay, rewrite }: Mutant): Work<T> {
  const held: FileOp[] = []
  let before: readonly FileOp[] = []
  let step = work.next()
  while (step.done !== true) {
    const batch = rewrite === undefined ? step.value : step.value.map(rewrite)
    const later = delay === undefined ? [] : batch.filter(delay.isHeld)
    const last = before
    const now = batch.filter((op) => !later.includes(op) && drop?.(op, batch, last) !== true)
    before = batch
    const answers = new Map<FileOp, number>(now.map((op, index) => [op, index]))
    const results = now.length === 0 ? [] : yield now
    held.push(...later)
    if (delay !== undefined && held.length > 0 && now.some(delay.until)) yield held.splice(0)
    step = work.next(batch.map((op) => results[answers.get(op) ?? -1] ?? { kind: 'done' }))
  }
  if (held.length > 0) yield held
  return step.value
}
