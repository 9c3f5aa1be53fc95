// The journal touches no disk: it yields batches of operations and is handed their results. A batch begins when the one before has
// ended. Within one, what is asked of a file is done in that order and ends at the first error, which the rest of it answers too;
// between files nothing is promised. So the same steps run over node:fs, over a disk in memory that loses power
// between any two of them, and in simulated time.

/** One thing asked of the disk. Names are relative to the journal's directory. */
export type FileOp =
  /** A new file, open from now on; fails where the name is taken. */
  | { readonly kind: 'create'; readonly file: string }
  /** All of it, at an offset, into a file that this journal created or wrote to before. */
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly chunks: readonly Uint8Array[] }
  /** fdatasync: contents and size, not the name. */
  | { readonly kind: 'sync'; readonly file: string }
  | { readonly kind: 'truncate'; readonly file: string; readonly bytes: number }
  | { readonly kind: 'close'; readonly file: string }
  | { readonly kind: 'rename'; readonly file: string; readonly to: string }
  /** A second name of the same file; fails where the name is taken. */
  | { readonly kind: 'link'; readonly file: string; readonly to: string }
  | { readonly kind: 'unlink'; readonly file: string }
  /** fsync of a directory: the names in it. */
  | { readonly kind: 'sync-dir'; readonly dir: string }
  /** No error where it exists. */
  | { readonly kind: 'make-dir'; readonly dir: string }
  /** At most that many bytes; fewer at the end of the file. */
  | { readonly kind: 'read'; readonly file: string; readonly at: number; readonly bytes: number }
  /** Plain files and their sizes. */
  | { readonly kind: 'list' }
  /** Of the disk that the directory lies on. */
  | { readonly kind: 'space' }

export interface ListedFile {
  readonly name: string
  readonly bytes: number
}

/** Bytes; free for the journal's user. */
export interface DiskSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

export type FileResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'files'; readonly files: readonly ListedFile[] }
  | { readonly kind: 'space'; readonly space: DiskSpace }
  /** `code` as node:fs has it, such as ENOSPC. */
  | { readonly kind: 'failed'; readonly code: string; readonly error: Error }

/** Steps that need the disk. Whoever runs them answers each batch with one result an operation, in the same order. */
export type Work<T> = Generator<readonly FileOp[], T, readonly FileResult[]>

/** A disk that answers later. */
export interface FilePort {
  run(batch: readonly FileOp[]): Promise<readonly FileResult[]>
}

/** An operation failed that cannot simply be given up. `code` is the system's. */
export class FileError extends Error {
  readonly code: string

  constructor(op: FileOp, code: string, cause: Error) {
    super(`${op.kind} ${'file' in op ? op.file : ''}: ${cause.message}`, { cause })
    this.name = 'FileError'
    this.code = code
  }
}

/** Runs steps to their end. */
export async function runWork<T>(port: FilePort, work: Work<T>): Promise<T> {
  let step = work.next()
  while (step.done !== true) step = work.next(await port.run(step.value))
  return step.value
}

/** The batch, all of it; throws FileError at the first operation that failed. */
export function* perform(...batch: readonly FileOp[]): Work<readonly FileResult[]> {
  const results = yield batch
  for (const [index, op] of batch.entries()) {
    const result = results[index]
    if (result === undefined) throw new Error(`no result for ${op.kind}`)
    if (result.kind === 'failed') throw new FileError(op, result.code, result.error)
  }
  return results
}

/** The same, where failure is of no consequence: what it would have tidied up is tidied up at the next start. */
export function* attempt(...batch: readonly FileOp[]): Work<void> {
  yield batch
}

/** A file that is not there is as good as removed. */
export function* remove(file: string): Work<void> {
  const op: FileOp = { kind: 'unlink', file }
  const [result] = yield [op]
  if (result?.kind === 'failed' && result.code !== 'ENOENT') throw new FileError(op, result.code, result.error)
}

/** As much as there is; undefined if there is no such file. */
export function* readAt(file: string, at: number, bytes: number): Work<Buffer | undefined> {
  const op: FileOp = { kind: 'read', file, at, bytes }
  const [result] = yield [op]
  if (result?.kind === 'bytes') return result.bytes
  if (result?.kind === 'failed' && result.code === 'ENOENT') return undefined
  if (result?.kind === 'failed') throw new FileError(op, result.code, result.error)
  throw new Error('a read brought no bytes')
}

export function* listFiles(): Work<readonly ListedFile[]> {
  const [result] = yield* perform({ kind: 'list' })
  if (result?.kind !== 'files') throw new Error('a listing brought no files')
  return result.files
}

export function* diskSpace(): Work<DiskSpace> {
  const [result] = yield* perform({ kind: 'space' })
  if (result?.kind !== 'space') throw new Error('the disk did not say how much is free')
  return result.space
}
