import { test } from 'tap'
import type { OnFull } from '../../../plugins/remote-send/admin-action.js'
import { RESERVE_BYTES } from '../../../plugins/remote-send/room.js'
import { Spool, type SpoolOptions } from '../../../plugins/remote-send/spool.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { quietWorld, readAll, readLines } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock, rest } from '../remote-recv/hand-clock.js'

const RUN = Buffer.alloc(16, 1)
const OTHER_RUN = Buffer.alloc(16, 2)
const OPTIONS: SpoolOptions = {
  maxBytes: 1e9,
  minFsFree: { kind: 'bytes', bytes: 0 },
  onFull: { kind: 'block' },
}

/** A spool on a disk in memory, and what it tells the world. */
class Scene {
  readonly disk: MemoryDisk
  readonly clock = new HandClock()
  readonly acks: number[] = []
  readonly said: string[] = []
  readonly troubles: string[] = []
  #store: JournalStore | undefined
  #spool: Spool | undefined
  from: number | undefined

  constructor(disk = new MemoryDisk(new Random(1))) {
    this.disk = disk
  }

  async open(options: Partial<SpoolOptions> = {}, run = RUN, segmentBytes = 2000): Promise<void> {
    this.#store = await JournalStore.over(this.disk.port, quietWorld(), { segmentBytes })
    const host = {
      store: this.#store,
      clock: this.clock,
      log: (level: string, text: string) => this.said.push(`${level} ${text}`),
      ack: (seq: number) => this.acks.push(seq),
      changed: () => {},
      troubled: (what: string) => this.troubles.push(what),
    }
    this.#spool = await Spool.open(host, { ...OPTIONS, ...options })
    this.from = this.spool.begin(run)
  }

  get store(): JournalStore {
    if (this.#store === undefined) throw new Error('not open')
    return this.#store
  }

  get spool(): Spool {
    if (this.#spool === undefined) throw new Error('not open')
    return this.#spool
  }

  /** Of a record. */
  recordBytes = 100

  /** Of all files. */
  get bytes(): number {
    return [...this.disk.files.values()].reduce((sum, { length }) => sum + length, 0)
  }

  /** Records with these seqs of the dispatcher. */
  gives(...seqs: readonly number[]): Promise<void> | undefined {
    return this.spool.take([
      {
        bytes: Buffer.from(seqs.map((seq) => lineOf(seq, this.recordBytes)).join('')),
        count: seqs.length,
        last: seqs.at(-1) ?? 0,
      },
    ])
  }

  /** Seqs of records, and of each LOSS the records that it tells of. */
  async contents(): Promise<(number | string)[]> {
    const lines = (await this.store.read(readLines(this.store.journal))).join('')
    return lines
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [, seq] = /^record (\d+) /.exec(line) ?? []
        const [, reason, first, last, lost] =
          /op=journal-loss reason=(\S+) (?:source-first=(\d+) source-last=(\d+) )?lost=(\w+)/.exec(line) ?? []
        return seq === undefined ? `${reason} ${first}-${last} ${lost}` : Number(seq)
      })
  }
}

function lineOf(seq: number, bytes: number): string {
  return `record ${seq} ${'x'.repeat(bytes)}\n`
}

void test('a record is acknowledged when it is synced, and those that come meanwhile share the next commit', async (t) => {
  const scene = new Scene()
  await scene.open()
  let acksAtSync: number[] = []
  scene.disk.onOp = (op) => {
    if (op.kind === 'sync') acksAtSync = [...scene.acks]
  }
  void scene.gives(3)
  void scene.gives(4)
  void scene.gives(7, 9)
  await rest()
  t.same(acksAtSync, [], 'nothing is acknowledged before the sync is done')
  await scene.clock.pass(0)
  t.equal(scene.acks.at(-1), 9)
  t.ok(scene.acks.length <= 2, 'three batches are at most two commits')
  t.same(await scene.contents(), [3, 4, 7, 9])
})

void test('after a death the dispatcher is told from where to go on; another run of it begins anew', async (t) => {
  const scene = new Scene()
  await scene.open()
  t.equal(scene.from, undefined)
  void scene.gives(5, 6)
  await scene.clock.pass(0)
  const again = new Scene(new MemoryDisk(new Random(2), scene.disk.onlyDurable))
  await again.open()
  t.equal(again.from, 7)
  void again.gives(7)
  await again.clock.pass(0)
  t.same(await again.contents(), [5, 6, 7])
  const other = new Scene(new MemoryDisk(new Random(3), again.disk.onlyDurable))
  await other.open({}, OTHER_RUN)
  t.equal(other.from, undefined)
  void other.gives(1)
  await other.clock.pass(0)
  t.same(await other.contents(), [5, 6, 7, 1])
  t.same(other.acks, [1])
})

