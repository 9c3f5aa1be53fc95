// What each overflow action does when a plugin's queue is full, both limits of a queue, and what never gets into one.

import t, { type Test } from 'tap'
import { exactFrame, kernelRecord, wholeRecord } from '../protocol/wire.js'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frame, frames, parted, range, recordText, serialsIn, textOf } from './records.js'

const LINE_BYTES = 121
const DEPTH = 1000
const RECORDS = 20_000
/** Records that are written in one piece at most, one of them begun already. */
const ON_ITS_WAY = Math.ceil(4096 / LINE_BYTES) + 1
/** More than a FIFO and DEPTH records of a queue hold, and what one read may bring. */
const HELD_AT_MOST = DEPTH + (64 * 1024 + 64 * 1024) / LINE_BYTES

/** A healthy plugin, and one that is stopped with a queue of DEPTH records and this overflow action. */
async function withStopped(t: Test, action: string, settings?: string): Promise<Daemon> {
  const place = new Place(t, settings)
  place.tee('healthy')
  place.tee('stopped', [`q_depth = ${DEPTH}`, `overflow_action = ${action}`])
  const daemon = new Daemon(t, place)
  await daemon.running('healthy', 'stopped')
  await daemon.stopPlugin('stopped')
  return daemon
}

/** The end; then the healthy plugin has records 1..last, and every ledger balances. Returns the serials of the other one. */
async function end(t: Test, daemon: Daemon, last: number): Promise<number[]> {
  t.match(await daemon.finish(), { code: 0 })
  t.ok(daemon.place.read('healthy').equals(textOf(1, last)), 'the healthy plugin has everything')
  const { serials, torn } = serialsIn(daemon.place.read('stopped'))
  t.same(torn, [])
  for (const name of ['healthy', 'stopped']) t.ok(daemon.ledger(name).balanced, `the ledger of ${name} balances`)
  t.match(daemon.ledger('stopped'), { in: last, delivered: serials.length, dropped: last - serials.length })
  return serials
}

for (const action of ['drop-newest', 'syslog']) {
  void t.test(`${action}: what came first is kept, and the loss is logged`, async (t) => {
    const daemon = await withStopped(t, action)
    await daemon.write(frames(1, RECORDS))
    await daemon.says(['queue is full', 'plugin=stopped '])
    await daemon.has('healthy', RECORDS * LINE_BYTES)
    daemon.wakePlugin('stopped')
    await daemon.says(['queue has room again', 'plugin=stopped '])
    await daemon.write(frames(RECORDS + 1, RECORDS + 10))
    const serials = await end(t, daemon, RECORDS + 10)
    const first = serials.length - 10
    t.ok(first > DEPTH && first < RECORDS)
    t.same(serials, [...range(1, first), ...range(RECORDS + 1, RECORDS + 10)])
    t.equal(daemon.lines('queue is full').length, 1)
    t.equal(daemon.lines('queue has room again', `lost=${RECORDS - first}`).length, 1)
  })
}

void t.test('drop-oldest: what came last is kept', async (t) => {
  const daemon = await withStopped(t, 'drop-oldest')
  await daemon.write(frames(1, RECORDS))
  await daemon.says(['queue is full', 'plugin=stopped '])
  await daemon.has('healthy', RECORDS * LINE_BYTES)
  t.match(await daemon.ledgerNow('stopped'), { queued: DEPTH })
  daemon.wakePlugin('stopped')
  await daemon.says(['queue has room again', 'plugin=stopped '])
  const serials = await end(t, daemon, RECORDS)
  // Before the newest stands what lay in its pipe, and what was on its way there, which is never cut.
  const newest = serials.length - serials.findIndex((serial, index) => serial !== index + 1)
  t.ok(newest <= DEPTH && newest >= DEPTH - ON_ITS_WAY, `${newest} of the newest`)
  t.same(serials, [...range(1, serials.length - newest), ...range(RECORDS - newest + 1, RECORDS)])
})

void t.test('ignore: the newest are dropped and counted, and the log says nothing', async (t) => {
  const daemon = await withStopped(t, 'ignore')
  await daemon.write(frames(1, RECORDS))
  await daemon.has('healthy', RECORDS * LINE_BYTES)
  daemon.wakePlugin('stopped')
  const serials = await end(t, daemon, RECORDS)
  t.same(serials, range(1, serials.length))
  t.equal(daemon.ledger('stopped').fields['dropped.queue-full'], String(RECORDS - serials.length))
  t.same([...daemon.lines('queue is full'), ...daemon.lines('queue has room')], [])
})

