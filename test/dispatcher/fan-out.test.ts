import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import { FanOut } from '../../src/dispatcher/fan-out.js'
import { BINARY, PROTOCOL, STRING } from '../../src/dispatcher/format.js'
import { balances } from '../../src/dispatcher/ledger.js'
import { ProtocolQueue } from '../../src/dispatcher/protocol-queue.js'
import { Queue } from '../../src/dispatcher/queue.js'
import { SEGMENT_BYTES, type Segment } from '../../src/dispatcher/segment.js'
import type { OverflowAction } from '../../src/dispatcher/settings.js'
import { LONGEST_PAYLOAD, type WireRecord } from '../protocol/wire.js'
import { parseSelector } from '../../src/protocol/selector.js'
import { comeFrame, comeLines, Reader, ROOMY } from './fan-out-bench.js'
import { Expectation } from './fan-out-expectation.js'
import { NAMELESS, PATH, seenFrame, seenLine, SYSCALL, TRUSTED_APP, TYPE_NAMES, type Seen } from './seen-record.js'
import { SpyPool } from './spy-pool.js'

const OWN_LINE = Buffer.from("type=TRUSTED_APP msg=audit(1.000:1): pid=1 msg='op=loss-begin res=failed'\n")

const SELECTORS: Readonly<Record<string, (seen: Seen) => boolean>> = {
  '': () => true,
  'type=SYSCALL': ({ type }) => type === SYSCALL,
  '!type=SYSCALL,TRUSTED_APP': ({ type }) => type !== SYSCALL && type !== TRUSTED_APP,
  'node=web*': ({ node }) => node.startsWith('web'),
  'source=self': ({ source }) => source === 'self',
  'type=PATH source=auditd': ({ type, source }) => type === PATH && source === 'auditd',
  '!source=box': ({ source }) => source !== 'box',
}
const SELECTOR = fc.constantFrom(...Object.keys(SELECTORS))

const PAYLOAD = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc.nat(LONGEST_PAYLOAD).map((size) => Buffer.from('audit(1.000:1): '.padEnd(size, 'x'))),
)
const TYPE = fc.constantFrom(SYSCALL, PATH, NAMELESS)
const NODE = fc.constantFrom('', 'web1', 'db1')
const FRAME: fc.Arbitrary<WireRecord> = fc.oneof(
  fc.record({ version: fc.constant(0 as const), type: TYPE, payload: PAYLOAD }),
  fc.tuple(TYPE, NODE, fc.nat(200)).map(([type, node, size]) => {
    const text = `${node === '' ? '' : `node=${node} `}type=${TYPE_NAMES.get(type)} msg=audit(1.000:1): `
    return { version: 1 as const, type, payload: Buffer.from(text.padEnd(size, 'y')) }
  }),
)
const LINE = fc
  .tuple(
    fc.constantFrom('SYSCALL', 'PATH', 'NO_SUCH_TYPE'),
    NODE,
    fc.oneof(fc.nat(300), fc.nat(65_535), fc.integer({ min: 65_510, max: 65_535 })),
  )
  .map(([name, node, size]) => {
    const text = `${node === '' ? '' : `node=${node} `}type=${name} msg=audit(1.000:1): `
    return Buffer.from(`${text.padEnd(size, 'z')}\n`)
  })
const STEP = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('frame' as const), record: FRAME }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('lines' as const),
      lines: fc.array(LINE, { minLength: 1, maxLength: 12 }),
      source: fc.constantFrom('auditd', 'auditd', 'box'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('offer' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('node' as const), node: NODE }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('gap' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('alone' as const), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('select' as const), at: fc.nat(5), selector: SELECTOR }) },
)
const KIND = fc.record({
  format: fc.constantFrom(STRING, BINARY, PROTOCOL),
  selector: SELECTOR,
  name: fc.constantFrom('', 'box'),
})

