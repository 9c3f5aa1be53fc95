// Damage anywhere in files that were synced: opening never throws but where it is told to stop, invents nothing, and whatever is gone
// stands under a LOSS.

import * as fc from 'fast-check'
import { NO_SOURCE } from '../../src/journal/block.js'
import type { Origin } from '../../src/journal/entry.js'
import { Journal } from '../../src/journal/journal.js'
import { JournalError } from '../../src/journal/journal-error.js'
import { readGapNote } from '../../src/journal/notes.js'
import { verify } from '../../src/journal/verify.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readAll, Sender } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const WEB: Origin = { principal: 'web', stream: 'a'.repeat(32), peer: '' }
export const LAST = '00000000000000000013'

interface Sample {
  readonly files: ReadonlyMap<string, Buffer>
  /** All lines by position. */
  readonly lines: ReadonlyMap<number, string>
}

/** The files of the last segment with each `step`-th byte flipped in turn: complaints. */
export function flipEach(step: number, from = 0): string[] {
  const original = sample(true)
  const found: string[] = []
  for (const name of [`${LAST}.idx`, `${LAST}.log`]) {
    const size = original.files.get(name)?.length ?? 0
    if (size < 300) found.push(`${name} has ${size} bytes`)
    for (let at = from; at < size; at += step) {
      const files = flipped(original.files, name, at)
      found.push(...complaints(original, files).map((complaint) => `${name} at ${at}: ${complaint}`))
      if (at % 16 === 0 && !refuses(files)) found.push(`${name} at ${at}: opened with onDamage 'stop'`)
    }
  }
  return found
}

/** The log of a journal that died, with bytes flipped: damage, but for the last commit, of which nobody can say. */
export function flipInDead(step: number): string[] {
  const original = sample(false)
  const found: string[] = []
  const size = original.files.get(`${LAST}.log`)?.length ?? 0
  for (let at = 0; at < size; at += step) {
    const files = flipped(original.files, `${LAST}.log`, at)
    const { report } = new MemoryDisk(new Random(1), files).run(
      Journal.open(quietWorld(), { segmentBytes: 1500, onDamage: 'skip' }),
    )
    const isInLastCommit = at >= size - 2 * (size / 6)
    if (report.tornBytes > 0 !== isInLastCommit || report.damages.length > 0 === isInLastCommit)
      found.push(`at ${at}: ${report.tornBytes} torn, ${report.damages.length} damaged`)
    found.push(...complaints(original, files).map((complaint) => `at ${at}: ${complaint}`))
  }
  return found
}

/** Pieces overwritten, cut off, zeroed; files gone. Throws for what is invented or repeated. */
export function harmAtRandom(runs: number): void {
  const originals = [sample(true), sample(false)]
  const names = [...(originals[0]?.files.keys() ?? [])].filter((name) => name !== 'meta.json')
  const harm = fc.record({
    name: fc.constantFrom(...names),
    from: fc.nat(2500),
    bytes: fc.uint8Array({ maxLength: 300 }),
    how: fc.nat(9),
  })
  fc.assert(
    fc.property(fc.nat(1), fc.array(harm, { minLength: 1, maxLength: 4 }), (which, harms) => {
      const original = originals[which] ?? sample(true)
      const files = new Map(original.files)
      for (const { name, from, bytes, how } of harms) {
        const before = files.get(name)
        if (before === undefined) continue
        const at = from % (before.length + 1)
        if (how === 0) files.delete(name)
        else if (how < 3) files.set(name, before.subarray(0, at))
        else if (how < 5) files.set(name, Buffer.concat([before.subarray(0, at), Buffer.alloc(before.length - at)]))
        else files.set(name, Buffer.concat([before.subarray(0, at), bytes, before.subarray(at + bytes.length)]))
      }
      const found = complaints(original, files).filter(
        (complaint) => complaint.includes('invented') || complaint.includes('twice'),
      )
      if (found.length > 0) throw new Error(found.join('; '))
    }),
    { numRuns: runs, seed: 9 },
  )
}