for (const [signal, what] of [
  ['SIGUSR2', 'SIGUSR2'],
  ['SIGHUP', 'a reload'],
] as const) {
  void t.test(`suspend: nothing is taken until ${what}`, async (t) => {
    const daemon = await withStopped(t, 'suspend')
    await daemon.write(frames(1, RECORDS))
    await daemon.says(['queue is full', 'plugin=stopped ', 'reason=suspended'])
    daemon.wakePlugin('stopped')
    await daemon.has('healthy', RECORDS * LINE_BYTES)
    const { delivered, queued, dropped } = await daemon.ledgerNow('stopped')
    await daemon.has('stopped', (delivered + queued) * LINE_BYTES)
    await daemon.write(frames(RECORDS + 1, RECORDS + 10))
    await daemon.has('healthy', (RECORDS + 10) * LINE_BYTES)
    t.match(await daemon.ledgerNow('stopped'), { dropped: dropped + 10, queued: 0 }, 'not even with an empty queue')
    daemon.signal(signal)
    await daemon.says(['queue has room again', 'plugin=stopped ', `lost=${dropped + 10}`])
    await daemon.write(frames(RECORDS + 11, RECORDS + 20))
    const serials = await end(t, daemon, RECORDS + 20)
    t.same(serials, [...range(1, delivered + queued), ...range(RECORDS + 11, RECORDS + 20)])
    t.equal(daemon.ledger('stopped').fields['dropped.suspended'], String(dropped + 10))
    t.equal(daemon.lines('queue is full').length, 1, 'said once')
  })
}

void t.test('block: stdin is held, and nothing is lost', async (t) => {
  const daemon = await withStopped(t, 'block')
  let isTaken = false
  const writing = daemon.write(frames(1, RECORDS)).then(() => (isTaken = true))
  let seen = await daemon.ledgerWhen('stopped', ({ queued }) => queued >= DEPTH)
  // A daemon that read on would have more each time it is asked.
  for (let round = 0; round < 50; round++) seen = await daemon.ledgerNow('stopped')
  t.ok(seen.in <= HELD_AT_MOST, `${seen.in} records were read`)
  t.equal(isTaken, false, 'the writer is held')
  t.ok(daemon.stdin.writableLength > 0)
  daemon.wakePlugin('stopped')
  await writing
  t.same(await end(t, daemon, RECORDS), range(1, RECORDS))
  t.match(daemon.ledger('stopped'), { dropped: 0 })
})

void t.test('a queue has two limits, and the first that is met holds', async (t) => {
  const place = new Place(t)
  place.tee('healthy')
  place.tee('records', ['q_depth = 700', 'q_bytes = 64M'])
  place.tee('bytes', ['q_depth = 1000000', 'q_bytes = 128K'])
  place.tee('frames', ['q_depth = 1000000', 'q_bytes = 128K', 'format = binary'])
  const daemon = new Daemon(t, place)
  await daemon.running('healthy', 'records', 'bytes', 'frames')
  for (const name of ['records', 'bytes', 'frames']) await daemon.stopPlugin(name)
  await daemon.write(frames(1, RECORDS))
  await daemon.has('healthy', RECORDS * LINE_BYTES)
  t.equal((await daemon.ledgerNow('records')).queued, 700)
  // The first of them is in the pipe already as far as it went in.
  const [line, framed] = [LINE_BYTES, LINE_BYTES + 15].map((bytes) => Math.ceil((128 * 1024) / bytes))
  t.ok([line, (line ?? 0) - 1].includes((await daemon.ledgerNow('bytes')).queued))
  t.ok([framed, (framed ?? 0) - 1].includes((await daemon.ledgerNow('frames')).queued))
  for (const name of ['records', 'bytes', 'frames']) daemon.wakePlugin(name)
  t.match(await daemon.finish(), { code: 0 })
  for (const name of ['records', 'bytes']) {
    const { serials, torn } = serialsIn(place.read(name))
    t.same(torn, [], `${name}: the first that are dropped are dropped whole`)
    t.same(serials, range(1, serials.length))
  }
  const { delivered } = daemon.ledger('frames')
  t.ok(place.read('frames').equals(frames(1, delivered)))
})

