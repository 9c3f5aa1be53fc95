import type { FileOp } from '../../src/journal/file-port.js'
import type { Mutant } from './mistaken-work.js'

function isOn(op: FileOp, kind: FileOp['kind'], ending: string): boolean {
  return op.kind === kind && 'file' in op && op.file.endsWith(ending)
}

/** Syncs of a commit: both files of the segment, and nothing that is new. */
function isOfCommit(batch: readonly FileOp[]): boolean {
  return batch.some((op) => isOn(op, 'sync', '.idx'))
}

function isDirSyncAfter(kind: FileOp['kind'], ending: string): NonNullable<Mutant['drop']> {
  return (op, _batch, before) => op.kind === 'sync-dir' && before.some((each) => isOn(each, kind, ending))
}

/** Each sync left out, each order turned round: every one of them must cost something that the explorer sees. */
export const MUTANTS: readonly Mutant[] = [
  { name: 'lines not synced', drop: (op, batch) => isOn(op, 'sync', '.log') && isOfCommit(batch) },
  { name: 'headers not synced', drop: (op) => isOn(op, 'sync', '.idx') },
  { name: 'new index not synced', drop: (op) => isOn(op, 'sync', '.idx.new') },
  { name: 'new log not synced', drop: (op, batch) => isOn(op, 'sync', '.log') && !isOfCommit(batch) },
  { name: 'directory not synced before the index is named', isRare: true, drop: isDirSyncAfter('sync', '.idx.new') },
  { name: 'directory not synced after the index is named', drop: isDirSyncAfter('rename', '.idx.new') },
  {
    name: 'directory not synced between index and log of a purge',
    isRare: true,
    drop: isDirSyncAfter('unlink', '.idx'),
  },
  {
    name: 'directory not synced in a purge at all',
    drop: (op, _batch, before) => op.kind === 'sync-dir' && before.some((each) => each.kind === 'unlink'),
  },
  {
    name: 'directory not synced at the start',
    isRare: true,
    drop: (op, _batch, before) => op.kind === 'sync-dir' && before.some(({ kind }) => kind === 'list'),
  },
  { name: 'meta.json not synced', drop: (op) => isOn(op, 'sync', 'meta.json.new') },
  { name: 'directory not synced after meta.json is named', drop: isDirSyncAfter('rename', 'meta.json.new') },
  {
    name: 'index named before it is synced',
    delay: { isHeld: (op) => isOn(op, 'sync', '.idx.new'), until: (op) => isOn(op, 'rename', '.idx.new') },
  },
  {
    name: 'told before it is synced',
    delay: { isHeld: (op) => isOn(op, 'sync', '.log') || isOn(op, 'sync', '.idx'), until: (op) => op.kind === 'write' },
  },
  {
    name: 'lines written after the sync',
    delay: { isHeld: (op) => isOn(op, 'write', '.log'), until: (op) => isOn(op, 'sync', '.idx') },
  },
  {
    name: 'headers written after the sync',
    delay: { isHeld: (op) => isOn(op, 'write', '.idx'), until: (op) => isOn(op, 'sync', '.log') },
  },
  { name: 'the log of a purged segment goes before its index', isRare: true, rewrite: swappedUnlinks() },
]

/** Left out without harm: only the names of logs without an index depend on them, and those count for nothing. */
export const REDUNDANT: readonly Mutant[] = [
  { name: 'directory not synced after the log of a purged segment', drop: isDirSyncAfter('unlink', '.log') },
  { name: 'cursor not synced', drop: (op) => op.kind === 'sync' && op.file.startsWith('cursor.') },
]

function swappedUnlinks(): (op: FileOp) => FileOp {
  const waiting = new Set<string>()
  return (op) => {
    const [, segment, extension] = op.kind === 'unlink' ? (/^(.*[0-9])\.(idx|log)$/.exec(op.file) ?? []) : []
    if (segment === undefined) return op
    if (extension === 'log') return waiting.delete(segment) ? { kind: 'unlink', file: `${segment}.idx` } : op
    waiting.add(segment)
    return { kind: 'unlink', file: `${segment}.log` }
  }
}
