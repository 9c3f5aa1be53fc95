// A plugin from HELLO to its exit status, with a dispatcher in memory.

import { PassThrough, Writable } from 'node:stream'
import { test } from 'tap'
import {
  BadConfiguration,
  runPlugin,
  testPlugin,
  type Gap,
  type Plugin,
  type PluginDefinition,
  type RecordBatch,
} from '../../src/sdk/index.js'

const RECORD = 'type=LOGIN msg=audit(1795288154.099:9315): pid=7556 uid=0'

/** A promise for a test to resolve when it likes. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** Notes each batch, as text, and each gap. */
function taking(seen: string[], more: Partial<PluginDefinition> = {}): PluginDefinition {
  return {
    records(batch: RecordBatch) {
      for (const record of batch) seen.push(`${record.seq} ${record.text}`)
    },
    lost(gap: Gap) {
      seen.push(`lost ${gap.count} ${gap.first} ${gap.last} ${gap.reason}`)
    },
    ...more,
  }
}

void test('records come in order, and a batch is acknowledged once', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  t.same(dispatcher.ready, ['ack'])
  dispatcher.send(`${RECORD} a`, `${RECORD} b`, `${RECORD} c`)
  await dispatcher.acknowledged(3)
  dispatcher.send(Buffer.from(`${RECORD} d`))
  await dispatcher.acknowledged(4)
  t.same(seen, [`1 ${RECORD} a`, `2 ${RECORD} b`, `3 ${RECORD} c`, `4 ${RECORD} d`])
  t.same(dispatcher.acks, [3, 4])
  t.equal(await dispatcher.stop(), 0)
  t.same(dispatcher.violations, [])
})

void test('HELLO is told, and READY says what the plugin asks for', async (t) => {
  let opened = ''
  const dispatcher = testPlugin(
    {
      window: 100,
      positions: true,
      open(hello) {
        opened = `${hello.plugin} ${hello.run} ${hello.next} ${hello.inWindow} ${hello.received} ${hello.node} ${hello.keys.get('new')}`
      },
      from: async (hello) => hello.next,
      records() {},
    },
    { hello: { plugin: 'siem', run: 'r1', next: 101, 'in-window': 7, received: 9, node: 'web1', new: 'x' } },
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  t.same(dispatcher.ready, ['ack', 'from=101', 'window=100', 'positions'])
  t.equal(opened, 'siem r1 101 7 9 web1 x')
  t.equal(await dispatcher.end(), 0)
})

void test('a number that READY cannot carry ends the process before it is said', async (t) => {
  for (const number of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
    for (const plugin of [
      { records() {}, from: () => number },
      { records() {}, window: number },
    ]) {
      const dispatcher = testPlugin(plugin)
      t.equal(await dispatcher.status, 70)
      t.match(dispatcher.complaints, /RangeError: (?:from|window) is /)
      t.equal(dispatcher.ready, undefined)
    }
  }
})

void test('a plugin that takes no records does not acknowledge, nor does one that never wants to', async (t) => {
  for (const plugin of [{}, { acknowledge: 'never' as const, from: () => 5, records() {} }]) {
    const dispatcher = testPlugin(plugin)
    await dispatcher.until(() => dispatcher.ready !== undefined)
    t.same(dispatcher.ready, [])
    dispatcher.send(RECORD)
    t.equal(await dispatcher.stop(), 0)
    t.same(dispatcher.acks, [])
  }
})

void test('a gap comes in its place and is acknowledged like a record', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  dispatcher.lost(3, 'poison')
  dispatcher.send('b')
  dispatcher.lost(0, 'input-gap')
  await dispatcher.acknowledged(6)
  t.same(seen, ['1 a', 'lost 3 2 4 poison', '5 b', 'lost 0 6 6 input-gap'])
  t.equal(await dispatcher.stop(), 0)
  t.same(dispatcher.violations, [])
})