void test('what the dispatcher has lost is a LOSS in its place', async (t) => {
  const scene = new Scene()
  await scene.open()
  void scene.gives(1)
  scene.spool.gap(4, 2, 5, 'queue-full')
  void scene.gives(6)
  scene.spool.gap(0, 7, 7, 'input-gap')
  await scene.clock.pass(0)
  t.same(await scene.contents(), [1, 'dispatcher-queue-full 2-5 4', 6, 'dispatcher-input-gap 7-7 unknown'])
  t.equal(scene.acks.at(-1), 7)
})

void test('block: what there is no room for is not acknowledged, and goes in when there is', async (t) => {
  const scene = new Scene()
  await scene.open({ maxBytes: 0 })
  void scene.gives(1, 2)
  await scene.clock.pass(5000)
  t.same([scene.acks, await scene.contents()], [[], []])
  t.match(scene.spool.status, { fullness: { kind: 'full', reason: 'max-bytes' }, heldRecords: 2, droppedRecords: 0 })
  t.same(scene.troubles, ['overflow'], 'told once')
  scene.spool.use(OPTIONS)
  await scene.clock.pass(0)
  t.same([scene.acks, await scene.contents()], [[2], [1, 2]])
  t.match(scene.spool.status, { fullness: { kind: 'room' }, heldRecords: 0 })
})

void test('block: more than fits memory waits at the handler', async (t) => {
  const scene = new Scene()
  await scene.open({ maxBytes: 0 })
  const bytes = Buffer.alloc(1024 * 1024, 'x\n')
  let waiting: Promise<void> | undefined
  for (let seq = 1; waiting === undefined; seq++) waiting = scene.spool.take([{ bytes, count: 1, last: seq }])
  let isOver = false
  void waiting.then(() => (isOver = true))
  await scene.clock.pass(3000)
  t.notOk(isOver)
  scene.spool.end()
  await rest()
  t.ok(isOver, 'the end is not held up')
  t.equal(scene.spool.take([{ bytes, count: 1, last: 1000 }]), undefined)
  await scene.spool.close()
  t.same(scene.acks, [])
})

void test('what the other side has is freed first, whatever is to be done about a full spool', async (t) => {
  const scene = new Scene()
  scene.recordBytes = 20_000
  await scene.open({}, RUN, 60_000)
  for (let seq = 1; seq <= 40; seq++) {
    void scene.gives(seq)
    await scene.clock.pass(0)
  }
  scene.store.journal.acknowledge({ seq: 30, chain: Buffer.alloc(32) })
  scene.spool.use({ ...OPTIONS, maxBytes: scene.bytes + RESERVE_BYTES + 50 })
  void scene.gives(41)
  await scene.clock.pass(1000)
  t.equal(scene.acks.at(-1), 41)
  const [first] = await scene.contents()
  t.ok(Number(first) > 20 && Number(first) <= 31, `from ${first} on, and nothing else`)
  t.notOk(scene.said.some((line) => line.includes('freed')))
})

void test('drop_newest: dropped records are acknowledged when they are counted on disk, and one LOSS tells of them', async (t) => {
  const scene = new Scene()
  await scene.open({ onFull: { kind: 'drop_newest' } })
  void scene.gives(1)
  await scene.clock.pass(0)
  scene.spool.use({ ...OPTIONS, onFull: { kind: 'drop_newest' }, maxBytes: 0 })
  void scene.gives(2, 3)
  await scene.clock.pass(0)
  void scene.gives(6)
  scene.spool.gap(2, 7, 8, 'queue-full')
  await scene.clock.pass(0)
  t.same([scene.acks, await scene.contents()], [[1, 3, 8], [1]])
  t.equal(scene.spool.status.droppedRecords, 5)
  const again = new Scene(new MemoryDisk(new Random(2), scene.disk.onlyDurable))
  await again.open({ onFull: { kind: 'drop_newest' }, maxBytes: 0 })
  t.equal(again.from, 9, 'and they do not come again')
  t.same(await again.contents(), [1, 'spool-full 2-8 5'])
  void again.gives(9)
  await again.clock.pass(0)
  again.spool.use(OPTIONS)
  void again.gives(10)
  await again.clock.pass(0)
  t.same(await again.contents(), [1, 'spool-full 2-8 5', 'spool-full 9-9 1', 10])
})