void test('every plugin gets what it asked for, in its format, in order, and all is accounted for', (t) => {
  const pool = new SpyPool()
  fc.assert(
    fc.property(
      fc.array(KIND, { minLength: 1, maxLength: 6 }),
      fc.array(STEP, { maxLength: 25 }),
      fc.constantFrom(0, 8, 97, 99_995),
      (kinds, steps, before) => {
        const held = pool.out.size
        const fanOut = new FanOut(pool)
        if (before > 0) fanOut.lines(Buffer.alloc(0), 0, 0, before)
        const plugins = kinds.map(({ format, selector, name }) => ({
          reader: new Reader(fanOut, pool, format, selector, ROOMY, name),
          expected: new Expectation(format, name, SELECTORS[selector] ?? assert.fail()),
        }))
        let seq = before
        let node = ''
        const comes = (seen: Seen): void => {
          seq++
          for (const { expected } of plugins) expected.comes(seen, seq)
        }
        for (const step of steps) {
          switch (step.do) {
            case 'frame':
              comeFrame(fanOut, step.record)
              comes(seenFrame(step.record, node))
              break
            case 'lines':
              comeLines(fanOut, step.lines, step.source)
              for (const line of step.lines) comes(seenLine(line, step.source))
              break
            case 'publish':
              fanOut.publish(OWN_LINE)
              comes(seenLine(OWN_LINE, 'self'))
              break
            case 'offer':
              fanOut.offer()
              for (const { reader } of plugins) assert.ok(balances(reader.queue.ledger))
              break
            case 'node':
              ;({ node } = step)
              fanOut.setNode(node)
              break
            case 'gap':
              fanOut.noteGap()
              seq++
              for (const { expected } of plugins) expected.gap(seq)
              break
            case 'alone': {
              const plugin = plugins[step.at % plugins.length]
              if (plugin === undefined) break
              fanOut.publishAlone(plugin.reader.queue, OWN_LINE)
              plugin.expected.comesAlone(seenLine(OWN_LINE, 'self'), ++seq)
              break
            }
            case 'select': {
              const plugin = plugins[step.at % plugins.length]
              if (plugin === undefined) break
              fanOut.select(plugin.reader.queue, step.selector === '' ? undefined : parseSelector(step.selector))
              plugin.expected.wants = SELECTORS[step.selector] ?? assert.fail()
              break
            }
            default:
              step satisfies never
          }
          assert.equal(fanOut.seq, seq)
        }
        fanOut.offer()
        for (const { reader, expected } of plugins) {
          if (reader.queue instanceof ProtocolQueue) assert.deepEqual({ ...reader.queue.held }, expected.held)
          assert.ok(reader.read().equals(expected.bytes), `${expected.format.name} ${reader.selector}: other bytes`)
          assert.deepEqual(reader.queue.ledger, expected.ledger)
        }
        for (const { reader } of plugins) {
          fanOut.remove(reader.queue)
          reader.queue.close()
        }
        assert.equal(pool.out.size, held + 3, 'but for the three that are being filled, every segment has come back')
      },
    ),
    { numRuns: 800 },
  )
  t.end()
})

void test('plugins of one format read the same bytes', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const [one, two, picky] = ['', '', 'type=SYSCALL'].map((selector) => new Reader(fanOut, pool, STRING, selector))
  comeFrame(fanOut, { version: 0, type: SYSCALL, payload: Buffer.from('audit(1.000:1): a=b') })
  fanOut.offer()
  t.same(one?.queue.next(), two?.queue.next())
  t.same(picky?.read(), one?.read(), 'and one with a selector a copy of what it asked for')
  t.equal(pool.out.size, 4, 'and a format that nobody reads is not written')
  t.end()
})

void test('a plugin gets what comes while it is there', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const stays = new Reader(fanOut, pool, STRING)
  const line = (name: string): Buffer => Buffer.from(`type=EOE ${name}\n`)
  comeLines(fanOut, [line('a')])
  const comes = new Reader(fanOut, pool, STRING)
  comeLines(fanOut, [line('b')])
  fanOut.remove(comes.queue)
  comeLines(fanOut, [line('c')])
  fanOut.offer()
  t.equal(stays.read().toString(), 'type=EOE a\ntype=EOE b\ntype=EOE c\n')
  t.equal(comes.read().toString(), 'type=EOE b\n', 'and no more, though nothing was offered in between')
  t.match(comes.queue.ledger, { in: 1, delivered: 1 })
  t.end()
})

