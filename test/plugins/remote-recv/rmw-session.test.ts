import { test, type Test } from 'tap'
import { RmwLimits } from '../../../plugins/remote-recv/rmw-limits.js'
import { RMW_STREAM } from '../../../plugins/remote-recv/rmw-senders.js'
import { StreamLedger } from '../../../plugins/remote-recv/stream-ledger.js'
import { rmw } from '../../remote/rmw/wire.js'
import { RmwPlace } from './rmw-place.js'

const HEARTBEAT = 1

async function place(): Promise<RmwPlace> {
  const there = new RmwPlace()
  await there.open()
  return there
}

function record(sequence: number, text = `type=USER record ${sequence}`): Buffer {
  return rmw(0, sequence, `${text}\n`)
}

function acks(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `ack ${from + index}`)
}

void test('answered when it is durable, and not before', async (t) => {
  const there = await place()
  const connection = there.connect()
  connection.send(record(2), rmw(HEARTBEAT, 3), record(4))
  t.same(connection.answers, [])
  await there.commit()
  t.same(connection.answers, acks(2, 4), 'in order, and each its own')
  t.same(await there.lines(), ['type=USER record 2', 'type=USER record 4'])
  connection.send(rmw(HEARTBEAT, 5))
  t.same(connection.answers, acks(2, 5), 'nothing to wait for')
})

void test('each identity is one stream, whatever its connections', async (t) => {
  const there = await place()
  const [first, second, other] = [there.connect(), there.connect(), there.connect('198.51.100.1')]
  first.send(record(2, 'a'))
  second.send(record(2, 'b'))
  other.send(record(2, 'c'))
  first.send(record(3, 'd'))
  await there.commit()
  t.same(
    [first, second, other].map(({ answers }) => answers),
    [acks(2, 3), acks(2, 2), acks(2, 2)],
  )
  t.same(await there.lines(), ['a', 'b', 'c', 'd'])
  t.same(
    [...there.senders].map(({ name }) => name),
    ['192.0.2.7', '198.51.100.1'].map((principal) => ({ principal, stream: RMW_STREAM })),
  )
})

void test('the record in doubt comes again, and is there once', async (t) => {
  const there = await place()
  const first = there.connect()
  first.send(record(2), record(3))
  await there.commit()
  first.cut()
  const second = there.connect()
  second.send(record(3), record(4))
  await there.commit()
  t.same(second.answers, acks(3, 4))
  t.same(await there.lines(), ['type=USER record 2', 'type=USER record 3', 'type=USER record 4'])
  t.equal([...there.senders][0]?.repeated, 1)
})

void test('also while the first is not durable yet: its answer waits', async (t) => {
  const there = await place()
  there.connect().send(record(2))
  const second = there.connect()
  second.send(record(2))
  t.same(second.answers, [])
  await there.commit()
  t.same(second.answers, acks(2, 2))
  t.same(await there.lines(), ['type=USER record 2'])
})

void test('also after a restart of ours', async (t) => {
  const there = await place()
  there.connect().send(record(2))
  there.connect('other').send(record(9))
  await there.commit()
  await there.open()
  const again = there.connect()
  again.send(record(2), record(3))
  await there.commit()
  t.same(again.answers, acks(2, 3))
  t.same(await there.lines(), ['type=USER record 2', 'type=USER record 9', 'type=USER record 3'])
})

void test('what was not durable before a restart is taken anew', async (t) => {
  const there = await place()
  there.connect().send(record(2))
  await there.open()
  const again = there.connect()
  again.send(record(2))
  await there.commit()
  t.same([again.answers, await there.lines()], [acks(2, 2), ['type=USER record 2']])
})

void test('a sender that was restarted may repeat: kept, and counted', async (t) => {
  const there = await place()
  there.connect().send(record(7, 'same'))
  await there.commit()
  const again = there.connect()
  again.send(record(2, 'same'))
  await there.commit()
  t.same([again.answers, await there.lines()], [acks(2, 2), ['same', 'same']])
  t.match([...there.senders][0], { repeated: 0, likelyRepeated: 1 })
  t.same(there.logs, ['a record may have come again, from a sender that was restarted; it is kept'])
})

void test('cut anywhere, a piece of a record is not taken', async (t) => {
  const wire = Buffer.concat([record(2), record(3)])
  const wrong: number[] = []
  for (let cut = 0; cut <= wire.length; cut += 3) {
    const there = await place()
    const first = there.connect()
    first.send(wire.subarray(0, cut))
    await there.commit()
    first.cut()
    const second = there.connect()
    second.send(...(first.answers.length === 0 ? [record(2), record(3)] : [record(3)]))
    await there.commit()
    const lines = await there.lines()
    if (lines.join() !== 'type=USER record 2,type=USER record 3') wrong.push(cut)
  }
  t.same(wrong, [])
})

