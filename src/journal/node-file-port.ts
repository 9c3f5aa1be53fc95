import { link, open, mkdir, readdir, rename, stat, statfs, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskSpace, FileOp, FilePort, FileResult, ListedFile } from './file-port.js'

/** Only the journal's user reads evidence. */
const FILE_MODE = 0o600
const DIR_MODE = 0o700

const DONE: FileResult = { kind: 'done' }

/**
 * The journal's directory on a real disk, through Node's thread pool. Files that were written to stay open until they are closed by
 * an operation: an error of write-back is told once, to whoever has the file open, and a file opened anew would never hear of it.
 */
export class NodeFilePort implements FilePort {
  readonly #dir: string
  readonly #open = new Map<string, FileHandle>()

  constructor(dir: string) {
    this.#dir = dir
  }

  async run(batch: readonly FileOp[]): Promise<readonly FileResult[]> {
    if (batch.length === 1 && batch[0] !== undefined) return [await this.#answer(batch[0])]
    // A file's operations follow one another without waiting for those of others: a commit is as soon as the slower of its two files.
    const last = new Map<string, Promise<FileResult>>()
    const results = batch.map((op) => {
      const before = 'file' in op ? last.get(op.file) : undefined
      const result = before === undefined ? this.#answer(op) : this.#answerAfter(before, op)
      if ('file' in op) last.set(op.file, result)
      return result
    })
    return Promise.all(results)
  }

  /** Closes what is still open, without a sync. */
  async close(): Promise<void> {
    const handles = [...this.#open.values()]
    this.#open.clear()
    for (const handle of handles) await handle.close()
  }

  async #answerAfter(before: Promise<FileResult>, op: FileOp): Promise<FileResult> {
    const result = await before
    return result.kind === 'failed' ? result : this.#answer(op)
  }

  async #answer(op: FileOp): Promise<FileResult> {
    try {
      return await this.#perform(op)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      return { kind: 'failed', code: 'code' in error && typeof error.code === 'string' ? error.code : '', error }
    }
  }

  async #perform(op: FileOp): Promise<FileResult> {
    switch (op.kind) {
      case 'create':
        this.#open.set(op.file, await open(this.#path(op.file), 'wx+', FILE_MODE))
        return DONE
      case 'write':
        await writeAll(this.#open.get(op.file) ?? (await this.#handle(op.file)), op.chunks, op.at)
        return DONE
      case 'sync':
        await (this.#open.get(op.file) ?? (await this.#handle(op.file))).datasync()
        return DONE
      case 'truncate':
        await (await this.#handle(op.file)).truncate(op.bytes)
        return DONE
      case 'close':
        await this.#close(op.file)
        return DONE
      case 'rename':
        return this.#rename(op.file, op.to)
      case 'link':
        await link(this.#path(op.file), this.#path(op.to))
        return DONE
      case 'unlink':
        await this.#close(op.file)
        await unlink(this.#path(op.file))
        return DONE
      case 'sync-dir':
        await syncDir(this.#path(op.dir))
        return DONE
      case 'make-dir':
        await mkdir(this.#path(op.dir), { recursive: true, mode: DIR_MODE })
        return DONE
      case 'read':
        return { kind: 'bytes', bytes: await this.#read(op.file, op.at, op.bytes) }
      case 'list':
        return { kind: 'files', files: await listPlainFiles(this.#dir) }
      case 'space':
        return { kind: 'space', space: await spaceAt(this.#dir) }
    }
    return op satisfies never
  }

  async #rename(from: string, to: string): Promise<FileResult> {
    await rename(this.#path(from), this.#path(to))
    const handle = this.#open.get(from)
    this.#open.delete(from)
    if (handle !== undefined) this.#open.set(to, handle)
    return DONE
  }

  /** A read of a file that nobody writes to leaves nothing open. */
  async #read(file: string, at: number, bytes: number): Promise<Buffer> {
    const held = this.#open.get(file)
    const handle = held ?? (await open(this.#path(file), 'r'))
    try {
      return await readUpTo(handle, at, bytes)
    } finally {
      if (held === undefined) await handle.close()
    }
  }

  async #handle(file: string): Promise<FileHandle> {
    const held = this.#open.get(file)
    if (held !== undefined) return held
    const handle = await open(this.#path(file), 'r+')
    this.#open.set(file, handle)
    return handle
  }

  async #close(file: string): Promise<void> {
    const handle = this.#open.get(file)
    this.#open.delete(file)
    await handle?.close()
  }

  #path(name: string): string {
    return join(this.#dir, name)
  }
}

export async function syncDir(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The system may take less than it is given. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], at: number): Promise<void> {
  let left = chunks.filter((chunk) => chunk.length > 0)
  let offset = at
  for (let first = left[0]; first !== undefined; first = left[0]) {
    const { bytesWritten } =
      left.length === 1
        ? await handle.write(first, 0, first.length, offset)
        : await handle.writev(left.slice(0, MAX_CHUNKS), offset)
    offset += bytesWritten
    left = withoutFirst(left, bytesWritten)
  }
}

/** IOV_MAX: what one call of writev takes. */
const MAX_CHUNKS = 1024

function withoutFirst(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  let index = 0
  for (let chunk = chunks[0]; chunk !== undefined && chunk.length <= skip; chunk = chunks[index]) {
    skip -= chunk.length
    index++
  }
  const [first, ...rest] = chunks.slice(index)
  return first === undefined ? [] : [first.subarray(skip), ...rest]
}

async function readUpTo(handle: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes)
  let length = 0
  while (length < bytes) {
    const { bytesRead } = await handle.read(buffer, length, bytes - length, at + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

async function listPlainFiles(dir: string): Promise<ListedFile[]> {
  const files: ListedFile[] = []
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const bytes = entry.isFile() ? await sizeOf(join(dir, entry.name)) : undefined
    if (bytes !== undefined) files.push({ name: entry.name, bytes })
  }
  return files
}

/** Undefined if it is gone: another process may be at work in the directory. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function spaceAt(dir: string): Promise<DiskSpace> {
  const { bsize, bavail, blocks } = await statfs(dir)
  return { freeBytes: bsize * bavail, totalBytes: bsize * blocks }
}
