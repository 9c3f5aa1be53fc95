import { MAX_BLOCK_BYTES } from '../../src/journal/block.js'
import { MAX_DATA_BYTES } from '../../src/remote/wire/body.js'
import type { Hello } from '../../src/remote/wire/message.js'
import { RMW_STREAM } from './rmw-senders.js'

/** The longest body of a DATA with so many bytes of lines. */
export function longestBody(maxBlockBytes: number): number {
  return maxBlockBytes + MAX_DATA_BYTES - MAX_BLOCK_BYTES
}

/** Why a sender cannot be served, whatever the core would say to it. */
export function unfitHello({ stream, maxBlock }: Hello, maxBlockBytes: number): string | undefined {
  const most = longestBody(maxBlockBytes)
  if (maxBlock > most) return `blocks of ${maxBlock} bytes are too long here: ${most} are the most`
  // The core knows nothing of what comes by auditd's protocol.
  return stream === RMW_STREAM ? 'the stream is not one of this protocol' : undefined
}
