// An error at each operation of a run, and a disk that is full from each operation on for a while: the journal goes on by itself when
// the disk does, without being opened again, and has everything once.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { FileError, type FileOp, type Work } from '../../src/journal/file-port.js'
import { Journal } from '../../src/journal/journal.js'
import { HARMLESS } from '../../src/journal/judge.js'
import { verify } from '../../src/journal/verify.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readAll, readLines, Sender, testGapLine } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const WEB = { principal: 'web', stream: 'a'.repeat(32), peer: '' }
const OPTIONS = { segmentBytes: 1500, currentLog: 'remote.log' }
const NEEDS_ROOM: ReadonlySet<FileOp['kind']> = new Set(['create', 'write', 'sync', 'sync-dir', 'rename', 'link'])

interface Trouble {
  readonly code: string
  /** From one place to the next. */
  readonly step: number
  /** So many operations fail, from the n-th on. */
  readonly length: number
  readonly hits: (op: FileOp) => boolean
}

const TROUBLES: readonly Trouble[] = [
  { code: 'ENOSPC', step: 1, length: 1, hits: ({ kind }) => NEEDS_ROOM.has(kind) },
  { code: 'ENOSPC', step: 3, length: 25, hits: ({ kind }) => NEEDS_ROOM.has(kind) },
  { code: 'EIO', step: 1, length: 1, hits: ({ kind }) => kind !== 'read' && kind !== 'list' },
  { code: 'EIO', step: 3, length: 3, hits: ({ kind }) => kind !== 'read' && kind !== 'list' },
]

class Run {
  readonly disk = new MemoryDisk(new Random(1))
  readonly #sender = new Sender()
  readonly #journal: Journal
  /** Lines given to the journal, in order. */
  readonly #given: string[] = []
  #purged = 0

  constructor() {
    this.#journal = this.disk.run(Journal.open(quietWorld(), OPTIONS))
  }

  load(): void {
    for (let round = 0; round < 10; round++) {
      this.#give(round)
      this.disk.run(this.#journal.commit())
      if (round % 4 === 1) this.#try(this.#journal.saveCursor())
      if (round === 3) this.#try(this.#journal.rotate())
      if (round === 5) this.#try(this.#journal.forkOwn(2, Buffer.alloc(32, 1)))
      if (round === 7) {
        this.#purged = 6
        this.#try(this.#journal.purge(this.#purged))
      }
    }
  }

  /** The trouble is over. */
  complaints(): string[] {
    this.disk.interfere = () => 'do'
    const found: string[] = []
    const { kind } = this.disk.run(this.#journal.commit())
    if (kind === 'failed' || this.#journal.pendingBytes > 0)
      found.push(`${kind}, ${this.#journal.pendingBytes} pending`)
    this.#try(this.#journal.purge(this.#purged))
    if (this.#journal.durablePosition !== this.#given.length) found.push('not all is durable')
    const here = this.disk.run(readLines(this.#journal)).join('')
    const wanted = this.#given.join('')
    if (!wanted.endsWith(here) || here.length < wanted.length / 3) found.push('not what was given')
    const { findings } = this.disk.run(verify())
    if (findings.length > 0) found.push(JSON.stringify(findings[0]))
    const again = new MemoryDisk(new Random(2), this.disk.onlyDurable)
    const reopened = again.run(Journal.open(quietWorld(), OPTIONS))
    if (again.run(readLines(reopened)).join('') !== here) found.push('not durable')
    const logs = [...this.disk.files]
      .filter(([name]) => /^0.*\.log$/.test(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    if (
      !logs
        .map(([, bytes]) => bytes.toString())
        .join('')
        .endsWith(here)
    )
      found.push('the plain logs are not the lines')
    return found
  }

  #give(round: number): void {
    const own = linesOf(`own${round}`, 1, 100)
    this.#journal.append(own, 1, NO_SOURCE)
    const sent = this.#sender.next(linesOf(`web${round}`, 1, 100), 1)
    this.#journal.take(WEB, sent.block.head, sent.lines)
    // What is gathered becomes a block when it is committed, behind what was taken.
    this.#given.push(sent.lines.toString(), own.toString())
  }

  #try(work: Work<unknown>): void {
    try {
      this.disk.run(work)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
    }
  }
}

for (const { code, step, length, hits } of TROUBLES) {
  void test(`${code} for ${length} operations, from each one on`, (t) => {
    for (let from = 1, wasHit = true; wasHit; from += step) {
      const run = new Run()
      let count = 0
      wasHit = false
      run.disk.interfere = (op) => {
        if (!hits(op)) return 'do'
        count++
        if (count < from || count >= from + length) return 'do'
        wasHit = true
        return code
      }
      run.load()
      const found = run.complaints()
      if (found.length > 0) t.fail(`from ${from}: ${found.join('; ')}`)
      if (!wasHit) t.ok(from > 40, `${from} places`)
    }
    t.end()
  })
}

void test('an error at each operation of a start: it fails or does not, and the next one is well', (t) => {
  const run = new Run()
  run.load()
  const files = run.disk.image(512)
  let places = 0
  for (let from = 1, wasHit = true; wasHit; from++, places++) {
    const disk = new MemoryDisk(new Random(3), files)
    let count = 0
    wasHit = false
    disk.interfere = () => {
      if (++count !== from) return 'do'
      wasHit = true
      return 'EIO'
    }
    try {
      disk.run(Journal.open(quietWorld(), OPTIONS))
    } catch (error) {
      if (!(error instanceof FileError)) throw error
    }
    disk.interfere = () => 'do'
    const journal = disk.run(Journal.open(quietWorld(), OPTIONS))
    t.ok(journal.durablePosition >= 18, `at ${from}`)
    if (disk.run(verify()).findings.some(({ kind }) => !HARMLESS.has(kind))) t.fail(`findings at ${from}`)
  }
  t.ok(places > 20)
  t.end()
})

const dir = mkdtempSync(join(tmpdir(), 'small-disk-'))
const { status } = spawnSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir], { stdio: 'ignore' })

void test(
  'a small disk fills up, and gets room again',
  { skip: status !== 0 && 'nobody may mount here' },
  async (t) => {
    const ballast = join(dir, 'ballast')
    writeFileSync(ballast, Buffer.alloc(64 * 1024))
    const disk = await DiskJournal.open(join(dir, 'journal'), testGapLine, { segmentBytes: 50_000 })
    try {
      const given: string[] = []
      let failures = 0
      for (let round = 0; failures < 5; round++) {
        const lines = linesOf(`round${round}`, 10, 300)
        disk.journal.append(lines, 10, NO_SOURCE)
        given.push(lines.toString())
        const commit = await disk.commit()
        if (commit.kind === 'failed' && commit.error.code === 'ENOSPC') failures++
      }
      t.ok(disk.journal.pendingBytes > 4 * 3000)
      rmSync(ballast)
      t.match(await disk.commit(), { kind: 'durable', position: 10 * given.length })
      t.equal((await disk.read(readLines(disk.journal))).join(''), given.join(''))
      t.equal((await disk.read(readAll(disk.journal))).filter(({ kind }) => kind === 'damage').length, 0)
    } finally {
      await disk.close()
      spawnSync('/usr/bin/umount', [dir])
      rmdirSync(dir)
    }
  },
)
