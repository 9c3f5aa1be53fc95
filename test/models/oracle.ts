// The oracle: it knows what was handed to each sender and what each has said to be safe, looks at what stands in the collector's
// journal and at what came out behind it, and says what is wrong. Simulator and chaos suite have the same one.

import type { StoodBlock } from './journal-reading.js'

/** What stands in a living spool, seq by seq, and by which stream each seq goes. */
export interface SpoolView {
  readonly principal: string
  readonly at: ReadonlyMap<number, { readonly stream: string; readonly text: string }>
}

/** Seqs of a stream that an entry stands for. */
interface Gap {
  readonly first: number
  readonly last: number
}

export interface Verdict {
  /** The first of each kind; empty if all is well. */
  readonly violations: readonly string[]
  /** Records that stand in the collector's journal, and seqs of living spools that stand under an entry instead. */
  readonly records: number
  readonly covered: number
  readonly holes: number
  readonly losses: number
  readonly streams: number
}

const MAX_VIOLATIONS = 12

/** Of one producer, a number that rises with each record. */
interface Issued {
  readonly producer: string
  readonly order: number
}

export class Oracle {
  readonly #issued = new Map<string, Issued>()
  /** What each producer was told to be safe. */
  readonly #obliged = new Map<string, string[]>()
  #orders = 0

