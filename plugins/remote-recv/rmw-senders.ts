// Senders of auditd's protocol have no stream of their own: everything that one identity sends is one stream here, numbered as it comes.
// What it has sent last stands in the journal with the block, as its source: the sequence number, plus 1, and the beginning of the hash.

import { CHAIN_BYTES, ID_BYTES, makeBlock, type Block } from '../../src/journal/block.js'
import type { StreamState } from '../../src/journal/stream-table.js'
import { Repeats, type Mark } from '../../src/remote/rmw/repeats.js'
import type { Intake, StreamName } from './intake.js'

/** The id of each identity's one stream: `rmw` in hex. */
export const RMW_STREAM = '726d7700000000000000000000000000'

/** Of so many identities more is remembered than the journal knows: the last record. */
const MAX_SENDERS = 256

/** What one identity has come to, for the status. */
export interface RmwSender {
  readonly name: StreamName
  readonly repeats: Repeats
  /** Records that came again and are there once, and those that may have, and stand as they came. */
  repeated: number
  likelyRepeated: number
}

export class RmwSenders {
  readonly #intake: Intake
  readonly #senders = new Map<string, RmwSender>()

  constructor(intake: Intake) {
    this.#intake = intake
  }

  [Symbol.iterator](): Iterator<RmwSender> {
    return this.#senders.values()
  }

  /** The one that was not asked for longest gives way to a new one. */
  of(principal: string): RmwSender {
    const name = { principal, stream: RMW_STREAM }
    const known = this.#senders.get(principal)
    this.#senders.delete(principal)
    const repeats = known?.repeats ?? new Repeats(markOf(this.#intake.taken(name)))
    const sender = known ?? { name, repeats, repeated: 0, likelyRepeated: 0 }
    this.#senders.set(principal, sender)
    const [oldest] = this.#senders.keys()
    if (this.#senders.size > MAX_SENDERS && oldest !== undefined) this.#senders.delete(oldest)
    return sender
  }
}

/** The next block of such a stream. */
export function nextBlock(state: StreamState | undefined, lines: readonly Buffer[], last: Mark, wallMs: number): Block {
  const draft = {
    kind: 'data',
    firstSeq: (state?.lastSeq ?? 0) + 1,
    count: lines.length,
    lines: lines.length,
    // A clock may say anything.
    wallMs: Math.max(0, Math.floor(wallMs)),
    source: { run: Buffer.from(last.digest, 'latin1'), seq: last.sequence + 1 },
    before: state?.chain ?? Buffer.alloc(CHAIN_BYTES),
    note: Buffer.alloc(0),
  } as const
  return makeBlock(draft, lines)
}

/** As many bytes of a hash as a block has room for. */
export function digestOf(hash: Buffer): string {
  return hash.toString('latin1', 0, ID_BYTES)
}

function markOf(state: StreamState | undefined): Mark | undefined {
  if (state === undefined || state.source.seq === 0) return undefined
  return { sequence: state.source.seq - 1, digest: digestOf(state.source.run) }
}