void test('what breaks the protocol is not answered; what came before it is', async (t) => {
  const broken: readonly (readonly [Buffer, string])[] = [
    [rmw(0x42, 3, 'type=A\n'), 'a message of type 0x42'],
    [rmw(0x40000000, 3), 'a message of type 0x40000000'],
    [rmw(0, 3, '\n'), 'a record without a byte'],
    [Buffer.from('type=A\n'), 'a message begins with 74797065'],
    [rmw(0, 3, 'x'.repeat(8971)), 'a message claims a payload of 8971 bytes'],
  ]
  for (const [bytes, reason] of broken) {
    const there = await place()
    const connection = there.connect()
    connection.send(record(2), bytes, record(4))
    t.equal(connection.link.state, 'open', 'the answer is still to come')
    connection.send(record(5))
    await there.commit()
    t.same([connection.answers, connection.link.state], [acks(2, 2), 'ended'], reason)
    t.same([there.strikes, await there.lines()], [[reason], ['type=USER record 2']])
    const alone = there.connect()
    alone.send(bytes)
    t.same([alone.answers, alone.link.state], [[], 'ended'], 'at once')
  }
})

void test('a full disk: never DISKFULL, but an end; and what was taken stays', async (t) => {
  const there = await place()
  const connection = there.connect()
  there.disk.interfere = (op) => (op.kind === 'write' || op.kind === 'create' ? 'ENOSPC' : 'do')
  connection.send(record(2))
  await there.commit()
  t.same([connection.answers, connection.link.state], [['40000001 0'], 'ended'])
  const early = there.connect()
  t.same([early.answers, early.link.state], [['40000001 0'], 'ended'], 'nobody is let in meanwhile')
  early.send(record(2))
  there.disk.interfere = () => 'do'
  await there.clock.pass(5000)
  const late = there.connect()
  late.send(record(2), record(3))
  await there.commit()
  t.same(late.answers, acks(2, 3))
  t.same(await there.lines(), ['type=USER record 2', 'type=USER record 3'], 'once')
  t.same(there.logs.slice(0, 1), ['the disk takes nothing; a sender is told that we end, and keeps its records'])
})

void test('our end: what is not durable is not answered', async (t) => {
  const there = await place()
  const connection = there.connect()
  connection.send(record(2))
  connection.end()
  connection.end()
  await there.commit()
  t.same([connection.answers, connection.link.state], [['40000001 0'], 'ended'])
})

void test('no more is read than there is room for', async (t) => {
  const there = await place()
  const connection = there.connect()
  for (let sequence = 1; sequence <= 40; sequence++) connection.send(record(sequence, 'x'.repeat(8900)))
  t.ok(connection.link.isPaused)
  await there.commit()
  t.notOk(connection.link.isPaused)
  t.same(connection.answers, acks(1, 40))

  connection.link.isFull = true
  connection.send(record(41))
  await there.commit()
  t.ok(connection.link.isPaused, 'nor from one that does not read its answers')
  connection.drain()
  t.notOk(connection.link.isPaused)
  connection.link.isFull = true
  connection.send(record(42))
  await there.commit()
  await there.clock.pass(40_000)
  t.equal(connection.link.state, 'destroyed', 'and not for ever')
})

void test('heartbeats that wait for the disk are counted, too', async (t) => {
  const there = await place()
  const connection = there.connect()
  connection.send(record(1))
  let sent = 1
  for (; !connection.link.isPaused && sent < 100_000; sent += 100)
    connection.send(...Array.from({ length: 100 }, (_, index) => rmw(HEARTBEAT, sent + 1 + index)))
  t.ok(sent < 5000, `${sent} answers wait`)
  await there.commit()
  t.same([connection.link.isPaused, connection.answers.length], [false, sent])
})

void test('a great many at once are several blocks, in order', async (t) => {
  const there = await place()
  const connection = there.connect()
  const records = Array.from({ length: 100 }, (_, index) => record(index + 1, `${index} ${'x'.repeat(8000)}`))
  connection.send(...records)
  await there.commit()
  t.same(connection.answers, acks(1, 100))
  t.equal((await there.lines()).length, 100)
})

