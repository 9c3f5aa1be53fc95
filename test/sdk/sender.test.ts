// Records from a plugin to its dispatcher.

import { PassThrough, Writable } from 'node:stream'
import { test } from 'tap'
import {
  RefusedRecord,
  runPlugin,
  Stopped,
  testPlugin,
  type Plugin,
  type PluginDefinition,
  type TestDispatcher,
  type TestDispatcherOptions,
} from '../../src/sdk/index.js'

const LONGEST_LINE_BYTES = 65_536

interface Opened {
  readonly dispatcher: TestDispatcher
  readonly plugin: Plugin
}

/** A plugin that does what a test lets it do. */
async function opened(
  definition: PluginDefinition = {},
  options: TestDispatcherOptions = {},
  rest: () => Promise<void> = async () => {},
): Promise<Opened> {
  let running: Plugin | undefined
  const dispatcher = testPlugin(
    {
      ...definition,
      async main(plugin) {
        running = plugin
        await rest()
      },
    },
    options,
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  if (running === undefined) throw new Error('main was not called')
  return { dispatcher, plugin: running }
}

void test('records are numbered from 1, and settled', async (t) => {
  const settled: number[] = []
  const { dispatcher, plugin } = await opened({ settled: (n) => void settled.push(n) })
  t.equal(await plugin.send('type=A msg=audit(1.001:1): a'), 1)
  t.equal(await plugin.send(Buffer.from('type=A msg=audit(1.001:2): b')), 2)
  await plugin.settled()
  t.same(dispatcher.records, [
    { n: 1, record: 'type=A msg=audit(1.001:1): a' },
    { n: 2, record: 'type=A msg=audit(1.001:2): b' },
  ])
  t.equal(settled.at(-1), 2)
  t.equal(plugin.unsettled, 0)
  await plugin.settled(1)
  t.equal(await dispatcher.stop(), 0)
  t.same(dispatcher.violations, [])
})

void test('what would break the line is blanked out, as auditd does, and ends are cut off', async (t) => {
  const { dispatcher, plugin } = await opened()
  await plugin.send('a\nSTOP\0b\n\0\n')
  await plugin.send('\n')
  await plugin.settled()
  t.same(
    dispatcher.records.map(({ record }) => record),
    ['a STOP b', ''],
  )
  await dispatcher.stop()
})

void test('the window is never full: the next record waits for a settlement', async (t) => {
  const { dispatcher, plugin } = await opened({}, { hello: { 'in-window': 4 }, settles: false })
  const sent: number[] = []
  const all = Array.from({ length: 6 }, async (_, index) => sent.push(await plugin.send(`r${index}`)))
  await dispatcher.until(() => dispatcher.records.length === 3)
  dispatcher.settle(1)
  await dispatcher.until(() => dispatcher.records.length === 4)
  t.equal(plugin.unsettled, 3)
  t.same(sent, [1, 2, 3, 4])
  dispatcher.settle(4)
  await Promise.all(all)
  await dispatcher.until(() => dispatcher.records.length === 6)
  t.same(
    dispatcher.records.map(({ n, record }) => `${n} ${record}`),
    ['1 r0', '2 r1', '3 r2', '4 r3', '5 r4', '6 r5'],
  )
  await dispatcher.stop()
})

void test('a window of one still lets one record through', async (t) => {
  const { dispatcher, plugin } = await opened({}, { hello: { 'in-window': 1 } })
  for (let n = 1; n <= 3; n++) t.equal(await plugin.send('r'), n)
  await dispatcher.stop()
})

void test('a long stream of settlements that never catches up', async (t) => {
  const { dispatcher, plugin } = await opened({}, { hello: { 'in-window': 10_000 }, settles: false })
  const BEHIND = 5000
  for (let n = 1; n <= 30_000; n++) {
    await plugin.send('r')
    if (n > BEHIND && n % 500 === 0) {
      dispatcher.settle(n - BEHIND)
      await plugin.settled(n - BEHIND)
      t.equal(plugin.unsettled, BEHIND)
    }
  }
  dispatcher.settle(30_000)
  await plugin.settled()
  t.equal(plugin.unsettled, 0)
  await dispatcher.until(() => dispatcher.records.at(-1)?.n === 30_000)
  await dispatcher.stop()
})

void test('settled() waits for just what it names', async (t) => {
  const { dispatcher, plugin } = await opened({}, { settles: false })
  const done: string[] = []
  for (let n = 1; n <= 3; n++) await plugin.send('r')
  const waits = [
    plugin.settled(2).then(() => done.push('two')),
    plugin.settled().then(() => done.push('all')),
    plugin.settled(1).then(() => done.push('one')),
  ]
  dispatcher.settle(1)
  await waits[2]
  dispatcher.settle(2)
  await waits[0]
  dispatcher.settle(3)
  await waits[1]
  t.same(done, ['one', 'two', 'all'])
  await dispatcher.stop()
})

void test('positions: numbers are the own ones, and go on where the dispatcher is', async (t) => {
  const { dispatcher, plugin } = await opened({ positions: true }, { hello: { received: 40 } })
  t.equal(await plugin.send('next'), 41)
  t.equal(await plugin.send('own', 100), 100)
  await t.rejects(plugin.send('again', 100), RangeError)
  await t.rejects(plugin.send('half', 100.5), RangeError)
  t.equal(await plugin.send('next'), 101)
  await plugin.settled(100)
  await dispatcher.stop()
})

void test('positions: what is sent again is below what was received', async (t) => {
  const { dispatcher, plugin } = await opened({ positions: true }, { hello: { received: 40 } })
  t.equal(await plugin.send('repeat', 39), 39)
  t.equal(await plugin.send('repeat'), 40)
  t.equal(await plugin.send('new'), 41)
  await plugin.settled()
  await dispatcher.stop()
  t.same(dispatcher.violations, [])
})

void test('without positions nobody gives a number', async (t) => {
  const { dispatcher, plugin } = await opened()
  await t.rejects(plugin.send('r', 7), TypeError)
  t.equal(await plugin.send('r'), 1)
  await dispatcher.stop()
})

void test('a record is at most as long as its line may be', async (t) => {
  const { dispatcher, plugin } = await opened()
  const most = LONGEST_LINE_BYTES - 'RECORD 1 \n'.length
  await t.rejects(plugin.send('x'.repeat(most + 1)), { name: 'RefusedRecord', code: 'too-long', n: 1 })
  t.equal(await plugin.send('x'.repeat(most)), 1)
  await plugin.settled()
  t.equal(dispatcher.records[0]?.record.length, most)
  t.same(dispatcher.violations, [])
  void plugin.send('x'.repeat(most + 1))
  await plugin.settled()
  t.match(dispatcher.complaints, /^(?:a record was not sent: a record of 65527 bytes does not fit into a line\n){2}$/)
  await dispatcher.stop()
})

void test('a bad record is told to the plugin, is settled, and makes room', async (t) => {
  const refused: RefusedRecord[] = []
  const { dispatcher, plugin } = await opened(
    { refused: (refusal) => void refused.push(refusal) },
    { hello: { 'in-window': 3 }, settles: false },
  )
  await plugin.send('a')
  await plugin.send('b')
  const third = plugin.send('c')
  dispatcher.refuse(2, 'bad-record', 'no type')
  t.equal(await third, 3)
  dispatcher.settle(3)
  await plugin.settled()
  t.equal(refused.length, 1)
  t.match(refused[0], { n: 2, code: 'bad-record', message: 'no type' })
  t.ok(refused[0] instanceof RefusedRecord)
  await dispatcher.stop()
})

void test('who does not look at refusals finds bad records in the log, and ends at one that was not taken', async (t) => {
  const { dispatcher, plugin } = await opened({}, { settles: false })
  await plugin.send('a')
  await plugin.send('b')
  dispatcher.refuse(1, 'bad-record')
  dispatcher.refuse(1, 'bad-record')
  dispatcher.refuse(2, 'busy', 'no room')
  t.equal(await dispatcher.status, 70)
  t.match(dispatcher.complaints, /^record 1 was refused: bad-record for a test\n/)
  t.match(dispatcher.complaints, /the dispatcher says: ERR 1 bad-record/)
  t.match(dispatcher.complaints, /RefusedRecord: no room/)
})

void test('at the end, what waits is told so, and what is on its way is written', async (t) => {
  const { dispatcher, plugin } = await opened({}, { hello: { 'in-window': 3 }, settles: false })
  void plugin.send('a')
  void plugin.send('b')
  void plugin.send('nobody waits for this')
  void plugin.settled(2)
  const late = [plugin.send('c'), plugin.settled(2)]
  t.equal(await dispatcher.stop(), 0)
  for (const each of late) await t.rejects(async () => void (await each), Stopped)
  await t.rejects(plugin.send('d'), Stopped)
  await t.rejects(plugin.settled(1), Stopped)
  await t.rejects(plugin.command('stats'), Stopped)
  t.equal(dispatcher.records.length, 2)
  t.ok(plugin.stopping.aborted)
})

void test('main may wait in vain: that is no error when the plugin ends', async (t) => {
  for (const end of ['stop', 'end'] as const) {
    const dispatcher = testPlugin(
      {
        async main(plugin) {
          for (;;) await plugin.send('r')
        },
      },
      { hello: { 'in-window': 3 }, settles: false },
    )
    await dispatcher.until(() => dispatcher.records.length === 2)
    t.equal(await dispatcher[end](), 0)
    t.equal(dispatcher.complaints, '')
  }
})

void test('main may have its own way to be ended', async (t) => {
  const dispatcher = testPlugin({
    async main({ stopping }) {
      await new Promise((_resolve, reject) => {
        stopping.addEventListener('abort', () => {
          reject(new Error('aborted'))
        })
      })
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  t.equal(await dispatcher.stop(), 0)
  t.equal(dispatcher.complaints, '')
})

void test('what main does when it is told to stop is waited for, before stop', async (t) => {
  for (const how of ['stop', 'end', 'term'] as const) {
    const seen: string[] = []
    const dispatcher = testPlugin({
      records: () => void seen.push('records'),
      async main({ stopping }) {
        await new Promise((resolve) => stopping.addEventListener('abort', resolve))
        for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
        seen.push('position saved')
      },
      stop: () => void seen.push('stop'),
    })
    await dispatcher.until(() => dispatcher.ready !== undefined)
    await dispatcher.acknowledged(dispatcher.send('a'))
    if (how === 'term') dispatcher.signal('SIGTERM')
    t.equal(await (how === 'term' ? dispatcher.status : dispatcher[how]()), 0)
    t.same(seen, ['records', 'position saved', 'stop'], how)
  }
})

void test('a main that does not return is waited for two seconds', async (t) => {
  const seen: string[] = []
  const { dispatcher, plugin } = await opened({ stop: () => void seen.push('stop') }, {}, () => new Promise(() => {}))
  const status = dispatcher.stop()
  await untilTurn(() => plugin.stopping.aborted)
  dispatcher.pass(1999)
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
  t.same(seen, [])
  dispatcher.pass(1)
  t.equal(await status, 0)
  t.same(seen, ['stop'])
})

void test('handlers of settlements and refusals that reject end the process as others do', async (t) => {
  const failing = async (): Promise<void> => {
    await Promise.resolve()
    throw new Error('disk full')
  }
  for (const definition of [{ settled: failing }, { refused: failing }]) {
    const { dispatcher, plugin } = await opened(definition, { settles: false })
    await plugin.send('a')
    if (definition.settled === undefined) dispatcher.refuse(1, 'bad-record')
    else dispatcher.settle(1)
    t.equal(await dispatcher.status, 70)
    t.match(dispatcher.complaints, /^Error: disk full\n +at /)
  }
})

void test('a pipe that is full makes the sender wait, and loses nothing', async (t) => {
  const held: (() => void)[] = []
  let said = ''
  const output = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      said += chunk.toString()
      held.push(done)
    },
  })
  const input = new PassThrough()
  let plugin: Plugin | undefined
  const status = runPlugin(
    {
      records() {},
      async main(handle) {
        plugin = handle
      },
    },
    { input, output, exit: () => {}, onSignal: () => {} },
  )
  input.write('HELLO 1\n')
  await untilTurn(() => said.includes('READY'))
  const state = { isSent: false, isOver: false }
  const sending = plugin?.send('a').then(() => (state.isSent = true))
  input.write('RECORD 1 x\nRELOAD\nRECORD 2 y\n')
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve))
  t.equal(said, 'READY 1 ack\n')
  t.notOk(state.isSent)
  await untilTurn(() => {
    held.shift()?.()
    return state.isSent && said.includes('ACK')
  })
  await sending
  input.end()
  void status.finally(() => (state.isOver = true))
  await untilTurn(() => {
    held.shift()?.()
    return state.isOver
  })
  t.match(said, /^READY 1 ack\n(?:ACK 2\nRECORD 1 a\n|RECORD 1 a\nACK 2\n)$/)
  t.equal(await status, 0)
})

