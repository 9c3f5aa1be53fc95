// The power-fail explorer: a journal under a random load, and after each operation the images that a power failure there might leave.
// Every image is opened, judged against what the load had been told, written to, and opened again; some lose power again while they
// are being opened.

import { FileError, type FileOp, type Work } from '../../src/journal/file-port.js'
import { Journal } from '../../src/journal/journal.js'
import { CHAIN_BYTES, NO_SOURCE } from '../../src/journal/block.js'
import { OWN_ORIGIN, OWN_STREAM, type Origin } from '../../src/journal/entry.js'
import { HARMLESS } from '../../src/journal/judge.js'
import { forked } from '../../src/journal/meta.js'
import type { JournalWorld } from '../../src/journal/opening.js'
import { logName } from '../../src/journal/segment-name.js'
import { verify } from '../../src/journal/verify.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readAll, Sender } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'
import { mutated, NONE, type Mutant } from './mistaken-work.js'

export interface Exploration {
  readonly images: number
  readonly violation: string | undefined
  readonly seen: Readonly<Record<Sight, number>>
}

/** What the images must have met, or the run has shown nothing. */
export const SIGHTS = [
  'torn',
  'told',
  'untold',
  'rebuilt',
  'crashed-again',
  'purged',
  'killed',
  'poisoned',
  'rolled',
  'rotated',
  'forked',
  'forked-in-the-middle',
] as const

export type Sight = (typeof SIGHTS)[number]

interface Expected {
  readonly isOwn: boolean
  readonly firstSeq: number
  readonly lines: string
  readonly position: number
  readonly end: number
}

/** What the load knows. */
interface Oracle {
  /** All blocks ever given to the journal, in order. */
  attempted: Expected[]
  /** Durable up to here, as told. */
  told: number
  /** Below this nothing has to be there. */
  purged: number
  next: number
  /** Timelines that meta.json may have: the ones that were told, and those that a fork under way is to make. None before the first. */
  timelines: string[]
}

const OPTIONS = { segmentBytes: 4000, onDamage: 'stop', currentLog: 'remote.log' } as const
const SENDERS: readonly Origin[] = [
  { principal: 'web1', stream: 'a'.repeat(32), peer: '192.0.2.1:4711' },
  { principal: 'web2', stream: 'b'.repeat(32), peer: '' },
]

class Violation extends Error {}

const ROUNDS = 14
const IMAGES_PER_OP = 2
/** Of so many images one is read from end to end once more, and opened again after it was written to. */
const THOROUGH_ONE_IN = 3

/** A load of the usual size, some 350 images; every other one has errors of the disk. */
export function exploreSeed(seed: number, mutant: Mutant): Exploration {
  return explore(seed, ROUNDS, IMAGES_PER_OP, mutant, seed % 2 === 0)
}

/** The first violation among so many loads, and after how many images. */
export function firstViolation(mutant: Mutant, seeds: number): Pick<Exploration, 'images' | 'violation'> {
  let images = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const found = exploreSeed(seed, mutant)
    images += found.images
    if (found.violation !== undefined) return { images, violation: found.violation }
  }
  return { images, violation: undefined }
}

/** One random load, with `imagesPerOp` images at each operation. Stops at the first violation. */
function explore(seed: number, rounds: number, imagesPerOp: number, mutant: Mutant, hasFaults: boolean): Exploration {
  const explorer = new Explorer(seed, imagesPerOp, mutant, hasFaults)
  let violation: string | undefined
  try {
    explorer.load(rounds)
  } catch (error) {
    // Whatever is thrown over an image is a finding too: opening must not fail on what a power failure leaves.
    violation = `seed ${seed}: ${error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error)}`
  }
  return { images: explorer.images, violation, seen: explorer.seen }
}

