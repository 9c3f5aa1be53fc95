import { makeBlock, NO_SOURCE, type Block } from '../../src/journal/block.js'
import type { Work } from '../../src/journal/file-port.js'
import type { Gap } from '../../src/journal/gap.js'
import { gapRecord } from '../../src/journal/gap-record.js'
import type { Journal } from '../../src/journal/journal.js'
import type { ReadBlock, ReadDamage } from '../../src/journal/journal-reader.js'
import type { JournalWorld } from '../../src/journal/opening.js'

/** A world in which time stands still and ids are counted. */
export function quietWorld(): JournalWorld {
  let ids = 0
  const wallMs = (): number => 1_700_000_000_000
  return { wallMs, randomId: () => String(++ids).padStart(32, '0'), gapLine: testGapLine }
}

export function testGapLine(gap: Gap): Buffer {
  return gapRecord(gap, { pid: 1, uid: 0, auid: 0, ses: 0 }, '')
}

/** Whole lines that no other call returns. */
export function linesOf(text: string, count: number, fillBytes = 0): Buffer {
  return Buffer.from(
    Array.from({ length: count }, (_, index) => `${text}.${index} ${'x'.repeat(fillBytes)}\n`).join(''),
  )
}

export interface SentBlock {
  readonly block: Block
  readonly lines: Buffer
}

/** A sender's stream, as its spool would have it. */
export class Sender {
  #seq = 1
  #chain: Buffer = Buffer.alloc(32, 7)

  next(lines: Buffer, count: number): SentBlock {
    const draft = { kind: 'data', firstSeq: this.#seq, count, lines: count, wallMs: 1, source: NO_SOURCE } as const
    const block = makeBlock({ ...draft, before: this.#chain, note: Buffer.alloc(0) }, [lines])
    this.#seq += count
    this.#chain = block.chain
    return { block, lines }
  }

  /** Goes on behind what a journal has of it. */
  resume(state: { readonly lastSeq: number; readonly chain: Buffer } | undefined): void {
    this.#seq = (state?.lastSeq ?? 0) + 1
    this.#chain = state?.chain ?? Buffer.alloc(32, 7)
  }
}

export function* readAll(journal: Journal, position = 0): Work<(ReadBlock | ReadDamage)[]> {
  const items: (ReadBlock | ReadDamage)[] = []
  const reader = journal.reader(position)
  for (let item = yield* reader.next(); item !== undefined; item = yield* reader.next()) items.push(item)
  return items
}

/** Lines of all blocks, or what is wrong with them. */
export function* readLines(journal: Journal, position = 0): Work<string[]> {
  const items = yield* readAll(journal, position)
  return items.map((item) => (item.kind === 'block' ? item.lines.toString() : `damage at ${item.idxFrom}`))
}
