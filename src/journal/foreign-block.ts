import { areLines, hasLines, readBlock, type Block } from './block.js'
import { readGapNote } from './notes.js'

/** Why bytes are no block that a journal takes from somebody else. */
export type Unsound = 'bad-block' | 'bad-lines'

/** The block that a sender's bytes are, if all its sums fit and it is of a kind that travels. `head` is header and note; it is copied. */
export function soundBlock(head: Uint8Array, lines: Uint8Array): Block | Unsound {
  // A copy: the block outlives the buffer that it was received into.
  const block = readBlock(Buffer.from(head))
  if (block === undefined || block.kind === 'checkpoint' || block.kind === 'fork') return 'bad-block'
  if (block.kind !== 'data' && readGapNote(block.note) === undefined) return 'bad-block'
  return areLines(lines, block.lines) && hasLines(block, lines) ? block : 'bad-lines'
}
