import { test } from 'tap'
import { makeBlock, NO_SOURCE } from '../../../src/journal/block.js'
import { OWN_ORIGIN } from '../../../src/journal/entry.js'
import { ownChainAt } from '../../../src/journal/own-chain.js'
import { messagesOf } from '../../../plugins/remote-send/managed-messages.js'
import { mergedFrames } from '../../../plugins/remote-send/merged-frames.js'
import { glued, whole } from '../../remote/rmw/sham-auditd.js'
import { rmw } from '../../remote/rmw/wire.js'
import { testGapLine } from '../../journal/journal-world.js'
import { ManagedWorld } from './managed-world.js'

function record(n: number): string {
  return `type=USER msg=audit(1700000000.000:${n}): pid=${n}`
}

function endOf(n: number): string {
  return `type=EOE msg=audit(1700000000.000:${n}): `
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

void test('a spool goes over, in order, without ends of events', async (t) => {
  const world = new ManagedWorld(1)
  await world.start()
  await world.append(record(1), record(2), endOf(2))
  t.match(world.uplink.status, { protocol: 'managed', state: 'down', ackedSeq: 0, server: 'collector:60' })
  await world.settle()
  t.same(world.auditd.stored, [record(1), record(2)])
  for (const n of numbers(3, 40)) await world.append(record(n), endOf(n))
  await world.settle()
  t.same(world.auditd.stored, numbers(1, 40).map(record))
  const { journal } = world.store
  t.match(world.uplink.status, { state: 'up', ackedSeq: 79, connections: 1, sentBlocks: 39, skippedSeqs: 0 })
  t.equal(world.acked.at(-1)?.[0], journal.durablePosition)
  t.equal(world.acked.at(-1)?.[1], journal.durable()?.chain.toString('hex'), 'the chain behind the last block')
  t.same(world.says, ['well'])
  t.same(world.logs, ['info: auditd answers; records are sent'])
  await world.uplink.close()
  t.equal(world.uplink.status.state, 'closed')
  await world.pass(5)
  t.equal(world.net.open, 0)
})

void test('records within a block are settled with the chain before it', async (t) => {
  const world = new ManagedWorld(2, { window: 2 })
  await world.start()
  await world.append(...numbers(1, 5).map(record))
  await world.append(...numbers(6, 10).map(record))
  await world.settle()
  const chains = new Map(world.acked)
  const at = async (seq: number): Promise<string | undefined> =>
    (await world.store.read(ownChainAt(world.store.journal, seq)))?.toString('hex')
  t.equal(chains.get(10), await at(10))
  if (chains.has(5)) t.equal(chains.get(5), await at(5))
  for (const seq of [6, 7, 8, 9]) if (chains.has(seq)) t.equal(chains.get(seq), await at(5), `${seq}`)
  t.ok(chains.size > 2)
  await world.uplink.close()
})

void test('a new process goes on within a block', async (t) => {
  const world = new ManagedWorld(3, { window: 2 })
  await world.start()
  await world.append(...numbers(1, 40).map(record))
  await world.time.run(Infinity, () => world.uplink.status.ackedSeq >= 12)
  const stored = world.auditd.stored.length
  await world.kill()
  await world.settle()
  t.same(new Set(world.auditd.stored), new Set(numbers(1, 40).map(record)))
  const repeated = world.auditd.stored.length - 40
  t.ok(repeated <= stored, `${repeated} again of ${stored}`)
  await world.uplink.close()
})

void test('while the cursor cannot be saved, no more than four windows go over', async (t) => {
  const world = new ManagedWorld(9, { window: 70 })
  await world.start()
  await world.append(...numbers(1, 900).map(record))
  const open = world.holdWrites()
  await world.settle(20_000)
  t.same([world.auditd.stored.length, world.uplink.status.ackedSeq], [280, 280])
  open()
  await world.settle()
  t.same(world.auditd.stored, numbers(1, 900).map(record))
  await world.uplink.close()
})

void test('many records on their way: answers gather, and the cursor is saved once a window', async (t) => {
  const world = new ManagedWorld(13, { window: 256 })
  world.segmentBytes = 1024 * 1024
  world.areAnswersApart = true
  world.net.weather = { latencyMs: 0, bytesPerMs: 16 * 100, resetOneIn: 0 }
  await world.start()
  const { interfere } = world.disk
  let saves = 0
  world.disk.interfere = (op) => {
    if (op.kind === 'write' && op.file.startsWith('cursor')) saves++
    return interfere(op)
  }
  await world.append(...numbers(1, 5120).map(record))
  await world.settle()
  t.same(world.auditd.stored, numbers(1, 5120).map(record))
  t.ok(world.writes < 512, `${world.writes} writes`)
  t.ok(saves > 0 && saves <= 5120 / 256 + 2, `${saves} saves`)
  t.equal(world.store.journal.acked.seq, 5120)
  await world.uplink.close()
})

void test('what auditd would cut is told in its place', async (t) => {
  const world = new ManagedWorld(4)
  await world.start()
  const longest = `type=USER msg=${'x'.repeat(8954 - 14)}`
  await world.append(record(1), `${longest}x`, longest, record(4))
  await world.settle()
  t.equal(world.auditd.stored.length, 4)
  t.match(world.auditd.stored[1], /'op=journal-loss reason=too-long first=2 last=2 lost=1 res=failed'$/)
  t.same(
    [0, 2, 3].map((index) => world.auditd.stored[index]),
    [record(1), longest, record(4)],
  )
  t.ok(world.logs.includes('warn: records longer than auditd takes; a notice is sent in place of each'))
  await world.uplink.close()
})

void test('what was freed is told; what is damaged is told, or waits for the admin', async (t) => {
  for (const onDamage of ['skip', 'stop'] as const) {
    const world = new ManagedWorld(5)
    world.onDamage = onDamage
    await world.start()
    for (const n of numbers(1, 60)) await world.append(record(n), 'x'.repeat(2000))
    await world.uplink.close()
    const { journal } = world.store
    t.ok((await world.store.write(() => journal.purge(20))) > 0)
    const [, middle] = journal.segments
    t.ok(middle !== undefined && middle.firstSeq < 60)
    const log = `${String(middle?.firstSeq).padStart(20, '0')}.log`
    world.disk.run(
      (function* () {
        yield [{ kind: 'write', file: log, at: 10, chunks: [Buffer.from('damage')] }]
      })(),
    )
    await world.start()
    await world.settle(60_000)
    const [freed, ...holes] = world.auditd.stored.filter((line) => line.includes('journal-hole'))
    t.match(freed, / reason=freed first=1 last=18 lost=18 /)
    t.equal(world.logs.filter((line) => /^damaged [0-9]+-[0-9]+$/.test(line)).length, 1)
    if (onDamage === 'skip') {
      t.equal(world.uplink.status.ackedSeq, journal.durablePosition)
      t.match(holes, [/'op=journal-hole reason=damaged first=[0-9]+ last=[0-9]+ lost=2 res=failed'$/])
      t.equal(world.auditd.stored.at(-2), record(60))
      t.ok(world.uplink.status.skippedSeqs > 2)
    } else {
      t.same(holes, [])
      t.ok(world.uplink.status.ackedSeq < journal.durablePosition)
      t.match(world.uplink.status.lastError, /^the spool is damaged from seq [0-9]+ to [0-9]+$/)
      world.onDamage = 'skip'
      world.uplink.resume()
      await world.settle(60_000)
      t.equal(world.auditd.stored.at(-2), record(60), 'the admin has said so')
    }
    await world.uplink.close()
  }
})

void test('what was freed unsent is told in its place, however much it is', async (t) => {
  const world = new ManagedWorld(10)
  await world.start()
  for (let first = 1; first <= 1000; first += 50) await world.append(...numbers(first, first + 49).map(record))
  await world.uplink.close()
  const { journal } = world.store
  await world.store.write(() => journal.purge(900))
  const first = journal.firstPosition
  t.ok(first > 500)
  await world.start()
  await world.settle(60_000)
  const [hole, ...records] = world.auditd.stored
  t.match(hole, new RegExp(`'op=journal-hole reason=freed first=1 last=${first - 1} lost=${first - 1} res=failed'$`))
  t.same(records, numbers(first, 1000).map(record))
  t.equal(world.uplink.status.ackedSeq, 1000)
  await world.uplink.close()
})

void test('a segment that is freed while it is read is no damage', async (t) => {
  const world = new ManagedWorld(11)
  // More of the log than is read at once, and less of the index.
  world.segmentBytes = 2 * 1024 * 1024
  await world.start()
  await world.uplink.close()
  for (const n of numbers(1, 400)) await world.append(`${record(n)} ${'x'.repeat(8000)}`)
  const { journal } = world.store
  await world.kill()
  world.uplink.suspend()
  await world.pass(2000)
  const [, second] = world.store.journal.segments
  await world.store.write(() => world.store.journal.purge((second?.firstSeq ?? 0) - 1))
  world.uplink.resume()
  await world.settle(60_000)
  t.equal(world.uplink.status.ackedSeq, journal.durablePosition)
  t.same(
    world.logs.filter((line) => line.startsWith('damaged')),
    [],
  )
  t.equal(world.auditd.stored.filter((line) => line.includes('reason=freed')).length, 1)
  await world.uplink.close()
})

void test('an index that has become shorter is damage, and not what was freed', async (t) => {
  const world = new ManagedWorld(12)
  await world.start()
  for (const n of numbers(1, 60)) await world.append(record(n), 'x'.repeat(2000))
  await world.uplink.close()
  const [, middle] = world.store.journal.segments
  const idx = `${String(middle?.firstSeq).padStart(20, '0')}.idx`
  world.disk.run(
    (function* () {
      yield [{ kind: 'truncate', file: idx, bytes: 1000 }]
    })(),
  )
  await world.start()
  await world.settle(60_000)
  t.equal(world.logs.filter((line) => line.startsWith('damaged')).length, 1)
  t.ok(world.uplink.status.ackedSeq < 60)
  await world.uplink.close()
})

void test('a full disk over there, an end, a silent net', async (t) => {
  const world = new ManagedWorld(6)
  await world.start()
  await world.append(record(1))
  await world.settle()
  world.auditd.disk = 'full'
  await world.append(record(2), record(3))
  await world.pass(3000)
  t.same([world.uplink.status.ackedSeq, world.says], [1, ['well', 'disk-full: disk full']])
  world.auditd.disk = 'ok'
  await world.settle()
  t.same(world.auditd.stored, numbers(1, 3).map(record), 'nothing is glued to what the full disk has cut')
  t.equal(world.says.at(-1), 'well')
  for (const connection of world.net.all) connection.far.isSwallowed = true
  await world.append(record(4))
  await world.settle()
  t.same(world.auditd.stored, [...numbers(1, 4), 4].map(record), 'its answer was lost, so it comes again')
  t.match(world.uplink.status, { state: 'up', lastError: 'no answer', connections: 2 })
  t.ok(world.logs.includes('warn: the connection to auditd is gone; trying again'))
  await world.uplink.close()
})

void test('garbage from over there ends a connection', async (t) => {
  const world = new ManagedWorld(7)
  await world.start()
  await world.append(record(1))
  await world.settle()
  for (const { far } of world.net.all) far.write([Buffer.from('HTTP/1.1 400 \x1b[2J')])
  await world.pass(3)
  t.equal(world.uplink.status.lastError, 'a message begins with 48545450')
  await world.append(record(2))
  await world.settle()
  t.same(world.auditd.stored, numbers(1, 2).map(record))
  await world.uplink.close()
})

void test('a disk that gives errors holds nothing up for good', async (t) => {
  const world = new ManagedWorld(10)
  await world.start()
  world.disk.interfere = (op) => (op.kind === 'read' ? 'EIO' : 'do')
  await world.append(record(1))
  await world.pass(5000)
  t.equal(world.auditd.stored.length, 0)
  t.match(world.uplink.status.lastError, /EIO/)
  world.disk.interfere = (op) => ('file' in op && op.file.startsWith('cursor') ? 'EIO' : 'do')
  await world.append(...numbers(2, 600).map(record))
  await world.settle()
  t.same(world.auditd.stored, numbers(1, 600).map(record), 'without a cursor, too')
  t.ok(world.logs.includes('warn: the spool cannot be read; trying again'))
  t.equal(world.logs.filter((line) => line === 'warn: the cursor cannot be saved; records may repeat').length, 1)
  await world.uplink.close()
})

void test('a LOSS of the spool goes over as the one line that it is', async (t) => {
  const world = new ManagedWorld(11)
  await world.start()
  await world.append(record(1))
  const note = { reason: 'queue-full', lost: 7, fromSource: 2, toSource: 8 }
  world.store.journal.lose(note, { run: Buffer.alloc(16, 1), seq: 8 })
  await world.append(record(3))
  await world.settle()
  t.equal(world.auditd.stored.length, 3)
  t.match(world.auditd.stored[1], /'op=journal-loss reason=queue-full .*lost=7 res=failed'$/)
  await world.uplink.close()
})

void test('a line that stands for many seqs goes over under the last of them', (t) => {
  const line = Buffer.from('type=TRUSTED_APP damaged\n')
  const before = Buffer.alloc(32, 1)
  const draft = { kind: 'loss', firstSeq: 5, count: 10, lines: 1, wallMs: 1, source: NO_SOURCE, before } as const
  const block = makeBlock({ ...draft, note: Buffer.alloc(0), statedChain: Buffer.alloc(32, 2) }, [line])
  const entry = { origin: OWN_ORIGIN, position: 5, offset: 0, since: 0, takenMs: 1, block, size: 1 }
  const { records, tooLong } = messagesOf(entry, line, 5, testGapLine)
  t.same(records, [{ seq: 14, frame: rmw(0, 15, line) }])
  t.equal(tooLong, 0)
  t.end()
})

void test('suspended, nothing more goes over', async (t) => {
  const world = new ManagedWorld(8)
  await world.start()
  await world.append(record(1))
  await world.settle()
  world.uplink.suspend()
  await world.append(record(2))
  await world.pass(60_000)
  t.same([world.auditd.stored.length, world.uplink.status.state], [1, 'suspended'])
  world.uplink.resume()
  await world.settle()
  t.same(world.auditd.stored, numbers(1, 2).map(record))
  await world.uplink.close()
})

void test('whatever breaks, nothing is lost, and repeated only by what broke', async (t) => {
  let dials = 0
  let kills = 0
  let repeated = 0
  for (const seed of numbers(1, 12)) {
    const window = 1 + (seed % 3) * 7
    const world = new ManagedWorld(seed, { window })
    const { random } = world
    await world.start()
    let n = 0
    for (let round = 0; round < 30; round++) {
      const count = 1 + random.below(12)
      const records = numbers(n + 1, n + count).map((each) => (each % 5 === 0 ? endOf(each) : record(each)))
      await world.append(...records)
      n += count
      world.net.weather = {
        latencyMs: random.below(40),
        bytesPerMs: 1 + random.below(2000),
        resetOneIn: random.below(2) * 20,
      }
      world.auditd.disk = random.oneOf(['ok', 'ok', 'ok', 'low', 'full', 'error'])
      await world.pass(random.below(1500))
      if (random.below(6) === 0) await world.kill()
    }
    world.auditd.disk = 'ok'
    world.net.weather = { latencyMs: 1, bytesPerMs: 1000, resetOneIn: 0 }
    await world.settle()
    const wanted = numbers(1, n)
      .filter((each) => each % 5 !== 0)
      .map(record)
    const stored = whole(world.auditd.stored)
    t.same(new Set([...stored, ...glued(world.auditd.stored)]), new Set(wanted), `seed ${seed}: all of it`)
    const again = stored.length - new Set(stored).size
    t.ok(again <= window * world.dials + 256 * world.kills, `seed ${seed}: ${again} again`)
    dials += world.dials
    kills += world.kills
    repeated += again
    await world.uplink.close()
  }
  t.ok(dials > 100 && kills > 20 && repeated > 50, `${dials} connections, ${kills} kills, ${repeated} records again`)
})

void test('frames that lie side by side are one piece', (t) => {
  const memory = Buffer.from('abcdefgh')
  const pieces = [memory.subarray(0, 2), memory.subarray(2, 5), memory.subarray(6, 8), Buffer.alloc(3, '!')]
  const merged = mergedFrames(pieces)
  t.same(
    merged.map((piece) => Buffer.from(piece).toString()),
    ['abcde', 'gh', '!!!'],
  )
  t.same(mergedFrames([]), [])
  t.end()
})
