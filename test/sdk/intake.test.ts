// What is read ahead, and how much of it.

import { PassThrough, Writable } from 'node:stream'
import { test } from 'tap'
import { runPlugin, type Plugin, type PluginDefinition } from '../../src/sdk/index.js'
import { FORGOTTEN_AHEAD_BYTES, Intake, READ_AHEAD_BYTES } from '../../src/sdk/intake.js'

const CHUNK_RECORDS = 250
const RECORD_BYTES = 256
const LONGEST_LINE_BYTES = 65_536

/** `count` RECORD lines from seq `first` on, of 256 bytes each. */
function lines(first: number, count: number): Buffer {
  return Buffer.from(
    Array.from({ length: count }, (_, index) => `RECORD ${first + index} `.padEnd(RECORD_BYTES - 1, 'x') + '\n').join(
      '',
    ),
  )
}

interface Running {
  readonly input: PassThrough
  readonly said: () => string
  readonly status: Promise<number>
}

async function running(definition: PluginDefinition): Promise<Running> {
  const input = new PassThrough({ highWaterMark: 1 })
  let said = ''
  const started: Plugin[] = []
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said += chunk.toString()
      done()
    },
  })
  const main = async (handle: Plugin): Promise<void> => {
    started.push(handle)
  }
  const status = runPlugin({ ...definition, main }, { input, output, exit: () => {}, onSignal: () => {} })
  input.write('HELLO 1\n')
  while (started.length === 0) await turn()
  return { input, said: () => said, status }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** Writes records until the plugin reads no more; returns the last seq. */
async function fill(input: PassThrough, first: number): Promise<number> {
  let next = first
  while (!input.isPaused()) {
    input.write(lines(next, CHUNK_RECORDS))
    next += CHUNK_RECORDS
    await turn()
  }
  return next - 1
}

void test('what nobody will send again is not read far ahead', async (t) => {
  let release = (): void => {}
  const { input, status } = await running({
    acknowledge: 'never',
    async records() {
      await new Promise<void>((resolve) => (release = resolve))
    },
  })
  const last = await fill(input, 1)
  t.ok(last * RECORD_BYTES < FORGOTTEN_AHEAD_BYTES + 3 * CHUNK_RECORDS * RECORD_BYTES)
  input.end()
  let isOver = false
  void status.finally(() => (isOver = true))
  const over = (): boolean => isOver
  while (!over()) {
    release()
    await turn()
  }
  t.equal(await status, 0)
})

void test('while a handler works the input is read so far ahead, and no further', async (t) => {
  let release = (): void => {}
  const counts: number[] = []
  const { input, said, status } = await running({
    async records(batch) {
      counts.push(batch.count)
      if (counts.length === 1) await new Promise<void>((resolve) => (release = resolve))
    },
  })
  const last = await fill(input, 1)
  const aheadBytes = (last - (counts[0] ?? 0)) * RECORD_BYTES
  t.ok(aheadBytes > READ_AHEAD_BYTES && aheadBytes < READ_AHEAD_BYTES + 2 * CHUNK_RECORDS * RECORD_BYTES)
  release()
  while (!said().includes(`ACK ${last}\n`)) await turn()
  t.same(counts.slice(1), [last - (counts[0] ?? 0)], 'all that waited is one batch')
  t.notOk(input.isPaused())
  input.end()
  t.equal(await status, 0)
})

void test('PING is answered behind a window of 1023 of the longest records, while a handler works', async (t) => {
  let release = (): void => {}
  const { input, said, status } = await running({
    window: 1023,
    async records() {
      await new Promise<void>((resolve) => (release = resolve))
    },
  })
  const longest = Buffer.from('x'.repeat(LONGEST_LINE_BYTES - 'RECORD 1000 \n'.length))
  for (let seq = 1; seq <= 1023; seq++) {
    input.write(`RECORD ${seq} `)
    input.write(longest)
    input.write('\n')
    if (seq % 64 === 0) await turn()
  }
  input.write('PING 7\n')
  while (!said().includes('PONG 7\n')) await turn()
  t.notMatch(said(), /ACK/)
  input.end()
  let isOver = false
  void status.finally(() => (isOver = true))
  const over = (): boolean => isOver
  while (!over()) {
    release()
    await turn()
  }
  t.match(said(), /ACK 1023\n$/)
})

