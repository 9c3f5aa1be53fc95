// What is taken, when it is durable, and what a disk that is full, slow or broken does to it.

import { test } from 'tap'
import { diskState } from '../../../plugins/remote-recv/disk-state.js'
import type { DiskState } from '../../../plugins/remote-recv/intake.js'
import { JournalIntake, type IntakeOptions } from '../../../plugins/remote-recv/journal-intake.js'
import type { FileOp, FilePort } from '../../../src/journal/file-port.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { linesOf, quietWorld, readLines, Sender } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock, rest } from './hand-clock.js'

const MIB = 1024 * 1024
const OPTIONS: IntakeOptions = { commitDelayMs: 2, lowBytes: 100, reserveBytes: 10 }

class Place {
  readonly disk = new MemoryDisk(new Random(1))
  readonly clock = new HandClock()
  readonly told: string[] = []
  readonly sender = new Sender()
  free: number | undefined
  /** Holds every operation back until it is called. */
  release: (() => void) | undefined
  readonly ops: FileOp[] = []
  store: JournalStore | undefined

  async open(options: Partial<IntakeOptions> = {}): Promise<JournalIntake> {
    const port: FilePort = {
      run: async (batch) => {
        this.ops.push(...batch)
        if (this.isHeld) await new Promise<void>((resolve) => (this.release = resolve))
        return this.disk.port.run(batch)
      },
    }
    this.store = await JournalStore.over(port, quietWorld())
    this.ops.length = 0
    const intake = new JournalIntake(
      { store: this.store, clock: this.clock, freeBytes: async () => this.free },
      { ...OPTIONS, ...options },
      {
        committed: () => {
          this.told.push('committed')
        },
        failed: (code, _text, isLost) => {
          this.told.push(isLost ? `${code} cost a segment` : code)
        },
      },
    )
    await intake.begin()
    return intake
  }

  isHeld = false

  /** Takes a block of so many lines; its name is called when it is durable. */
  take(intake: JournalIntake, name: string, count = 1, fillBytes = 0): void {
    const { block, lines } = this.sender.next(linesOf(name, count, fillBytes), count)
    const origin = { principal: 'web1', stream: 'ab'.repeat(16), peer: '192.0.2.1:1' }
    const refusal = intake.take(origin, block.head, lines)
    if (refusal !== undefined) throw new Error(refusal)
    intake.whenDurable(() => this.told.push(name))
  }

  get syncs(): number {
    return this.ops.filter(({ kind }) => kind === 'sync').length
  }

  lines(): string[] {
    if (this.store === undefined) throw new Error('not open')
    return this.disk.run(readLines(this.store.journal))
  }
}

void test('the first waits for company, and what comes during a commit is the next one', async (t) => {
  const place = new Place()
  const intake = await place.open()
  place.take(intake, 'a')
  place.take(intake, 'b')
  await place.clock.pass(1)
  t.same([place.told, place.syncs], [[], 0], 'nothing is said before the sync')
  place.isHeld = true
  await place.clock.pass(1)
  place.take(intake, 'c')
  await rest()
  t.same(place.told, [])
  place.isHeld = false
  place.release?.()
  await rest()
  t.same(place.told, ['a', 'b', 'committed', 'c', 'committed'], 'without another delay')
  t.equal(place.syncs, 4)
  t.same(place.lines().length, 3)
  t.end()
})

void test('with a delay of 0 the commit begins at once; nothing to wait for is told at once', async (t) => {
  const place = new Place()
  const intake = await place.open({ commitDelayMs: 0 })
  intake.whenDurable(() => place.told.push('at once'))
  place.take(intake, 'a')
  await rest()
  t.same(place.told, ['at once', 'a', 'committed'])
  t.end()
})

void test('a fork has no bytes, and is durable only with its own commit', async (t) => {
  const place = new Place()
  const intake = await place.open({ commitDelayMs: 0 })
  place.isHeld = true
  place.take(intake, 'a')
  await rest()
  const origin = { principal: 'web1', stream: 'cd'.repeat(16), peer: '' }
  t.equal(intake.fork(origin, { parent: 'ab'.repeat(16), atSeq: 1 }, Buffer.alloc(32, 1)), undefined)
  intake.whenDurable(() => place.told.push('fork'))
  place.isHeld = false
  place.release?.()
  await rest()
  t.same(place.told, ['a', 'committed', 'fork', 'committed'])
  t.end()
})

