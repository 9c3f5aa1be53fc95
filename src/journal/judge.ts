import { areLines } from './block.js'
import { positionAfter } from './entry.js'
import type { ReadBlock, ReadDamage } from './journal-reader.js'
import { readGapNote } from './notes.js'
import { segmentName, type SegmentId } from './segment-name.js'
import { StreamTable } from './stream-table.js'

/** More findings than these are counted and not kept. */
const MAX_FINDINGS = 10_000

export type FindingKind =
  /** Seqs that are nowhere, and that nothing stands for. */
  | 'missing'
  /** Seqs that stand there twice. */
  | 'repeated'
  /** Seqs that stand behind later ones of their stream. */
  | 'misplaced'
  /** Bytes that are not what was written. */
  | 'changed'
  | 'hole'
  | 'loss'
  /** An unfinished commit at the very end: of a journal in use, or one that died. */
  | 'torn'
  /** Bytes in a plain log that no entry is about: of a commit that failed, and stands elsewhere. */
  | 'left-over'

/** What is no reason to worry. */
export const HARMLESS: ReadonlySet<FindingKind> = new Set(['torn', 'left-over'])

export interface Finding {
  readonly kind: FindingKind
  readonly segment: string
  /** Empty where it is not known whose. */
  readonly principal: string
  readonly stream: string
  /** Seqs; 0 where they are not known. */
  readonly first: number
  readonly last: number
  /** In words: a gap's reason, or the bytes of the index. */
  readonly detail: string
}

export interface Verification {
  readonly segments: number
  readonly blocks: number
  readonly lines: number
  readonly streams: number
  readonly findings: readonly Finding[]
  readonly findingCount: number
}

/** Sees all that a journal holds, in order, and says what is wrong with it. */
export class Judge {
  readonly #table = new StreamTable()
  #findings: Finding[] = []
  #findingCount = 0
  #blocks = 0
  #lines = 0
  /** The next position; 0 before the first block, which may have any. */
  #position = 0
  #segment = ''
  /** Positions left out, and what LOSS entries stand for; the two come in any order. */
  #jumped = 0
  #accounted = 0
  /** Damage with nothing behind it yet that swears to it. */
  #open: { readonly damage: ReadDamage; readonly finding: Finding }[] = []

  /** What a segment begins with. A stream that it does not know has been forgotten, and may begin anywhere again. */
  begin(table: StreamTable): void {
    for (const state of this.#table) if (table.get(state) === undefined) this.#table.forget(state)
  }

  see(item: ReadBlock | ReadDamage): void {
    if (item.kind === 'damage') this.#damage(item)
    else this.#block(item)
  }

  /** Bytes behind the last line of a segment's log. */
  leftOver(segment: SegmentId, bytes: number): void {
    const isTorn = this.#open.some(({ finding }) => finding.segment === segmentName(segment))
    const nobodys = { principal: '', stream: '', first: 0, last: 0 }
    if (!isTorn) this.#find({ ...nobodys, kind: 'left-over', segment: segmentName(segment), detail: `${bytes} bytes` })
  }

  verdict(segments: number, newest: string): Verification {
    for (const { finding } of this.#open)
      this.#find({ ...finding, kind: finding.segment === newest ? 'torn' : 'changed' })
    const missing = this.#jumped - this.#accounted
    const nobodys = { segment: '', principal: '', stream: '', first: 0, last: 0 }
    if (missing > 0) this.#find({ ...nobodys, kind: 'missing', detail: `${missing} positions` })
    const { size } = this.#table
    const totals = { segments, blocks: this.#blocks, lines: this.#lines, streams: size }
    return { ...totals, findings: this.#findings, findingCount: this.#findingCount }
  }

  #damage(damage: ReadDamage): void {
    const { segment, entry, idxFrom, idxTo } = damage
    const { principal, stream } = entry?.origin ?? { principal: '', stream: '' }
    const first = entry?.block.firstSeq ?? 0
    const last = entry === undefined ? 0 : first + entry.block.count - 1
    const detail = `${entry === undefined ? 'index' : 'lines'} at ${idxFrom}-${idxTo}`
    this.#open.push({
      damage,
      finding: { kind: 'changed', segment: segmentName(segment), principal, stream, first, last, detail },
    })
  }

  #block({ segment, entry, lines }: ReadBlock): void {
    this.#segment = segmentName(segment)
    this.#settleDamage(entry.since)
    const { origin, block } = entry
    this.#blocks++
    this.#lines += block.lines
    const state = this.#table.get(origin)
    const fit = this.#table.fit(origin, block)
    const { principal, stream } = origin
    const at = {
      segment: this.#segment,
      principal,
      stream,
      first: block.firstSeq,
      last: block.firstSeq + block.count - 1,
    }
    if (fit === 'gap') {
      const first = (state?.lastSeq ?? 0) + 1
      this.#accounted += at.first - first
      this.#find({ ...at, kind: 'missing', first, last: at.first - 1, detail: '' })
    }
    if (fit === 'clash') this.#find({ ...at, kind: this.#clashOf(at, state?.lastSeq), detail: 'chain' })
    if (!areLines(lines, block.lines)) this.#find({ ...at, kind: 'changed', detail: 'not whole lines' })
    if (this.#position !== 0) this.#jumped += Math.max(0, entry.position - this.#position)
    if (block.kind === 'loss') this.#accounted += readGapNote(block.note)?.lost ?? 0
    if (block.kind === 'loss' || block.kind === 'hole')
      this.#find({ ...at, kind: block.kind, detail: readGapNote(block.note)?.reason ?? '' })
    if (fit !== 'clash') this.#table.apply(origin, block, entry.takenMs)
    this.#position = Math.max(this.#position, positionAfter(entry))
  }

  #clashOf(at: Pick<Finding, 'principal' | 'stream' | 'first' | 'last'>, lastSeq: number | undefined): FindingKind {
    if (lastSeq === undefined || at.first > lastSeq) return 'changed'
    const wasMissing = this.#findings.some(
      ({ kind, principal, stream, first, last }) =>
        kind === 'missing' &&
        principal === at.principal &&
        stream === at.stream &&
        first <= at.first &&
        last >= at.last,
    )
    return wasMissing ? 'misplaced' : 'repeated'
  }

  /** Whatever is behind damage may swear to it, by its `since` or by lying in another segment: then it had been synced. */
  #settleDamage(since: number): void {
    const isSworn = ({ idxFrom, segment }: ReadDamage): boolean =>
      since > idxFrom || segmentName(segment) !== this.#segment
    for (const { damage, finding } of this.#open) if (isSworn(damage)) this.#find(finding)
    this.#open = this.#open.filter(({ damage }) => !isSworn(damage))
  }

  #find(finding: Finding): void {
    this.#findingCount++
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding)
  }
}
