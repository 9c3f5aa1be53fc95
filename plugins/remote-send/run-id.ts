import { createHash } from 'node:crypto'
import { ID_BYTES } from '../../src/journal/block.js'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A run of the dispatcher as blocks have it. What is no UUID is told apart all the same. */
export function runId(run: string): Buffer {
  if (UUID.test(run)) return Buffer.from(run.replaceAll('-', ''), 'hex')
  return createHash('sha256').update(run).digest().subarray(0, ID_BYTES)
}