void test('time limits: within a message, and in idleness', async (t) => {
  const there = await place()
  const [slow, idle, live] = [
    there.connect(),
    there.connect('b', { idleMs: 60_000 }),
    there.connect('c', { idleMs: 60_000 }),
  ]
  slow.send(record(2).subarray(0, 20))
  await there.clock.pass(20_000)
  slow.send(record(2).subarray(20, 21))
  live.send(rmw(HEARTBEAT, 2))
  t.equal(slow.link.state, 'open')
  await there.clock.pass(15_000)
  t.equal(slow.link.state, 'ended')
  t.same(there.strikes, ['a message that has begun does not come to its end'])
  await there.clock.pass(30_000)
  t.same([idle.link.state, idle.answers, live.link.state], ['ended', ['40000001 0'], 'open'])
  await there.clock.pass(40_000)
  t.equal(live.link.state, 'ended')
})

void test('records that an identity may not send are not taken', async (t) => {
  const there = await place()
  const seen: string[] = []
  const mayTake = (principal: string, lines: Buffer): boolean => {
    seen.push(`${principal}: ${lines.toString()}`)
    return false
  }
  const connection = there.connect('web1', { mayTake })
  connection.send(record(2, 'node=web2 type=USER'))
  await there.commit()
  t.same([connection.answers, connection.link.state, await there.lines()], [[], 'destroyed', []])
  t.same(seen, ['web1: node=web2 type=USER\n'])
  const allowed = there.connect('web1')
  allowed.send(record(2, 'node=web2 type=USER'))
  await there.commit()
  t.same(await there.lines(), ['node=web2 type=USER'], 'nor remembered as taken')
  unusable(t, there)
})

function unusable(t: Test, there: RmwPlace): void {
  const connection = there.connect('')
  connection.send(record(2))
  t.equal(connection.link.state, 'destroyed', 'an identity that no journal could name')
}

class Limits {
  full = false
  changes = 0
  readonly ledger: StreamLedger
  readonly limits: RmwLimits

  constructor(there: RmwPlace, recordsPerS = 0, maxConnections = 2) {
    const limits = { bytesPerS: 0, recordsPerS, journalBytes: 0, maxConnections, weight: 1, names: [] }
    this.ledger = new StreamLedger(there.clock, () => this.changes++)
    const holdings = { took: () => {}, isFull: () => this.full }
    this.limits = new RmwLimits(there.clock, () => limits, holdings, this.ledger)
  }
}

void test('rates: who sends more is not read for a while, and loses nothing', async (t) => {
  const there = await place()
  const { limits } = new Limits(there, 10)
  const connection = there.connect('192.0.2.7', { limits })
  connection.send(...Array.from({ length: 40 }, (_, index) => record(index + 1)))
  await there.commit()
  t.same([connection.answers.length, connection.link.isPaused], [40, true])
  await there.clock.pass(2900)
  t.ok(connection.link.isPaused)
  await there.clock.pass(200)
  t.notOk(connection.link.isPaused)
})

void test('a quota: what was taken is answered, then it is as if the disk were full', async (t) => {
  const there = await place()
  const quota = new Limits(there)
  const connection = there.connect('192.0.2.7', quota)
  quota.full = true
  connection.send(record(1))
  t.equal(connection.link.state, 'open')
  await there.commit()
  t.same([connection.answers, connection.link.state], [['ack 1', '40000001 0'], 'ended'])
  t.equal(there.connect('192.0.2.7', quota).link.state, 'ended')
  quota.full = false
  t.equal(there.connect('192.0.2.7', quota).link.state, 'open')
})

void test('connections of one sender: a silent one makes room, else the newest goes; those that are closed do not count', async (t) => {
  const there = await place()
  const { limits } = new Limits(there)
  const [one, two] = [there.connect('web', { limits }), there.connect('web', { limits })]
  const three = there.connect('web', { limits })
  t.same([one.link.state, two.link.state, three.link.state], ['open', 'open', 'ended'])
  await there.clock.pass(20_000)
  two.send(rmw(HEARTBEAT, 1))
  const four = there.connect('web', { limits })
  t.same([one.link.state, two.link.state, four.link.state], ['ended', 'open', 'open'])
  two.cut()
  four.cut()
  const [five, six, other] = ['web', 'web', 'db'].map((name) => there.connect(name, { limits }))
  t.same([five?.link.state, six?.link.state, other?.link.state], ['open', 'open', 'open'])
})

void test('who is connected is known at once, and since when', async (t) => {
  const there = await place()
  const limits = new Limits(there)
  const line = () => limits.ledger.line({ principal: 'web', stream: RMW_STREAM })
  const cameMs = there.clock.wallMs()
  const connection = there.connect('web', limits)
  t.match(line(), { connection: { address: 'web:5000', sinceMs: cameMs }, downMs: undefined })
  t.equal(limits.changes, 1)
  await there.clock.pass(5000)
  connection.cut()
  t.match(line(), { connection: undefined, downMs: there.clock.wallMs() })
  t.equal(limits.changes, 2)
})