void test('PING is answered while a handler works, and what waits becomes one batch', async (t) => {
  const work = gate()
  const counts: number[] = []
  const dispatcher = testPlugin({
    async records(batch) {
      counts.push(batch.count)
      if (counts.length === 1) await work.opened
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  await dispatcher.until(() => true)
  dispatcher.send('b', 'c')
  dispatcher.ping(7)
  dispatcher.send('d')
  await dispatcher.until(() => dispatcher.pongs.length > 0)
  t.same(dispatcher.pongs, [7])
  t.same(dispatcher.acks, [], 'nothing is safe yet')
  work.open()
  await dispatcher.acknowledged(4)
  t.equal(counts[0], 1)
  t.equal(
    counts.slice(1).reduce((sum, count) => sum + count),
    3,
  )
  t.equal(await dispatcher.stop(), 0)
})

void test('a batch is over when its handler is done', async (t) => {
  const kept: RecordBatch[] = []
  const dispatcher = testPlugin({
    records(batch) {
      kept.push(batch)
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  await dispatcher.acknowledged(dispatcher.send('a'))
  t.throws(() => [...(kept[0] ?? [])], { message: 'the batch is over: its handler has returned' })
  await dispatcher.stop()
})

void test('RELOAD and HUP come in their turn', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen, { reload: () => void seen.push('reload') }))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  dispatcher.reload()
  await dispatcher.acknowledged(dispatcher.send('b'))
  dispatcher.signal('SIGHUP')
  t.equal(await dispatcher.stop(), 0)
  t.same(seen, ['1 a', 'reload', '2 b', 'reload'])
})

void test('a reload that waits for an answer keeps nothing of what was sent from being done at the end', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen, { reload: (plugin) => plugin.notify('info', 'reloaded') }), {
    answer: () => undefined,
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.write('RECORD 1 a\nRELOAD\nRECORD 2 b\nRELOAD\nRECORD 3 c\n')
  await dispatcher.until(() => dispatcher.commands.length === 1)
  t.equal(await dispatcher.end(), 0)
  t.same(seen, ['1 a', '2 b', '3 c'])
  t.equal(dispatcher.acked, 3)
})

void test('a batch that waits for what cannot come is not done, and the plugin does not end as if it were', async (t) => {
  const dispatcher = testPlugin(
    {
      async records(_, plugin) {
        await plugin.stats()
      },
    },
    { answer: () => undefined },
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  await dispatcher.until(() => dispatcher.commands.length === 1)
  t.equal(await dispatcher.end(), 70)
  t.match(dispatcher.complaints, /^the dispatcher has ended while a handler waited for it: .* not acknowledged\n$/)
  t.same(dispatcher.acks, [])
})

void test('stop that waits for what cannot come has nothing in hand', async (t) => {
  const dispatcher = testPlugin({
    records() {},
    async stop(plugin) {
      await plugin.stats()
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  t.equal(await dispatcher.stop(), 0)
  t.same(dispatcher.acks, [1])
})

void test('a handler that notifies is done when nobody answers any more', async (t) => {
  for (const isAwaited of [true, false]) {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const dispatcher = testPlugin(
      {
        async records(batch, plugin) {
          await plugin.notify('info', 'before the end')
          await released
          for (const { seq } of batch) {
            const noticed = plugin.notify('warn', `saw ${seq}`)
            if (isAwaited) await noticed
          }
        },
      },
      { answer: () => undefined },
    )
    await dispatcher.until(() => dispatcher.ready !== undefined)
    dispatcher.send('a', 'b')
    await dispatcher.until(() => dispatcher.commands.length === 1)
    const status = dispatcher.stop()
    release()
    t.equal(await status, 0)
    t.same(dispatcher.acks, [2])
    t.same(
      dispatcher.commands.map(({ args }) => args[1]),
      ['before the end', 'saw 1', 'saw 2'],
    )
    t.equal(dispatcher.complaints, '')
  }
})

void test('an echo sends what it has in hand after the end of input, as far as the window goes', async (t) => {
  for (const [inWindow, status, acks] of [
    [5, 0, [4]],
    [4, 70, []],
  ] as const) {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const dispatcher = testPlugin(
      {
        async records(batch, plugin) {
          await released
          for (const { bytes } of batch) await plugin.send(bytes)
        },
      },
      { hello: { 'in-window': inWindow }, settles: false },
    )
    await dispatcher.until(() => dispatcher.ready !== undefined)
    dispatcher.send('a', 'b', 'c', 'd')
    dispatcher.write('STOP\n')
    const ended = dispatcher.end()
    setImmediate(release)
    t.equal(await ended, status)
    t.equal(dispatcher.records.length, inWindow - 1)
    t.same(dispatcher.acks, acks)
  }
})

void test('STOP, and the end of input, come after all that was sent', async (t) => {
  for (const how of ['stop', 'end'] as const) {
    const seen: string[] = []
    const dispatcher = testPlugin(
      taking(seen, {
        async stop() {
          await Promise.resolve()
          seen.push('stop')
        },
      }),
    )
    await dispatcher.until(() => dispatcher.ready !== undefined)
    dispatcher.send('a', 'b')
    dispatcher.write(how === 'end' ? 'RECORD 3 unfinished' : '')
    t.equal(await dispatcher[how](), 0)
    t.same(seen, ['1 a', '2 b', 'stop'], how)
    t.equal(dispatcher.acked, 2, 'and is acknowledged')
  }
})

void test('a plugin that is ended before its opening just ends', async (t) => {
  for (const opening of ['', 'HELLO 1']) {
    const input = new PassThrough()
    input.end(opening)
    t.equal(await runPlugin({}, { input, output: new PassThrough(), exit: () => {}, onSignal: () => {} }), 0)
  }
})

void test('SIGTERM: the batch in hand is finished and acknowledged, what waits is not begun', async (t) => {
  const work = gate()
  const seen: string[] = []
  const dispatcher = testPlugin({
    async records(batch) {
      for (const { text } of batch) seen.push(text)
      await work.opened
      seen.push('done')
    },
    stop: () => void seen.push('stop'),
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  await untilTurn(() => seen.length > 0)
  dispatcher.send('b')
  dispatcher.ping(1)
  await dispatcher.until(() => dispatcher.pongs.length > 0)
  dispatcher.signal('SIGTERM')
  work.open()
  t.equal(await dispatcher.status, 0)
  t.same(seen, ['a', 'done', 'stop'])
  t.same(dispatcher.acks, [1])
})

void test('SIGTERM with a torn line behind the batch in hand: its rest is no line of its own', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(
    {
      async records(batch, plugin) {
        for (const { text } of batch) seen.push(text)
        await plugin.command('wait')
      },
      lost: () => void seen.push('lost'),
      reload: () => void seen.push('reload'),
      stop: () => void seen.push('stop'),
    },
    { answer: () => undefined },
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  await dispatcher.until(() => dispatcher.commands.length === 1)
  dispatcher.write('RECORD 2 b\nRECORD 3 type=LOGIN msg=aud')
  dispatcher.signal('SIGTERM')
  dispatcher.write('it(1.000:3): y\nRECORD 4 d\nLOST 1 5 5 failed\nRELOAD\nSTOP\nRECORD 6 e\nPING 1\nRECORD 7')
  await dispatcher.until(() => dispatcher.pongs.length === 1)
  dispatcher.write(`\nOK ${dispatcher.commands[0]?.tag}\n`)
  t.equal(await dispatcher.status, 0)
  t.equal(dispatcher.complaints, '')
  t.same(seen, ['a', 'stop'])
  t.same(dispatcher.acks, [1])
})

void test('after SIGTERM so much may come as likes to: an answer behind it is read', async (t) => {
  const dispatcher = testPlugin(
    {
      async records(_, plugin) {
        await plugin.command('wait')
      },
    },
    { answer: () => undefined },
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  await dispatcher.until(() => dispatcher.commands.length === 1)
  dispatcher.signal('SIGTERM')
  const many = Array.from({ length: 1000 }, () => 'x'.repeat(65_000))
  for (let round = 0; round < 3; round++) dispatcher.send(...many)
  dispatcher.write(`OK ${dispatcher.commands[0]?.tag}\n`)
  t.equal(await dispatcher.status, 0)
  t.same(dispatcher.acks, [1])
})

void test('SIGTERM during the opening is the end', async (t) => {
  const dispatcher = testPlugin({ open: () => gate().opened })
  dispatcher.signal('SIGTERM')
  t.equal(await dispatcher.status, 0)
})

void test('a handler that throws ends the process, and what it had in hand is not acknowledged', async (t) => {
  const plugins: PluginDefinition[] = [
    { records: throwing },
    { records: async () => throwing() },
    { records() {}, lost: throwing },
    { records() {}, reload: throwing },
    { records() {}, stop: throwing },
    { main: async () => throwing() },
    { open: throwing },
    { from: throwing },
  ]
  for (const plugin of plugins) {
    const dispatcher = testPlugin(plugin)
    if (plugin.open === undefined && plugin.from === undefined) {
      await dispatcher.until(() => dispatcher.ready !== undefined)
      dispatcher.send('a')
      dispatcher.lost(1)
      dispatcher.reload()
    }
    t.equal(await dispatcher.stop(), 70, Object.keys(plugin).join())
    t.match(dispatcher.complaints, /^Error: for a test\n +at /)
    t.ok(dispatcher.acked < 2 || plugin.stop !== undefined || plugin.reload !== undefined)
  }
})

void test('a handler that throws after others are done leaves their acknowledgement', async (t) => {
  let batches = 0
  const dispatcher = testPlugin({
    records() {
      if (++batches === 2) throwing()
    },
    reload() {},
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.write('RECORD 1 a\nRELOAD\nRECORD 2 b\n')
  t.equal(await dispatcher.status, 70)
  t.same(dispatcher.acks, [1])
})

void test('BadConfiguration ends the process with 78 and its message', async (t) => {
  const dispatcher = testPlugin({
    open() {
      throw new BadConfiguration('siem.conf:3: no such key')
    },
  })
  t.equal(await dispatcher.status, 78)
  t.equal(dispatcher.complaints, 'siem.conf:3: no such key\n')
})

void test('a dispatcher that breaks the protocol: 65, and which line it was', async (t) => {
  const hostile: [before: string, after: string, told: RegExp][] = [
    ['RECORD 1 a\n', '', /RECORD before READY/],
    ['PING 1\n', '', /PING before READY/],
    ['LOST 1 1 1 failed\n', '', /LOST before READY/],
    ['', 'HELLO 1\n', /HELLO twice/],
    ['', 'junk\n', /no verb: junk/],
    ['', 'PING\n', /PING without a number: PING/],
    ['', 'RECORD x a\n', /RECORD 0: seq does not rise/],
    ['', 'RECORD 0 a\n', /seq does not rise/],
    ['', 'RECORD 1 a\nRECORD 1 b\n', /RECORD 1: seq does not rise/],
    ['', 'RECORD 5 a\nRELOAD\nRECORD 4 b\n', /RECORD 4: seq does not rise from 5/],
    ['', `RECORD 1 ${'x'.repeat(65_528)}`, /a line of more than 65536 bytes/],
    ['', `RECORD 1 ${'x'.repeat(65_527)}\n`, /a line of more than 65536 bytes/],
  ]
  for (const [before, after, told] of hostile) {
    const input = new PassThrough()
    let complaints = ''
    let said = ''
    const status = runPlugin(
      { records: (batch) => void [...batch] },
      {
        input,
        output: taken((text) => {
          said += text
          if (text.startsWith('READY')) input.write(after)
        }),
        error: taken((text) => (complaints += text)),
        exit: () => {},
        onSignal: () => {},
      },
    )
    input.write(before === '' ? 'HELLO 1\n' : before)
    t.equal(await status, 65, told.source)
    t.match(complaints, told)
    t.match(complaints, /^the dispatcher broke the line protocol: /)
    t.notMatch(said, /ACK 5.*ACK 4/s)
  }
})

void test('a line that begins with another verb is ignored, before READY as well', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen))
  dispatcher.write('GREET 1\n')
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.write('RECORD 1 a\nNEWVERB 1 2\nRECALL 1\nRECORD 2 b\nREWORD 0 x\n')
  t.equal(await dispatcher.stop(), 0)
  t.same(seen, ['1 a', '2 b'])
  t.equal(dispatcher.complaints, '')
})

void test('the longest record passes', async (t) => {
  const lengths: number[] = []
  const dispatcher = testPlugin({
    records(batch) {
      for (const { bytes } of batch) lengths.push(bytes.length)
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  await dispatcher.acknowledged(dispatcher.send('x'.repeat(65_536 - 'RECORD 1 \n'.length), 'y'))
  t.same(lengths, [65_526, 1])
  t.equal(await dispatcher.stop(), 0)
})

void test('comments, empty lines and every cut of the input', async (t) => {
  const wire = Buffer.from('RECORD 1 a\n\n# no\nRECORD 2 \xff\n\nLOST 2 3 4 failed\nPING 9\nRECORD 7 b c\n', 'latin1')
  for (let cut = 0; cut <= wire.length; cut++) {
    const seen: string[] = []
    const dispatcher = testPlugin(taking(seen), { hello: { next: 8 } })
    await dispatcher.until(() => dispatcher.ready !== undefined)
    dispatcher.write(wire.subarray(0, cut))
    await Promise.resolve()
    dispatcher.write(wire.subarray(cut))
    await dispatcher.acknowledged(7)
    t.same(seen, ['1 a', '2 \ufffd', 'lost 2 3 4 failed', '7 b c'], `cut at ${cut}`)
    t.same(dispatcher.pongs, [9])
    await dispatcher.stop()
  }
})

void test('manual acknowledgement: by the plugin alone, several in a turn as one', async (t) => {
  let plugin: Plugin | undefined
  const dispatcher = testPlugin({
    acknowledge: 'manual',
    records(_, handle) {
      plugin = handle
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a', 'b', 'c', 'd')
  await untilTurn(() => plugin !== undefined)
  t.same(dispatcher.acks, [])
  plugin?.ack(1)
  plugin?.ack(3)
  plugin?.ack(2)
  await dispatcher.acknowledged(3)
  t.same(dispatcher.acks, [3])
  t.throws(() => plugin?.ack(5), RangeError, 'never handed over')
  t.throws(() => plugin?.ack(0), RangeError)
  dispatcher.lost(2)
  t.equal(await dispatcher.stop(), 0)
  t.same(dispatcher.acks, [3], 'the gap waits for the record before it')
  t.same(dispatcher.violations, [])
})

void test('manual acknowledgement: a gap that nobody looks at goes with the record before it', async (t) => {
  let plugin: Plugin | undefined
  const dispatcher = testPlugin({
    acknowledge: 'manual',
    records(_, handle) {
      plugin = handle
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  await dispatcher.acknowledged(dispatcher.lost(2))
  dispatcher.send('a', 'b')
  dispatcher.lost(1)
  dispatcher.lost(1)
  dispatcher.ping(1)
  await dispatcher.until(() => dispatcher.pongs.length > 0)
  plugin?.ack(3)
  plugin?.ack(4)
  await dispatcher.acknowledged(6)
  await dispatcher.acknowledged(dispatcher.lost(1))
  await dispatcher.stop()
  t.same(dispatcher.acks, [2, 6, 7])
})

void test('ack() is for those who acknowledge themselves', async (t) => {
  const dispatcher = testPlugin({ records: (batch, plugin) => plugin.ack(batch.last) })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a')
  t.equal(await dispatcher.status, 70)
  t.match(dispatcher.complaints, /acknowledge: 'manual'/)
})

void test('nobody reads any more: exit status 0', async (t) => {
  const input = new PassThrough()
  const output = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    },
  })
  const statuses: number[] = []
  const status = runPlugin({}, { input, output, exit: (given) => void statuses.push(given), onSignal: () => {} })
  input.write('HELLO 1\n')
  t.equal(await status, 0)
  t.same(statuses, [0])
})

void test('nobody reads the text for people: that ends nothing', async (t) => {
  const input = new PassThrough()
  const error = new Writable({
    write(_chunk, _encoding, done) {
      done(new Error('write EPIPE'))
    },
  })
  const status = runPlugin({}, { input, output: new PassThrough(), error, exit: () => {}, onSignal: () => {} })
  input.write('HELLO 1\n')
  await new Promise((resolve) => setImmediate(resolve))
  input.write('OK nothing\n')
  input.end()
  t.equal(await status, 0)
})

void test('an input that gives text', async (t) => {
  const input = new PassThrough()
  const seen: string[] = []
  input.setEncoding('utf8')
  const output = taken((text) => {
    if (text.startsWith('READY')) input.end('RECORD 1 ü\n')
  })
  const status = runPlugin(taking(seen), { input, output, exit: () => {}, onSignal: () => {} })
  input.write('HELLO 1\n')
  t.equal(await status, 0)
  t.same(seen, ['1 ü'])
})

function throwing(): never {
  throw new Error('for a test')
}

function taken(take: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk.toString('latin1'))
      done()
    },
  })
}

/** Lets the event loop turn until the condition holds. */
async function untilTurn(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