/** Lets the event loop turn until the condition holds. */
async function untilTurn(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** Each with its LF. */
function linesOf(...records: readonly string[]): Buffer {
  return Buffer.from(records.map((record) => `${record}\n`).join(''))
}

void test('many lines at once: numbered one after the other, within the window, with one promise', async (t) => {
  const { dispatcher, plugin } = await opened(
    { positions: true },
    { hello: { 'in-window': 4, received: 6 }, settles: false },
  )
  const sent: number[] = []
  void plugin.sendLines(linesOf('a', 'b', 'c', 'd', 'e'), 7).then((n) => sent.push(n))
  void plugin.sendLines(linesOf('x', 'y'), 20).then((n) => sent.push(n))
  await dispatcher.until(() => dispatcher.records.length === 3)
  t.same([sent, plugin.unsettled], [[], 3])
  dispatcher.settle(8)
  await dispatcher.until(() => dispatcher.records.length === 5)
  t.same([sent, plugin.unsettled], [[11], 3])
  dispatcher.settle(20)
  await dispatcher.until(() => dispatcher.records.length === 7)
  dispatcher.settle(21)
  await plugin.settled()
  t.same([sent, plugin.unsettled], [[11, 21], 0])
  t.same(
    dispatcher.records.map(({ n, record }) => `${n} ${record}`),
    ['7 a', '8 b', '9 c', '10 d', '11 e', '20 x', '21 y'],
  )
  t.equal(await plugin.sendLines(Buffer.alloc(0), 22), 21, 'nothing')
  t.same(dispatcher.violations, [])
  await dispatcher.stop()
})

void test('of many lines what is too long is left out and told, and NULs become blanks', async (t) => {
  const refused: string[] = []
  const { dispatcher, plugin } = await opened({
    positions: true,
    refused: ({ n, code }) => void refused.push(`${n} ${code}`),
  })
  await plugin.sendLines(linesOf('a\0b', 'x'.repeat(LONGEST_LINE_BYTES), 'c\0'), 1)
  await plugin.settled()
  t.same(
    dispatcher.records.map(({ n, record }) => `${n} ${record}`),
    ['1 a b', '3 c'],
  )
  t.same(refused, ['2 too-long'])
  await dispatcher.stop()
})

void test('a refused record out of the middle of many is settled, and the others are not', async (t) => {
  const { dispatcher, plugin } = await opened({ positions: true, refused() {} }, { settles: false })
  await plugin.sendLines(linesOf('a', 'b', 'c'), 1)
  await dispatcher.until(() => dispatcher.records.length === 3)
  dispatcher.refuse(2, 'bad-record')
  await dispatcher.until(() => plugin.unsettled === 2)
  dispatcher.settle(2)
  await dispatcher.until(() => plugin.unsettled === 1)
  dispatcher.settle(3)
  await plugin.settled()
  t.equal(plugin.unsettled, 0)
  await dispatcher.stop()
})

void test('lines without an end, without positions, or below what was sent are mistakes', async (t) => {
  const one = await opened({ positions: true })
  await t.rejects(one.plugin.sendLines(Buffer.from('a\nb'), 1), TypeError)
  await one.plugin.sendLines(linesOf('a', 'b'), 1)
  await t.rejects(one.plugin.sendLines(linesOf('c'), 2), RangeError)
  const two = await opened()
  await t.rejects(two.plugin.sendLines(linesOf('a'), 1), TypeError)
  await Promise.all([one.dispatcher.stop(), two.dispatcher.stop()])
})

void test('lines that have no more room when all ends are rejected', async (t) => {
  const { dispatcher, plugin } = await opened({ positions: true }, { hello: { 'in-window': 3 }, settles: false })
  const sending = plugin.sendLines(linesOf('a', 'b', 'c'), 1)
  await dispatcher.until(() => dispatcher.records.length === 2)
  const [stopped] = await Promise.allSettled([sending, dispatcher.stop()])
  t.equal(stopped.status, 'rejected')
  await t.rejects(plugin.sendLines(linesOf('z'), 9), Stopped)
})