void test('a record of the daemon reaches everybody, and begins no loss', (t) => {
  const actions: OverflowAction[] = ['drop-newest', 'drop-oldest', 'block', 'suspend', 'single', 'halt', 'ignore']
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const plugins = actions.flatMap((overflow) =>
    [STRING, BINARY, PROTOCOL].flatMap((format) =>
      ['', 'source=self,auditd'].map(
        (selector) => new Reader(fanOut, pool, format, selector, { ...ROOMY, depth: 2, overflow }),
      ),
    ),
  )
  for (let published = 0; published < 3; published++) fanOut.publish(OWN_LINE)
  for (const { queue, told } of plugins) {
    const taken = queue.blocks ? 3 : 2
    t.match(queue.ledger, { in: 3, queued: taken, dropped: { 'queue-full': 3 - taken } })
    t.same(told, [])
  }
  comeLines(fanOut, [OWN_LINE])
  fanOut.offer()
  const began = plugins.filter(({ told }) => told.length === 1)
  t.equal(began.length, 6 * 6, 'unlike one of auditd, to all who do not block')
  t.end()
})

void test('a record for one plugin alone is written as for everybody', (t) => {
  for (const format of [STRING, BINARY, PROTOCOL]) {
    const pool = new SpyPool()
    const fanOut = new FanOut(pool)
    const everybody = new Reader(fanOut, pool, format)
    fanOut.publish(OWN_LINE)
    const written = everybody.read()
    t.same(format.encode(OWN_LINE, 1), written)
    t.equal(format.endOfRecord(written, 0), written.length)
  }
  t.end()
})

void test('what has come before a record of the daemon is no record of the daemon', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const plugin = new Reader(fanOut, pool, STRING, '', { ...ROOMY, depth: 1 })
  comeLines(fanOut, [OWN_LINE, OWN_LINE])
  fanOut.publish(OWN_LINE)
  t.match(plugin.queue.ledger, { in: 3, queued: 1, dropped: { 'queue-full': 2 } })
  t.same(plugin.told, ['began queue-full'])
  t.end()
})

void test('a line that is too long for a frame is dropped for binary plugins alone', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const plugins = [STRING, BINARY].flatMap((format) =>
    ['', 'type=PATH', 'type=SYSCALL'].map((selector) => new Reader(fanOut, pool, format, selector)),
  )
  for (const size of [LONGEST_PAYLOAD, LONGEST_PAYLOAD + 1]) {
    comeLines(fanOut, [Buffer.from(`${'type=PATH '.padEnd(size, 'x')}\n`)])
  }
  fanOut.offer()
  t.same(
    plugins.map(({ queue: { ledger } }) => [ledger.queued, ledger.filtered, ledger.dropped['too-long']]),
    [
      [2, 0, 0],
      [2, 0, 0],
      [0, 2, 0],
      [1, 0, 1],
      [1, 0, 1],
      [0, 2, 0],
    ],
  )
  t.end()
})

void test('runs that are longer than a segment are parted between lines', (t) => {
  for (const size of [1000, 65_536, 60_000]) {
    const pool = new SpyPool()
    const fanOut = new FanOut(pool)
    const plugin = new Reader(fanOut, pool, STRING)
    const count = Math.ceil((3.5 * SEGMENT_BYTES) / size)
    const lines = Array.from({ length: count }, (_, index) => Buffer.from(`${`type=EOE ${index} `.padEnd(size - 1)}\n`))
    comeLines(fanOut, lines)
    fanOut.offer()
    t.match(plugin.queue.ledger, { in: count, queued: count })
    t.ok(plugin.read().equals(Buffer.concat(lines)))
    const perSegment = Math.floor(SEGMENT_BYTES / size) * size
    t.ok(
      plugin.pieces.slice(0, -1).every((piece) => piece === perSegment),
      'each segment is filled as far as lines allow',
    )
    plugin.queue.close()
    t.equal(pool.out.size, 3)
  }
  t.end()
})

/** A queue that notes which seqs it is offered. */
class NotingQueue extends Queue {
  readonly runs: [records: number, first: number, last: number][] = []

  override offer(
    segment: Segment,
    start: number,
    end: number,
    records: number,
    own = false,
    first = 0,
    last = 0,
  ): void {
    this.runs.push([records, first, last])
    super.offer(segment, start, end, records, own)
  }
}