class Explorer {
  images = 0
  readonly seen: Record<Sight, number> = {
    torn: 0,
    told: 0,
    untold: 0,
    rebuilt: 0,
    'crashed-again': 0,
    purged: 0,
    killed: 0,
    poisoned: 0,
    rolled: 0,
    rotated: 0,
    forked: 0,
    'forked-in-the-middle': 0,
  }
  readonly #random: Random
  readonly #imageRandom: Random
  readonly #imagesPerOp: number
  readonly #mutant: Mutant
  readonly #hasFaults: boolean
  readonly #disk: MemoryDisk
  readonly #senders = SENDERS.map(() => new Sender())
  readonly #oracle: Oracle = { attempted: [], told: 0, purged: 0, next: 1, timelines: [] }
  readonly #world: JournalWorld
  #lineNumber = 0
  #ids = 0

  constructor(seed: number, imagesPerOp: number, mutant: Mutant, hasFaults: boolean) {
    this.#random = new Random(seed)
    this.#imageRandom = new Random(seed ^ 0x5bd1e995)
    this.#imagesPerOp = imagesPerOp
    this.#mutant = mutant
    this.#hasFaults = hasFaults
    this.#disk = new MemoryDisk(this.#random)
    this.#world = { ...quietWorld(), randomId: () => idOf(++this.#ids) }
    this.#disk.onOp = () => {
      for (let count = 0; count < imagesPerOp; count++) this.#lookAt(this.#disk, true)
    }
  }

  load(rounds: number): void {
    let journal = this.#run(this.#disk, Journal.open(this.#world, OPTIONS))
    this.#oracle.timelines = [JSON.stringify(journal.meta.timelines)]
    for (let round = 0; round < rounds; round++) {
      const what = this.#random.below(27)
      if (what < 13) this.#commit(journal)
      else if (what < 16) this.#purge(journal)
      else if (what < 17) this.#run(this.#disk, journal.saveCursor())
      else if (what < 19) this.#fork(journal)
      else if (what < 21) this.#rotate(journal)
      else journal = this.#reopen(journal, what >= 23)
    }
    for (let count = 0; count < this.#imagesPerOp; count++) this.#lookAt(this.#disk, true)
  }

  #commit(journal: Journal): void {
    this.#give(journal)
    const segments = journal.segments.length
    if (this.#hasFaults && this.#random.below(4) === 0) this.#failOnce()
    const commit = this.#run(this.#disk, journal.commit())
    this.#disk.interfere = () => 'do'
    if (commit.kind !== 'durable') return
    this.#oracle.told = commit.position
    if (commit.poisoned !== undefined) this.seen.poisoned++
    if (journal.segments.length > segments) this.seen.rolled++
  }

  /** The next write or sync fails; with it, sometimes, the one after. */
  #failOnce(): void {
    let left = 1 + this.#random.below(2)
    let after = this.#random.below(4)
    this.#disk.interfere = (op) => {
      if (!['write', 'sync', 'sync-dir', 'rename', 'create'].includes(op.kind)) return 'do'
      if (after-- > 0 || left-- <= 0) return 'do'
      return this.#random.below(2) === 0 ? 'EIO' : 'ENOSPC'
    }
  }

  #give(journal: Journal): void {
    for (const [index, origin] of SENDERS.entries()) {
      const sender = this.#senders[index]
      if (sender === undefined || this.#random.below(2) === 0) continue
      const { count, lines } = this.#someLines()
      const sent = sender.next(lines, count)
      const refusal = journal.take(origin, sent.block.head, sent.lines)
      if (refusal !== undefined) throw new Violation(`a block was refused: ${refusal}`)
      this.#expect(false, sent.block.firstSeq, lines, count)
    }
    const { count, lines } = this.#someLines()
    const firstSeq = (journal.taken()?.lastSeq ?? 0) + 1
    journal.append(lines, count, NO_SOURCE)
    this.#expect(true, firstSeq, lines, count)
  }

  #someLines(): { readonly count: number; readonly lines: Buffer } {
    const count = 1 + this.#random.below(3)
    return { count, lines: linesOf(`r${++this.#lineNumber}`, count, this.#random.below(500)) }
  }

  #expect(isOwn: boolean, firstSeq: number, lines: Buffer, count: number): void {
    const position = this.#oracle.next
    this.#oracle.attempted.push({ isOwn, firstSeq, lines: lines.toString(), position, end: position + count })
    this.#oracle.next += count
  }

  #purge(journal: Journal): void {
    const position = Math.max(this.#oracle.purged, this.#oracle.told - this.#random.below(12))
    this.#oracle.purged = position
    this.seen.purged += this.#run(this.#disk, journal.purge(position))
  }

  /** At the end of what is durable, or before a block that is. */
  #fork(journal: Journal): void {
    const end = (journal.durable()?.lastSeq ?? 0) + 1
    const durable = this.#oracle.attempted.filter(({ isOwn, position }) => isOwn && position <= this.#oracle.told)
    const block = this.#random.below(2) === 0 ? undefined : durable[this.#random.below(durable.length + 1)]
    const fromSeq = block?.firstSeq ?? end
    const before = Buffer.alloc(CHAIN_BYTES, fromSeq)
    const wanted = forked(journal.meta, idOf(this.#ids + 1), fromSeq, before, journal.firstPosition)
    this.#oracle.timelines.push(JSON.stringify(wanted.timelines))
    if (!this.#succeeds(journal.forkOwn(fromSeq, before))) return
    this.#oracle.timelines = [JSON.stringify(journal.meta.timelines)]
    this.seen[fromSeq === end ? 'forked' : 'forked-in-the-middle']++
  }

  #rotate(journal: Journal): void {
    if (this.#succeeds(journal.rotate())) this.seen.rotated++
  }

  /** Where the disk has errors, one may come in the middle. */
  #succeeds(work: Work<unknown>): boolean {
    if (this.#hasFaults && this.#random.below(4) === 0) this.#failOnce()
    try {
      this.#run(this.#disk, work)
      return true
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      return false
    } finally {
      this.#disk.interfere = () => 'do'
    }
  }

  /** In order, or as after kill -9: what was written is shown, synced or not. */
  #reopen(journal: Journal, isKill: boolean): Journal {
    if (isKill) {
      this.seen.killed++
      this.#give(journal)
      if (this.#hasFaults) this.#failOnce()
      this.#dieWhile(journal.commit())
      this.#disk.interfere = () => 'do'
    } else {
      const commit = this.#run(this.#disk, journal.commit())
      if (commit.kind === 'durable') this.#oracle.told = commit.position
      this.#run(this.#disk, journal.close())
    }
    const next = this.#run(this.#disk, Journal.open(this.#world, OPTIONS))
    this.#judge(this.#disk, next, true)
    this.#oracle.timelines = [JSON.stringify(next.meta.timelines)]
    // What it has now it calls durable, and must keep.
    this.#oracle.told = next.durablePosition
    this.#oracle.attempted = this.#oracle.attempted.filter(({ position }) => position <= next.durablePosition)
    this.#oracle.next = next.durablePosition + 1
    for (const [index, origin] of SENDERS.entries()) this.#senders[index]?.resume(next.durable(origin))
    return next
  }

  /** The process ends before one of the operations. */
  #dieWhile(work: Work<unknown>): void {
    let left = this.#random.below(12)
    let step = work.next()
    while (step.done !== true && left-- > 0) {
      const batch = step.value
      step = work.next(this.#run(this.#disk, once(batch)))
    }
  }

  #lookAt(disk: MemoryDisk, mayCrashAgain: boolean): void {
    this.images++
    const files = disk.image(this.#imageRandom.below(2) === 0 ? 512 : 4096)
    const image = new MemoryDisk(this.#imageRandom, files)
    let left = mayCrashAgain && this.#imageRandom.below(4) === 0 ? 1 + this.#imageRandom.below(12) : 0
    image.onOp = () => {
      if (left > 0 && --left === 0) {
        this.seen['crashed-again']++
        this.#lookAt(image, false)
      }
    }
    const journal = this.#run(image, Journal.open(quietWorld(), OPTIONS))
    // What is written on below is not in the oracle.
    left = 0
    if (journal.report.tornBytes > 0) this.seen.torn++
    if (!journal.report.wasClean) this.seen.rebuilt++
    const isThorough = this.#imageRandom.below(THOROUGH_ONE_IN) === 0
    this.#judge(image, journal, isThorough)
    this.#writeOn(image, journal, isThorough)
  }

  /** Everything told is there, in order; what is there beyond is what comes next; nothing else. */
  #judge(disk: MemoryDisk, journal: Journal, isThorough: boolean): void {
    const { told, purged, attempted } = this.#oracle
    const { report } = journal
    if (report.damages.length > 0 || report.missingTail > 0) throw new Violation('a power failure was taken for damage')
    const { timelines } = this.#oracle
    if (timelines.length > 0 && !timelines.includes(JSON.stringify(journal.meta.timelines)))
      throw new Violation('a fork was forgotten')
    const current = journal.segments.at(-1)
    if (current === undefined || disk.files.get(OPTIONS.currentLog) !== disk.files.get(logName(current)))
      throw new Violation('the current log is not what its name says')
    const found = disk.run(readAll(journal))
    const first = found[0]
    const start = first?.kind === 'block' ? first.entry.position : journal.durablePosition + 1
    if (start > purged + 1) throw new Violation(`begins at ${start}, purged up to ${purged}`)
    if (journal.durablePosition < told) throw new Violation(`ends at ${journal.durablePosition}, told ${told}`)
    if (journal.durablePosition === told) this.seen.told++
    else this.seen.untold++
    const wanted = attempted.filter(({ position, end }) => end > start && position <= journal.durablePosition)
    if (wanted.length !== found.length) throw new Violation(`${found.length} blocks instead of ${wanted.length}`)
    for (const [index, item] of found.entries()) {
      const want = wanted[index]
      if (item.kind !== 'block' || want === undefined) throw new Violation(`unreadable block ${index}`)
      if (
        item.entry.position !== want.position ||
        item.lines.toString() !== want.lines ||
        item.entry.block.firstSeq !== want.firstSeq
      )
        throw new Violation(`position ${want.position} is not what was put there`)
    }
    if (!isThorough) return
    const { findings } = disk.run(verify())
    const bad = findings.find(({ kind }) => !HARMLESS.has(kind))
    if (bad !== undefined) throw new Violation(`verify finds ${JSON.stringify(bad)}`)
  }

  /** It takes more, and has it after the next start, together with what it had. */
  #writeOn(disk: MemoryDisk, journal: Journal, isThorough: boolean): void {
    const before = journal.durablePosition
    journal.append(linesOf('after', 1), 1, NO_SOURCE)
    const commit = this.#run(disk, journal.commit())
    if (commit.kind !== 'durable' || commit.position !== before + 1)
      throw new Violation(`no commit after recovery: ${commit.kind}`)
    if (!isThorough || this.#mutant !== NONE) return
    const again = new MemoryDisk(this.#imageRandom, disk.onlyDurable)
    const reopened = again.run(Journal.open(quietWorld(), OPTIONS))
    const stream = reopened.durable({ principal: OWN_ORIGIN.principal, stream: OWN_STREAM })
    if (reopened.durablePosition !== before + 1) throw new Violation(`${before + 1} became ${reopened.durablePosition}`)
    if (stream?.lastSeq !== journal.durable()?.lastSeq) throw new Violation('the fold changed')
  }

  #run<T>(disk: MemoryDisk, work: Work<T>): T {
    return disk.run(mutated(work, this.#mutant))
  }
}

function idOf(count: number): string {
  return String(count).padStart(32, '0')
}

function* once(batch: readonly FileOp[]): Work<Parameters<Work<unknown>['next']>[0] & object> {
  return yield batch
}