void test('no more is pending than one commit writes; who waits for room is called', async (t) => {
  const place = new Place()
  const intake = await place.open()
  for (let taken = 0; taken < 9; taken++) place.take(intake, `${taken}`, 1, MIB / 2 - 10)
  t.notOk(intake.hasRoom)
  intake.whenRoom(() => place.told.push('room'))
  intake.whenRoom(() => place.told.push('never'))()
  await place.clock.pass(10)
  t.same(
    place.told.filter((word) => word === 'room' || word === 'never'),
    ['room'],
  )
  t.same(
    place.told.filter((word) => word.length === 1),
    '012345678'.split(''),
  )
  t.ok(intake.hasRoom)
  t.end()
})

void test('a full disk: nothing is lost, nothing is said, and all goes on by itself', async (t) => {
  const place = new Place()
  const intake = await place.open()
  const states: DiskState[] = []
  intake.onDisk((disk) => states.push(disk))
  place.disk.interfere = ({ kind }) => (kind === 'write' ? 'ENOSPC' : 'do')
  place.take(intake, 'a')
  await place.clock.pass(20_000)
  t.same([intake.disk, intake.hasRoom], ['full', false])
  const tries = place.told.filter((word) => word === 'ENOSPC').length
  t.ok(tries >= 5 && tries <= 10, `tried again ever more slowly: ${tries}`)
  t.notOk(place.told.includes('a'))
  place.disk.interfere = () => 'do'
  await place.clock.pass(6000)
  t.same(place.told.at(-2), 'a')
  t.same([intake.disk, intake.hasRoom], ['ok', true])
  t.same(states, ['full', 'ok'])
  t.same(place.lines(), ['a.0 \n'])
  t.end()
})

void test('an error that costs a segment costs nothing else', async (t) => {
  const place = new Place()
  const intake = await place.open()
  place.take(intake, 'a')
  await place.clock.pass(10)
  let errors = 1
  place.disk.interfere = ({ kind }) => (kind === 'sync' && errors-- > 0 ? 'EIO' : 'do')
  place.take(intake, 'b')
  await place.clock.pass(10)
  t.same(place.told, ['a', 'committed', 'EIO cost a segment', 'b', 'committed'])
  t.equal(intake.disk, 'ok')
  t.same(place.lines(), ['a.0 \n', 'b.0 \n'])
  t.end()
})

void test('a disk that does not answer is told, and when it answers all goes on', async (t) => {
  const place = new Place()
  const intake = await place.open()
  place.isHeld = true
  place.take(intake, 'a')
  await place.clock.pass(29_000)
  t.equal(intake.disk, 'ok')
  await place.clock.pass(2000)
  t.same([intake.disk, intake.hasRoom], ['stalled', false])
  place.isHeld = false
  place.release?.()
  await rest()
  t.same([intake.disk, place.told], ['ok', ['a', 'committed']])
  t.end()
})

void test('free space is looked at', async (t) => {
  const place = new Place()
  const intake = await place.open()
  const states: DiskState[] = []
  intake.onDisk((disk) => states.push(disk))
  for (const free of [99, 101, 9, 10, 12, 1000]) {
    place.free = free
    await place.clock.pass(1000)
  }
  t.same(states, ['low', 'full', 'low', 'ok'])
  t.end()
})

void test('the last commit is made at the end', async (t) => {
  const place = new Place()
  const intake = await place.open()
  place.take(intake, 'a')
  await intake.close()
  t.same(place.told, ['a'])
  t.end()
})

void test('at the end nothing more is taken, or who goes on sending would hold it up for ever', async (t) => {
  const place = new Place()
  const intake = await place.open()
  place.take(intake, 'a')
  const closing = intake.close()
  t.equal(intake.hasRoom, false)
  t.equal(await closing, true)
  t.same(place.told, ['a'])
  t.end()
})

void test('at the end a disk that does not answer is not waited for', async (t) => {
  for (const isUnderWay of [true, false]) {
    const place = new Place()
    const intake = await place.open()
    place.isHeld = true
    place.take(intake, 'a')
    if (isUnderWay) await place.clock.pass(10)
    const closing = intake.close()
    await place.clock.pass(2000)
    t.equal(await closing, false)
    t.same(place.told, [], 'and nothing is said to be durable')
  }
  t.end()
})

void test('what a disk is fit for', (t) => {
  const limits = { lowBytes: 100, reserveBytes: 10 }
  const well = { freeBytes: 1000, commitError: undefined, commitMs: 0 }
  t.equal(diskState(well, limits, 'full'), 'ok')
  t.equal(diskState({ ...well, commitError: 'EDQUOT' }, limits, 'ok'), 'full')
  t.equal(diskState({ ...well, commitError: 'EROFS' }, limits, 'ok'), 'failing')
  t.equal(diskState({ ...well, commitError: 'EROFS', commitMs: 30_000 }, limits, 'ok'), 'stalled')
  t.equal(diskState({ ...well, freeBytes: undefined }, limits, 'ok'), 'ok')
  t.end()
})