void test('drop_newest: nothing is acknowledged that the disk did not count, or that stands behind what it has not got', async (t) => {
  const scene = new Scene()
  const onFull: OnFull = { kind: 'drop_newest' }
  await scene.open({ onFull })
  const failing = (of: RegExp): void => {
    scene.disk.interfere = (op) => (op.kind === 'write' && of.test(op.file) ? 'EIO' : 'do')
  }
  failing(/log$/)
  void scene.gives(1)
  await scene.clock.pass(0)
  void scene.gives(2)
  await scene.clock.pass(1500)
  t.same(scene.acks, [], '2 is counted, and 1 is nowhere yet')
  failing(/./)
  void scene.gives(3)
  await scene.clock.pass(1500)
  failing(/dropped/)
  await scene.clock.pass(1500)
  t.same(
    [scene.acks, await scene.contents()],
    [
      [1, 3],
      [1, 'spool-full 2-3 2'],
    ],
  )
  scene.spool.use({ ...OPTIONS, onFull, maxBytes: 0 })
  failing(/none/)
  await scene.clock.pass(1500)
  failing(/dropped/)
  void scene.gives(4)
  await scene.clock.pass(1500)
  t.equal(scene.acks.at(-1), 3, '4 is counted nowhere')
  failing(/none/)
  await scene.clock.pass(1500)
  t.equal(scene.acks.at(-1), 4)
})

void test('killed while records were counted behind a commit that had failed: all of them come again', async (t) => {
  const scene = new Scene()
  const onFull: OnFull = { kind: 'drop_newest' }
  await scene.open({ onFull })
  void scene.gives(1)
  await scene.clock.pass(0)
  scene.disk.interfere = (op) => (op.kind === 'write' && op.file.endsWith('.log') ? 'ENOSPC' : 'do')
  void scene.gives(2)
  await scene.clock.pass(0)
  void scene.gives(3, 4)
  await scene.clock.pass(1500)
  t.same([scene.acks, scene.spool.status.droppedRecords], [[1], 2])
  const again = new Scene(new MemoryDisk(new Random(2), scene.disk.onlyDurable))
  await again.open({ onFull })
  t.equal(again.from, 2)
  void again.gives(2)
  await again.clock.pass(0)
  const third = new Scene(new MemoryDisk(new Random(3), again.disk.onlyDurable))
  await third.open({ onFull })
  t.equal(third.from, 3, 'the count is forgotten on disk')
  void third.gives(3, 4)
  await third.clock.pass(0)
  t.same(await third.contents(), [1, 2, 3, 4])
})

void test('suspend: nothing is taken until the admin says so', async (t) => {
  const scene = new Scene()
  const onFull: OnFull = { kind: 'suspend' }
  await scene.open({ onFull })
  scene.disk.space = { freeBytes: 10, totalBytes: 1000 }
  scene.spool.use({ ...OPTIONS, onFull, minFsFree: { kind: 'share', percent: 5 } })
  void scene.gives(1)
  await scene.clock.pass(0)
  scene.disk.space = { freeBytes: 1e9, totalBytes: 1e9 }
  await scene.clock.pass(5000)
  void scene.gives(2)
  await scene.clock.pass(0)
  t.same([scene.acks, await scene.contents()], [[1, 2], []])
  scene.spool.resume()
  void scene.gives(3)
  await scene.clock.pass(0)
  t.same(
    [scene.acks, await scene.contents()],
    [
      [1, 2, 3],
      ['spool-full 1-2 2', 3],
    ],
  )
})

void test('drop_oldest: segments that nobody has are freed, and no LOSS is entered for what the uplink tells of', async (t) => {
  const scene = new Scene()
  const onFull: OnFull = { kind: 'drop_oldest' }
  await scene.open({ onFull })
  for (let seq = 1; seq <= 40; seq++) {
    void scene.gives(seq)
    await scene.clock.pass(0)
  }
  scene.store.journal.acknowledge({ seq: 3, chain: Buffer.alloc(32) })
  scene.spool.use({ ...OPTIONS, onFull, maxBytes: scene.bytes + RESERVE_BYTES + 50 })
  void scene.gives(41)
  await scene.clock.pass(1000)
  t.equal(scene.acks.at(-1), 41)
  const contents = await scene.contents()
  const [first = ''] = contents
  t.ok(Number(first) > 4 && contents.at(-1) === 41)
  t.same(
    contents.filter((item) => typeof item === 'string'),
    [],
  )
  t.equal(scene.spool.status.droppedRecords, Number(first) - 4)
  const again = new Scene(new MemoryDisk(new Random(2), scene.disk.onlyDurable))
  await again.open()
  t.equal(again.store.journal.acked.seq, 3, 'what was acknowledged is not taken for lost after a death')
})