for (const action of ['drop-newest', 'drop-oldest']) {
  void t.test(`${action}: the loss of a record of the daemon itself is counted, and never told`, async (t) => {
    const place = new Place(t, 'self_events = yes\n')
    place.tee('healthy')
    place.tee('stopped', ['q_depth = 20', `overflow_action = ${action}`])
    const daemon = new Daemon(t, place)
    await daemon.running('healthy', 'stopped')
    await daemon.stopPlugin('stopped')
    // Up to the limit and not beyond, whatever the pipe holds on this machine.
    let sent = 0
    for (let queued = 0; queued < 20; queued = (await daemon.ledgerNow('stopped')).queued) {
      await daemon.write(frames(++sent, sent, 4000))
      await daemon.until(() => parted(place.read('healthy')).others.length === 4001 * sent, 'it has come by')
    }
    const reloads = (): number => place.read('healthy').toString('latin1').split('op=dispatcher-reload').length - 1
    for (let round = 1; round <= 5; round++) {
      daemon.signal('SIGHUP')
      await daemon.until(() => reloads() === round, `reload ${round} is told`)
    }
    t.match(await daemon.ledgerNow('stopped'), { dropped: 5, queued: 20, balanced: true })
    t.same(daemon.lines('queue is full'), [])
    daemon.wakePlugin('stopped')
    t.match(await daemon.finish(), { code: 0 })
    for (const name of ['healthy', 'stopped']) {
      const { own, others } = parted(place.read(name))
      t.same(
        own.filter((text) => text.includes('loss')),
        [],
        `${name}: nothing is told`,
      )
      t.ok(others.equals(textOf(1, sent, 4000)), 'and no other record makes room for them')
    }
  })
}

void t.test('subscribe: what is not asked for is counted as filtered', async (t) => {
  const place = new Place(t)
  const types = [1300, 1302, 1307, 1112, 1113, 1320]
  const records = Array.from({ length: 600 }, (_, index) => kernelRecord(index + 1, types[index % types.length]))
  const other = Array.from({ length: 100 }, (_, index) => wholeRecord(1000 + index))
  const stream = Buffer.concat([...records, ...other].map(exactFrame))
  const asked = [
    ['everything', 'subscribe = type=*', 700],
    ['one', 'subscribe = type=PATH', 100],
    ['several', 'subscribe = type=USER_LOGIN,USER_LOGOUT,EOE', 300],
    ['prefix', 'subscribe = type=USER_*', 200],
    ['not', 'subscribe = !type=SYSCALL', 500],
    ['node', 'subscribe = node=n1', 100],
    ['both', 'subscribe = type=SYSCALL !node=n1', 100],
  ] as const
  for (const [name, line] of asked) {
    place.tee(name, [line])
    place.tee(`${name}-frames`, [line, 'format = binary'])
  }
  const daemon = new Daemon(t, place)
  await daemon.write(stream)
  t.match(await daemon.finish(), { code: 0 })
  for (const [name, line, count] of asked) {
    const wanted = { in: 700, delivered: count, filtered: 700 - count, dropped: 0, balanced: true }
    t.match(daemon.ledger(name), wanted, line)
    t.match(daemon.ledger(`${name}-frames`), wanted, `${line}, binary`)
    t.equal(place.read(name).toString().split('\n').length - 1, count)
  }
  const paths = records.filter(({ type }) => type === 1302)
  t.ok(place.read('one-frames').equals(Buffer.concat(paths.map(exactFrame))), 'and what is asked for is given whole')
})

void t.test('a line that no frame can hold is dropped for binary plugins alone', async (t) => {
  const lines = [recordText(1), recordText(2, 8970), recordText(3, 8971), recordText(4, 65_535), recordText(5)]
  const text = Buffer.from(`${lines.join('\n')}\n`)
  const place = new Place(t)
  place.tee('text')
  place.tee('frames', ['format = binary'])
  place.tee('picky', ['format = binary', 'subscribe = type=USER_CMD'])
  const daemon = new Daemon(t, place)
  await daemon.write(text)
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('text').equals(text))
  t.match(daemon.ledger('text'), { in: 5, delivered: 5, dropped: 0 })
  const framed = Buffer.concat([0, 1, 4].map((index) => frame(lines[index] ?? '')))
  for (const name of ['frames', 'picky']) {
    t.ok(place.read(name).equals(framed), `${name}: the others, in order`)
    t.match(daemon.ledger(name), { in: 5, delivered: 3, dropped: 2, balanced: true })
    t.equal(daemon.ledger(name).fields['dropped.too-long'], '2')
  }
})