  /** A record that a sender is given. No two are alike. */
  issue(producer: string, text: string): void {
    if (this.#issued.has(text)) throw new Error(`issued twice: ${text}`)
    this.#issued.set(text, { producer, order: ++this.#orders })
  }

  /** The sender has said that it is safe. */
  oblige(producer: string, text: string): void {
    const texts = this.#obliged.get(producer)
    if (texts === undefined) this.#obliged.set(producer, [text])
    else texts.push(text)
  }

  /** What a spool has lost with its disk, or by going back to an old one, nobody can ask for any more. */
  forgive(producer: string, isForgiven: (text: string) => boolean): number {
    const texts = this.#obliged.get(producer) ?? []
    const left = texts.filter((text) => !isForgiven(text))
    this.#obliged.set(producer, left)
    return texts.length - left.length
  }

  get obligations(): number {
    return [...this.#obliged.values()].reduce((sum, texts) => sum + texts.length, 0)
  }

  /**
   * What may never be wrong of a collector's journal, at any moment: each stream without a gap, nothing twice, nothing that nobody has
   * issued, and in the order of issuing.
   */
  judgeJournal(blocks: readonly StoodBlock[]): Verdict {
    return this.#judge(blocks).verdict
  }

  /**
   * At rest, when all faults are over: all that stands in a living spool stands in the journal under the same stream and seq, or under
   * an entry for exactly these; and what was obliged stands in the journal or in a living spool.
   */
  judgeRest(blocks: readonly StoodBlock[], spools: readonly SpoolView[]): Verdict {
    const { verdict, texts, at, gaps } = this.#judge(blocks)
    const violations = [...verdict.violations]
    const inSpools = new Set<string>()
    let covered = 0
    for (const { principal, at: stands } of spools) {
      for (const [seq, { stream, text }] of stands) {
        inSpools.add(text)
        const name = `${principal}/${stream}`
        const there = at.get(`${name}/${seq}`)
        const isCovered = gaps.get(name)?.some(({ first, last }) => first <= seq && seq <= last) === true
        if (isCovered) covered++
        if (there === undefined && !isCovered) violations.push(`missing: ${name}/${seq} ${text}`)
        else if (there !== undefined && there !== text) violations.push(`changed: ${name}/${seq} ${text} is ${there}`)
      }
    }
    for (const [producer, obliged] of this.#obliged) {
      for (const text of obliged)
        if (!texts.has(text) && !inSpools.has(text)) violations.push(`acknowledged and gone: ${producer} ${text}`)
    }
    return { ...verdict, covered, violations: violations.slice(0, MAX_VIOLATIONS).map(shortened) }
  }

  #judge(blocks: readonly StoodBlock[]): {
    verdict: Verdict
    texts: ReadonlySet<string>
    at: ReadonlyMap<string, string>
    gaps: ReadonlyMap<string, readonly Gap[]>
  } {
    const violations: string[] = []
    const ends = new Map<string, number>()
    const orders = new Map<string, number>()
    const texts = new Set<string>()
    const at = new Map<string, string>()
    const gaps = new Map<string, Gap[]>()
    const kinds = { hole: 0, loss: 0 }
    let records = 0
    for (const block of blocks) {
      const name = `${block.principal}/${block.stream}`
      const next = ends.get(name)
      if (next !== undefined && block.firstSeq !== next)
        violations.push(`${name}: ${block.kind} at ${block.firstSeq}, not ${next}`)
      ends.set(name, block.firstSeq + block.count)
      if (block.kind === 'hole' || block.kind === 'loss') kinds[block.kind]++
      if (block.isStated && block.count > 0) {
        const gap = { first: block.firstSeq, last: block.firstSeq + block.count - 1 }
        gaps.set(name, [...(gaps.get(name) ?? []), gap])
        continue
      }
      for (const [index, text] of block.lines.entries()) {
        at.set(`${name}/${block.firstSeq + index}`, text)
        if (block.kind !== 'data') continue
        records++
        const issued = this.#issued.get(text)
        if (issued === undefined) violations.push(`invented: ${name}/${block.firstSeq + index} ${text}`)
        const isRepeated = texts.has(text)
        if (isRepeated) violations.push(`twice: ${name}/${block.firstSeq + index} ${text}`)
        texts.add(text)
        if (issued === undefined || isRepeated) continue
        const key = `${name}/${issued.producer}`
        if (issued.order <= (orders.get(key) ?? 0))
          violations.push(`out of order: ${name}/${block.firstSeq + index} ${text}`)
        orders.set(key, issued.order)
      }
    }
    const { hole: holes, loss: losses } = kinds
    const verdict = {
      violations: violations.slice(0, MAX_VIOLATIONS).map(shortened),
      records,
      covered: 0,
      holes,
      losses,
      streams: ends.size,
    }
    return { verdict, texts, at, gaps }
  }
}

/**
 * The consumer has each line of the journal from the first on, in order. Each death of the collector's dispatcher may repeat what was
 * on its way: `window` lines.
 */
export function judgeConsumer(
  consumed: readonly string[],
  journal: readonly string[],
  deaths: number,
  window: number,
): { readonly violations: readonly string[]; readonly repeats: number } {
  const violations: string[] = []
  let next = 0
  let repeats = 0
  let goesBack = 0
  for (const [index, text] of consumed.entries()) {
    if (text === journal[next]) {
      next++
      continue
    }
    const again = journal.lastIndexOf(text, next - 1)
    if (again < 0 || next - again > window || ++goesBack > deaths) {
      violations.push(
        `the consumer's line ${index} is not the journal's ${next}: ${text} instead of ${journal[next] ?? 'its end'}`,
      )
      break
    }
    repeats += next - again
    next = again + 1
  }
  if (violations.length === 0 && next < journal.length)
    violations.push(`the consumer has ${next} of ${journal.length} lines; the next: ${journal[next] ?? ''}`)
  return { violations, repeats }
}

/** Without the filling of records. */
function shortened(violation: string): string {
  return violation.replaceAll(/ x{4,}/g, '')
}

/** What a run has to have met, or it has shown nothing. */
export class Sights<Sight extends string> {
  readonly #counts: Record<Sight, number>
  readonly #wanted: Readonly<Record<Sight, number>>

  /** How often each has to be seen at least. */
  constructor(wanted: Readonly<Record<Sight, number>>) {
    this.#wanted = wanted
    this.#counts = { ...wanted }
    for (const sight of this.#names) this.#counts[sight] = 0
  }

  saw(sight: Sight, count = 1): void {
    this.#counts[sight] += count
  }

  of(sight: Sight): number {
    return this.#counts[sight]
  }

  add(others: Sights<Sight>): void {
    for (const sight of this.#names) this.#counts[sight] += others.of(sight)
  }

  /** Those seen too seldom: the run is vacuous. */
  get missing(): readonly string[] {
    return this.#names
      .filter((sight) => this.#counts[sight] < this.#wanted[sight])
      .map((sight) => `${sight}: ${this.#counts[sight]} of ${this.#wanted[sight]}`)
  }

  toString(): string {
    return this.#names.map((sight) => `${sight}=${this.#counts[sight]}`).join(' ')
  }

  get #names(): readonly Sight[] {
    const names: Sight[] = []
    for (const name in this.#wanted) names.push(name)
    return names
  }
}