void test('runs tell the seqs of their first and their last record, however they were parted', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const watcher = {
    makeRoom: () => {},
    lossBegan: () => {},
    lossEnded: () => {},
    tooLong: () => {},
    poisoned: () => {},
  }
  const queue = new NotingQueue(STRING, ROOMY, pool, watcher)
  fanOut.add({ queue, selector: undefined, name: '' })
  const line = Buffer.from(`${'type=EOE '.padEnd(1023, 'x')}\n`)
  const perSegment = SEGMENT_BYTES / 1024
  comeLines(fanOut, [line, line])
  comeLines(fanOut, Array<Buffer>(3 * perSegment).fill(line))
  fanOut.publish(OWN_LINE)
  t.same(queue.runs, [
    [2, 1, 2],
    [perSegment, 3, perSegment + 2],
    [perSegment, perSegment + 3, 2 * perSegment + 2],
    [perSegment, 2 * perSegment + 3, 3 * perSegment + 2],
    [1, 3 * perSegment + 3, 3 * perSegment + 3],
  ])
  t.end()
})

void test('a segment is sealed by the record that does not fit, which begins the next', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const whole = new Reader(fanOut, pool, BINARY)
  const picky = new Reader(fanOut, pool, BINARY, 'type=PATH')
  const size = 1008
  const payload = Buffer.alloc(size, 'x')
  const perSegment = Math.floor(SEGMENT_BYTES / (16 + size))
  for (let count = 0; count < 2 * perSegment + 1; count++) {
    comeFrame(fanOut, { version: 0, type: count % 8 === 0 ? PATH : SYSCALL, payload })
  }
  t.equal(whole.queue.ledger.queued, 2 * perSegment, 'what is sealed has been offered')
  fanOut.offer()
  t.equal(whole.read().length, (2 * perSegment + 1) * (16 + size))
  t.same(whole.pieces, [perSegment * (16 + size), perSegment * (16 + size), 16 + size])
  t.equal(picky.read().length, Math.ceil((2 * perSegment + 1) / 8) * (16 + size))
  t.end()
})

void test('a line is whole wherever a segment ends', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const plugin = new Reader(fanOut, pool, STRING)
  const node = 'a-name-that-takes-some-room'
  fanOut.setNode(node)
  const records = Array.from({ length: 20_000 }, (_, index) => ({
    version: 0 as const,
    type: NAMELESS,
    payload: Buffer.from('audit(1.000:1): '.padEnd(16 + ((index * 31) % 97), 'x')),
  }))
  for (const record of records) comeFrame(fanOut, record)
  fanOut.offer()
  t.ok(plugin.read().equals(Buffer.concat(records.map((record) => seenFrame(record, node).line))))
  t.ok(plugin.pieces.length > 5)
  t.end()
})

void test('a plugin with a selector gets a turn in one piece, whatever lies between its records', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const picky = [STRING, BINARY, PROTOCOL].map((format) => new Reader(fanOut, pool, format, 'type=PATH'))
  const whole = new Reader(fanOut, pool, PROTOCOL)
  for (let turn = 1; turn <= 3; turn++) {
    for (let count = 0; count < 200; count++) {
      comeFrame(fanOut, {
        version: 0,
        type: count % 2 === 0 ? PATH : SYSCALL,
        payload: Buffer.from('audit(1.000:1): a=b'),
      })
    }
    fanOut.offer()
    for (const reader of [...picky, whole]) {
      reader.read()
      t.equal(reader.pieces.length, turn, reader.queue.format.name)
    }
  }
  t.match(picky[2]?.queue.ledger, { in: 600, filtered: 300, delivered: 300 })
  t.end()
})

void test('what is gathered is whole across the segments of both sides', (t) => {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const picky = new Reader(fanOut, pool, PROTOCOL, 'type=PATH')
  const wanted: Buffer[] = []
  for (let seq = 1; seq <= 1500; seq++) {
    const type = seq % 3 === 0 ? SYSCALL : PATH
    const record = { version: 0 as const, type, payload: Buffer.from('audit(1.000:1): '.padEnd(900 + (seq % 97), 'x')) }
    comeFrame(fanOut, record)
    if (type === PATH) wanted.push(Buffer.concat([Buffer.from(`RECORD ${seq} `), seenFrame(record, '').line]))
  }
  fanOut.offer()
  t.ok(picky.read().equals(Buffer.concat(wanted)))
  t.ok(picky.pieces.length < 10, `${picky.pieces.length} pieces for ${wanted.length} records`)
  t.end()
})
