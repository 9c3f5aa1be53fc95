// Whole lines out of log files, plain or compressed, in pieces.

import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

const LF = Buffer.from('\n')
const GZIP = Buffer.of(0x1f, 0x8b)
const READ_BYTES = 64 * 1024
/** Records are shorter by far: what has no end in here is handed on as it is, for a line of its own. */
const MAX_LINE_BYTES = 1024 * 1024

/** Pieces of whole lines, each with its LF. `-` is standard input. Throws what node:fs and node:zlib throw. */
export async function* linesIn(file: string): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of unpacked(file)) {
    const end = chunk.lastIndexOf(0x0a) + 1
    if (end > 0) yield Buffer.concat([rest, chunk.subarray(0, end)])
    rest = end > 0 ? Buffer.from(chunk.subarray(end)) : Buffer.concat([rest, chunk])
    if (rest.length <= MAX_LINE_BYTES) continue
    yield Buffer.concat([rest, LF])
    rest = Buffer.alloc(0)
  }
  if (rest.length > 0) yield Buffer.concat([rest, LF])
}

async function* unpacked(file: string): AsyncGenerator<Buffer, void, undefined> {
  const source = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: READ_BYTES })
  const chunks = buffersOf(source)
  const first = await chunks.next()
  if (first.done === true) return
  const all = withFirst(first.value, chunks)
  if (!first.value.subarray(0, GZIP.length).equals(GZIP)) {
    yield* all
    return
  }
  const gunzip = createGunzip()
  const feeding = feed(all, gunzip)
  yield* buffersOf(gunzip)
  await feeding
}

async function feed(chunks: AsyncIterable<Buffer>, into: ReturnType<typeof createGunzip>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (!into.write(chunk)) await new Promise((resolve) => into.once('drain', resolve))
    }
    into.end()
  } catch (error) {
    into.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

async function* withFirst(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first
  yield* rest
}

async function* buffersOf(source: AsyncIterable<unknown>): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of source) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
}
