import { areLines } from './block.js'
import { positionAfter } from './entry.js'
import { JournalReader, type ReadBlock, type ReadDamage } from './journal-reader.js'
import { listFiles, type Work } from './file-port.js'
import { readGapNote } from './notes.js'
import { SegmentPath } from './segment-path.js'
import { idxName, logName, segmentName, segmentOf } from './segment-name.js'
import { StreamTable } from './stream-table.js'

/** More findings than these are counted and not kept. */
const MAX_FINDINGS = 10_000

export type FindingKind =
  /** Seqs that are nowhere, and that nothing stands for. */
  | 'missing'
  /** Seqs that stand there twice. */
  | 'repeated'
  /** Bytes that are not what was written. */
  | 'changed'
  /** An unfinished commit at the very end: of a journal in use, or one that died. */
  | 'torn'
  | 'hole'
  | 'loss'

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

/** Reads every byte of a journal again and judges it, with no more memory than a block, a row a stream, and the findings. */
export function* verify(): Work<Verification> {
  const files = yield* listFiles()
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]))
  const path = new SegmentPath(files.flatMap(({ name }) => segmentOf(name, '.idx') ?? []))
  const judge = new Judge()
  const newest = path.last
  if (newest !== undefined) {
    const end = {
      segment: newest,
      idxBytes: sizes.get(idxName(newest)) ?? 0,
      logBytes: sizes.get(logName(newest)) ?? 0,
    }
    const reader = new JournalReader(path, 0, () => end)
    for (let item = yield* reader.next(); item !== undefined; item = yield* reader.next()) judge.see(item)
  }
  return judge.verdict(path.all.length, newest === undefined ? '' : segmentName(newest))
}

class Judge {
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

  see(item: ReadBlock | ReadDamage): void {
    if (item.kind === 'damage') this.#damage(item)
    else this.#block(item)
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
    if (fit === 'clash')
      this.#find({ ...at, kind: isRepeated(state?.lastSeq, at.first) ? 'repeated' : 'changed', detail: 'chain' })
    if (!areLines(lines, block.lines)) this.#find({ ...at, kind: 'changed', detail: 'not whole lines' })
    if (this.#position !== 0) this.#jumped += Math.max(0, entry.position - this.#position)
    if (block.kind === 'loss') this.#accounted += readGapNote(block.note)?.lost ?? 0
    if (block.kind === 'loss' || block.kind === 'hole')
      this.#find({ ...at, kind: block.kind, detail: readGapNote(block.note)?.reason ?? '' })
    if (fit !== 'clash') this.#table.apply(origin, block, entry.takenMs)
    this.#position = Math.max(this.#position, positionAfter(entry))
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

function isRepeated(lastSeq: number | undefined, first: number): boolean {
  return lastSeq !== undefined && first <= lastSeq
}
