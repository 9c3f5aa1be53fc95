// Standard output is the protocol: a text for people that got there, with a line end in it from a hostile record, would be
// taken for a command of this plugin's. So whatever writes to it besides the SDK goes to standard error.

import type { Writable } from 'node:stream'

const NOTICE =
  'what this plugin writes to standard output, as console.log does, goes to standard error: ' +
  'standard output belongs to the line protocol\n'

/**
 * From now on `stream.write` writes to `error`, and the first time says why. Who took the method before keeps it. Returns what
 * takes the guard away.
 */
export function guardStdout(stream: Writable, error: Writable): () => void {
  const write = stream.write.bind(stream)
  let isTold = false
  stream.write = (
    chunk: unknown,
    encodingOrDone?: BufferEncoding | ((error: Error | null | undefined) => void),
    done?: (error: Error | null | undefined) => void,
  ): boolean => {
    if (!isTold) error.write(NOTICE)
    isTold = true
    return typeof encodingOrDone === 'string'
      ? error.write(chunk, encodingOrDone, done)
      : error.write(chunk, encodingOrDone)
  }
  return () => {
    stream.write = write
  }
}