/** Power fails while damage is being set aside and entered. */
export function failWhileMending(imagesPerOp: number): { readonly images: number; readonly found: string[] } {
  const original = sample(true)
  const found: string[] = []
  let images = 0
  for (const [name, at] of [
    [`${LAST}.idx`, 400],
    [`${LAST}.log`, 10],
    [`${LAST}.log`, 500],
    [`${LAST}.idx`, 10],
  ] as const) {
    const disk = new MemoryDisk(new Random(at), flipped(original.files, name, at))
    disk.onOp = () => {
      for (let count = 0; count < imagesPerOp; count++) {
        images++
        found.push(...complaints(original, disk.image(512)).map((what) => `${name} at ${at}, image ${images}: ${what}`))
      }
    }
    disk.run(Journal.open(quietWorld(), { segmentBytes: 1500, onDamage: 'skip' }))
  }
  return { images, found }
}

function refuses(files: ReadonlyMap<string, Buffer>): boolean {
  try {
    new MemoryDisk(new Random(1), files).run(Journal.open(quietWorld(), { segmentBytes: 1500, onDamage: 'stop' }))
    return false
  } catch (error) {
    if (error instanceof JournalError) return error.code === 'damaged'
    throw error
  }
}

/** Three segments, two streams, and an unclean stop or a clean one. */
export function sample(isClean: boolean): Sample {
  const disk = new MemoryDisk(new Random(3))
  const journal = disk.run(Journal.open(quietWorld(), { segmentBytes: 1500, onDamage: 'stop' }))
  const sender = new Sender()
  for (let round = 0; round < 9; round++) {
    const sent = sender.next(linesOf(`web${round}`, 1, 150), 1)
    journal.take(WEB, sent.block.head, sent.lines)
    journal.append(linesOf(`own${round}`, 1, 150), 1, NO_SOURCE)
    disk.run(journal.commit())
  }
  const lines = disk
    .run(readAll(journal))
    .flatMap((item) => (item.kind === 'block' ? [[item.entry.position, item.lines.toString()] as const] : []))
  if (isClean) disk.run(journal.close())
  return { files: disk.files, lines: new Map(lines) }
}

/** Opens what is left, and says what is wrong with the outcome. */
export function complaints(original: Sample, files: ReadonlyMap<string, Buffer>): string[] {
  const disk = new MemoryDisk(new Random(4), files)
  const journal = disk.run(Journal.open(quietWorld(), { segmentBytes: 1500, onDamage: 'skip' }))
  const found: string[] = []
  const here = new Map<number, string>()
  let covered = 0
  for (const item of disk.run(readAll(journal))) {
    if (item.kind === 'damage') continue
    const { position, block } = item.entry
    if (block.kind === 'loss') {
      covered += block.isStated ? block.count : (readGapNote(block.note)?.lost ?? 0)
      continue
    }
    if (here.has(position)) found.push(`position ${position} stands there twice`)
    if (original.lines.get(position) !== item.lines.toString()) found.push(`position ${position} was invented`)
    here.set(position, item.lines.toString())
  }
  const gone = [...original.lines.keys()].filter((position) => !here.has(position)).length
  // Of the segments before the last one the journal learns when they are read.
  const inOlder = disk.run(verify()).findings.filter(({ kind }) => kind === 'changed').length
  const { damages, tornBytes } = journal.report
  if (gone > covered && inOlder === 0 && tornBytes === 0) found.push(`${gone} are gone, ${covered} entered`)
  disk.run(journal.close())
  const again = disk.run(Journal.open(quietWorld(), { segmentBytes: 1500, onDamage: 'stop' }))
  if (again.durablePosition !== journal.durablePosition) found.push('the next start finds another end')
  if (damages.length > 0 && ![...disk.files.keys()].some((name) => name.startsWith('quarantine/')))
    found.push('nothing in quarantine')
  return found
}

export function flipped(files: ReadonlyMap<string, Buffer>, name: string, at: number): ReadonlyMap<string, Buffer> {
  const bytes = Buffer.from(files.get(name) ?? Buffer.alloc(0))
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  return new Map(files).set(name, bytes)
}