void test('an answer that a handler waits for is read, however much comes before it', async (t) => {
  let isAnswered = false
  let ask = (): void => {}
  let seen = 0
  const { input, said, status } = await running({
    acknowledge: 'never',
    async records({ last }, plugin) {
      seen = last
      if (isAnswered) return
      await new Promise<void>((resolve) => (ask = resolve))
      await plugin.stats()
      isAnswered = true
    },
  })
  const last = await fill(input, 1)
  t.ok(input.isPaused())
  ask()
  while (!said().includes('COMMAND')) await turn()
  await turn()
  t.notOk(input.isPaused(), 'asking makes it read on')
  input.write(lines(last + 1, 8 * CHUNK_RECORDS))
  input.write('OK c1 {}\n')
  await until(() => seen === last + 8 * CHUNK_RECORDS)
  t.ok(isAnswered)
  input.end()
  t.equal(await status, 0)
})

void test('so is a settlement', async (t) => {
  let isSettled = false
  let ask = (): void => {}
  let seen = 0
  const { input, status } = await running({
    acknowledge: 'never',
    async records({ last }, plugin) {
      seen = last
      if (isSettled) return
      await plugin.send('r')
      await new Promise<void>((resolve) => (ask = resolve))
      await plugin.settled()
      isSettled = true
    },
  })
  const last = await fill(input, 1)
  ask()
  await turn()
  input.write(lines(last + 1, CHUNK_RECORDS))
  input.write('ACK 1\n')
  await until(() => seen === last + CHUNK_RECORDS)
  t.ok(isSettled)
  input.end()
  t.equal(await status, 0)
})

void test('so is room for one more record', async (t) => {
  let isSent = false
  let ask = (): void => {}
  let seen = 0
  const { input, said, status } = await running({
    acknowledge: 'never',
    async records({ last }, plugin) {
      seen = last
      if (isSent) return
      await new Promise<void>((resolve) => (ask = resolve))
      for (let n = 1; n <= 5000; n++) await plugin.send('r')
      isSent = true
    },
  })
  const last = await fill(input, 1)
  ask()
  while (!said().includes('RECORD 4095 ')) await turn()
  input.write(lines(last + 1, CHUNK_RECORDS))
  input.write('ACK 4000\n')
  await until(() => seen === last + CHUNK_RECORDS)
  t.ok(isSent)
  input.end()
  t.equal(await status, 0)
})

void test('items lie in their order, records of neighbouring lines in one', (t) => {
  const wire = Buffer.from(
    'RECORD 1 a\nRECORD 3 b\nRELOAD\nRECORD 4 c\nLOST 1 5 5 failed\n#\nRECORD 7 d\nSTOP\nRECORD 8 e',
  )
  for (let cut = 0; cut <= wire.length; cut++) {
    const urgent: string[] = []
    const intake = new Intake(({ verb }) => urgent.push(verb))
    intake.open()
    intake.push(wire.subarray(0, cut))
    intake.push(wire.subarray(cut))
    const hand = intake.take()
    const told = hand?.items.map((item) => {
      if (item.kind === 'lost') return `lost ${item.lost.last}`
      if (item.kind !== 'records') return item.kind
      return `${item.count} to ${item.last}: ${hand.bytes.toString('latin1', item.start, item.end)}`
    })
    t.same(
      told,
      ['2 to 3: RECORD 1 a\nRECORD 3 b\n', 'reload', '1 to 4: RECORD 4 c\n', 'lost 5', '1 to 7: RECORD 7 d\n', 'stop'],
      `cut at ${cut}`,
    )
    t.same(urgent, ['STOP'], 'what it stops waits for its turn, but it is known at once')
    t.equal(intake.take(), undefined)
    t.equal(intake.aheadBytes, 'RECORD 8 e'.length)
    intake.push(Buffer.from('\n'))
    t.match(intake.take()?.items, [{ kind: 'records', count: 1, last: 8 }])
  }
  t.end()
})

void test('lines that do not wait for their turn leave nothing behind', (t) => {
  let acks = 0
  const intake = new Intake(() => acks++)
  intake.open()
  for (let n = 1; n <= 100_000; n++) intake.push(Buffer.from(`CK ${n}\nA`.slice(n === 1 ? -1 : 0)))
  t.equal(acks, 99_999)
  t.equal(intake.aheadBytes, 1)
  t.equal(intake.take(), undefined)
  t.end()
})

void test('what was taken stays as it is while the next bytes come', (t) => {
  const intake = new Intake(() => {})
  intake.open()
  intake.push(lines(1, 2000))
  const hand = intake.take()
  intake.push(lines(2001, 20_000))
  t.ok(hand?.bytes.subarray(0, 2000 * RECORD_BYTES).equals(lines(1, 2000)))
  const next = intake.take()
  t.ok(next?.bytes.subarray(0, 20_000 * RECORD_BYTES).equals(lines(2001, 20_000)))
  intake.push(lines(22_001, 1))
  t.ok(intake.take()?.bytes.subarray(0, RECORD_BYTES).equals(lines(22_001, 1)))
  t.end()
})