void test('a full disk is tried again and again, and nothing is lost or needs a restart', async (t) => {
  for (const code of ['ENOSPC', 'EIO']) {
    const scene = new Scene()
    await scene.open()
    scene.disk.interfere = (op) => (op.kind === 'write' ? code : 'do')
    void scene.gives(1)
    await scene.clock.pass(1500)
    void scene.gives(2)
    await scene.clock.pass(1500)
    t.same(scene.acks, [])
    t.match(scene.spool.status, { commitError: code, fullness: { kind: 'full' } })
    t.same(scene.troubles, ['queue-error', 'overflow'])
    scene.disk.interfere = () => 'do'
    await scene.clock.pass(2500)
    t.same([scene.acks.at(-1), await scene.contents()], [2, [1, 2]])
    t.match(scene.spool.status, { commitError: '', fullness: { kind: 'room' } })
  }
})

void test('a disk that hangs is told of, and that it is over', async (t) => {
  const scene = new Scene()
  await scene.open()
  const { port } = scene.disk
  let goOn: () => void = () => {}
  const slow = new Promise<void>((resolve) => (goOn = resolve))
  t.ok(port)
  scene.store.write = async (begin) => {
    await slow
    return scene.store.read(begin())
  }
  void scene.gives(1)
  await scene.clock.pass(31_000)
  t.equal(scene.spool.status.isStalled, true)
  goOn()
  await scene.clock.pass(0)
  t.equal(scene.spool.status.isStalled, false)
  t.equal(scene.said.length, 2)
})

void test('the end: what is held is made durable and acknowledged, without a word of the network', async (t) => {
  const scene = new Scene()
  await scene.open()
  void scene.gives(1)
  void scene.gives(2)
  await scene.spool.close()
  t.equal(scene.acks.at(-1), 2)
  void scene.gives(3)
  await scene.clock.pass(5000)
  t.equal(scene.acks.at(-1), 2, 'what comes later is left to the next process')
})

void test('power fails at any operation: what was acknowledged is there once, in order, or counted in a LOSS', async (t) => {
  let images = 0
  for (let seed = 1; seed <= 6; seed++) {
    const scene = new Scene(new MemoryDisk(new Random(seed)))
    const random = new Random(seed)
    const taken: { readonly files: ReadonlyMap<string, Buffer>; readonly acked: number }[] = []
    const onFull: OnFull = { kind: 'drop_newest' }
    await scene.open({ onFull })
    scene.disk.onOp = () => {
      taken.push({ files: scene.disk.image(512), acked: scene.acks.at(-1) ?? 0 })
    }
    let seq = 0
    for (let round = 0; round < 12; round++) {
      scene.spool.use({ ...OPTIONS, onFull, maxBytes: random.below(3) === 0 ? 0 : 1e9 })
      const count = 1 + random.below(3)
      void scene.gives(...Array.from({ length: count }, () => ++seq))
      if (random.below(2) === 0) await scene.clock.pass(random.below(1500))
    }
    for (const { files, acked } of taken) {
      images++
      const again = new Scene(new MemoryDisk(new Random(seed), files))
      await again.open({ onFull })
      const safe = (again.from ?? 1) - 1
      if (safe < acked) t.fail(`seed ${seed}: ${acked} was acknowledged, and ${safe} is there`)
      for (let next = safe + 1; next <= seq + 1; next++) void again.gives(next)
      await again.clock.pass(2000)
      const seen = (await again.contents()).flatMap((item) => (typeof item === 'number' ? [item] : seqsOf(item)))
      const expected = Array.from({ length: seq + 1 }, (_, index) => index + 1)
      if (seen.join() !== expected.join()) t.fail(`seed ${seed}: ${seen.join()}`)
      const items = await again.store.read(readAll(again.store.journal))
      if (items.some(({ kind }) => kind === 'damage')) t.fail('damage')
    }
  }
  t.ok(images > 200, `${images} images`)
})

/** The seqs that a LOSS tells of. */
function seqsOf(loss: string): number[] {
  const [, first, last, lost] = /^spool-full (\d+)-(\d+) (\d+)$/.exec(loss) ?? []
  const from = Number(first)
  if (Number(last) - from + 1 !== Number(lost)) throw new Error(loss)
  return Array.from({ length: Number(lost) }, (_, index) => from + index)
}
