// The files of a recording: which there are, in which order, and their bytes as they were before somebody compressed them.

import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CtlError, systemCode, systemReason } from '../ctl-error.js'
import { ALWAYS, RecordReader } from './record-reader.js'

export const STANDARD_INPUT = '-'
/** auditd's own, rotated by it or by logrotate. */
const LOG_NAME = /^audit\.log(?:[.-].*)?$/
const GZIP = Buffer.from([0x1f, 0x8b])
/** What else programs compress logs with, by how its files begin. */
const OTHER_COMPRESSIONS: readonly (readonly [begins: Buffer, program: string])[] = [
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), 'xzcat'],
  [Buffer.from('BZh'), 'bzcat'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'zstdcat'],
]
/** In so many bytes a record is looked for, to know when a file begins. */
const LOOK_BYTES = 256 * 1024

export interface RecordedFile {
  readonly path: string
  /** What was in it when it was found; 0 of a pipe. */
  readonly bytes: number
}

export interface Reading {
  /** No more than these: a plugin may write to the very file that is read, and there would be no end. 0 is all. */
  readonly mostBytes?: number
  /** How many have been read of what lies on the disk. */
  readonly onRead?: (bytes: number) => void
  /** Ends the reading, also while it waits for what may never come. */
  readonly signal?: AbortSignal
}

/** The files, and of directories the audit logs in them: what is oldest goes first, by the first record of each. */
export async function recordedFiles(paths: readonly string[]): Promise<RecordedFile[]> {
  if (paths.includes(STANDARD_INPUT)) {
    if (paths.length === 1) return [{ path: STANDARD_INPUT, bytes: 0 }]
    throw new CtlError('usage', [{ message: "'-', standard input, goes alone", mend: 'name the files, or cat them' }])
  }
  const found: (RecordedFile & { readonly firstMs: number })[] = []
  for (const path of await withDirectories(paths)) {
    const { size, isFile } = await orUnreadable(path, () => lookAt(path))
    // What is read of a pipe is gone: nobody looks into it, and it comes after the files.
    found.push({ path, bytes: size, firstMs: isFile ? await firstTime(path) : Infinity })
  }
  return found.toSorted((one, other) => one.firstMs - other.firstMs).map(({ path, bytes }) => ({ path, bytes }))
}

/** A file's bytes, unpacked. */
export async function* bytesOf(path: string, reading: Reading = {}): AsyncGenerator<Buffer> {
  const { mostBytes = 0, onRead = () => {}, signal } = reading
  const end = mostBytes > 0 ? mostBytes - 1 : Infinity
  const stream = path === STANDARD_INPUT ? process.stdin : createReadStream(path, { end })
  const stop = (): void => {
    stream.destroy()
  }
  signal?.addEventListener('abort', stop)
  try {
    const chunks = counted(stream, onRead)
    const beginning = await chunks.next()
    if (beginning.done === true) return
    const whole = joined(beginning.value, chunks)
    yield* startsWith(beginning.value, GZIP) ? unzipped(whole) : plain(path, beginning.value, whole)
  } catch (error) {
    if (signal?.aborted === true) return
    throw error instanceof CtlError ? error : unreadable(path, error)
  } finally {
    signal?.removeEventListener('abort', stop)
    stream.destroy()
  }
}

async function lookAt(path: string): Promise<{ readonly size: number; readonly isFile: boolean }> {
  const found = await stat(path)
  return { size: found.size, isFile: found.isFile() }
}

async function withDirectories(paths: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const path of paths.map((each) => resolve(each))) {
    const found = await orUnreadable(path, () => stat(path))
    if (!found.isDirectory()) {
      files.push(path)
      continue
    }
    const names = (await orUnreadable(path, () => readdir(path))).filter((name) => LOG_NAME.test(name))
    const mend = 'name the files themselves'
    if (names.length === 0) throw new CtlError('usage', [{ message: `${path} holds no audit.log`, mend }])
    files.push(...names.map((name) => join(path, name)))
  }
  return files
}

/** Of a file without records: after all others. */
async function firstTime(path: string): Promise<number> {
  let reader: RecordReader | undefined
  let seenBytes = 0
  for await (const chunk of bytesOf(path)) {
    reader ??= new RecordReader(chunk, ALWAYS)
    reader.push(chunk)
    const [firstMs] = reader.batch().timesMs
    if (firstMs !== undefined) return firstMs
    seenBytes += chunk.length
    if (seenBytes >= LOOK_BYTES) break
  }
  return Infinity
}

async function* counted(stream: AsyncIterable<unknown>, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) continue
    onRead(chunk.length)
    yield chunk
  }
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first
  yield* rest
}

async function* unzipped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(chunks)
  const gunzip = createGunzip()
  // Whoever reads the far end hears of it.
  source.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of source.pipe(gunzip)) if (Buffer.isBuffer(chunk)) yield chunk
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

function plain(path: string, beginning: Buffer, chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const program = OTHER_COMPRESSIONS.find(([begins]) => startsWith(beginning, begins))?.[1]
  if (program === undefined) return chunks
  const mend = `unpack it on the way: ${program} FILE | audispctl replay -`
  throw new CtlError('system', [{ message: `${path}: compressed in a way that is not known here`, mend }])
}

function startsWith(bytes: Buffer, begins: Buffer): boolean {
  return bytes.subarray(0, begins.length).equals(begins)
}

async function orUnreadable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): unknown {
  const code = systemCode(error)
  if (code === undefined) return error
  const mend = code.startsWith('Z_')
    ? 'gzip -t says more; what was read before it has been replayed'
    : 'is it there, and are you root?'
  return new CtlError('system', [{ message: `${path}: ${systemReason(error)}`, mend }], { cause: error })
}
