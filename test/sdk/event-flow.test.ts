// A plugin that takes events.

import { test } from 'tap'
import { runPlugin, testPlugin, type AuditEvent, type Plugin, type PluginDefinition } from '../../src/sdk/index.js'

/** A record of the event with this serial. */
function record(type: string, serial: number, fields = 'a=b'): string {
  return `type=${type} msg=audit(1795288154.099:${serial}): ${fields}`
}

/** `serial TYPE,TYPE incomplete` */
function told({ serial, records, incomplete }: AuditEvent): string {
  return [serial, records.map(({ typeName }) => typeName).join(), incomplete]
    .filter((word) => word !== undefined)
    .join(' ')
}

function taking(seen: string[], more: Partial<PluginDefinition> = {}): PluginDefinition {
  return {
    events(event) {
      seen.push(told(event))
    },
    ...more,
  }
}

void test('interleaved records come as events, and an open event holds the acknowledgement back', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  t.same(dispatcher.ready, ['ack'])
  dispatcher.send(record('LOGIN', 1))
  await dispatcher.acknowledged(1)
  dispatcher.send(record('SYSCALL', 2), record('SYSCALL', 3), record('PATH', 3), record('PROCTITLE', 3))
  dispatcher.ping(1)
  await dispatcher.until(() => dispatcher.pongs.length === 1)
  t.same(seen, ['1 LOGIN', '3 SYSCALL,PATH,PROCTITLE'])
  t.equal(dispatcher.acked, 1, 'the first record of the open event is seq 2')
  dispatcher.send(record('PROCTITLE', 2))
  await dispatcher.acknowledged(6)
  t.same(dispatcher.acks, [1, 6])
  t.equal(seen[2], '2 SYSCALL,PROCTITLE')
  t.equal(await dispatcher.stop(), 0)
  t.same(dispatcher.violations, [])
})

void test('an event that nothing ends is handed over when its time is over', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('SYSCALL', 1))
  dispatcher.ping(1)
  await dispatcher.until(() => dispatcher.pongs.length === 1)
  dispatcher.pass(400)
  dispatcher.send(record('SYSCALL', 2))
  dispatcher.ping(2)
  await dispatcher.until(() => dispatcher.pongs.length === 2)
  t.same(seen, [])
  dispatcher.pass(400)
  await dispatcher.acknowledged(1)
  t.same(seen, ['1 SYSCALL timeout'])
  dispatcher.pass(400)
  await dispatcher.acknowledged(2)
  t.same(seen, ['1 SYSCALL timeout', '2 SYSCALL timeout'])
  t.equal(await dispatcher.stop(), 0)
})

void test('a handler that is slow splits nothing that had arrived', async (t) => {
  let release = (): void => {}
  const seen: string[] = []
  const dispatcher = testPlugin({
    async events(event) {
      seen.push(told(event))
      if (event.serial === 1) await new Promise<void>((resolve) => (release = resolve))
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('LOGIN', 1), record('SYSCALL', 2), record('SYSCALL', 3))
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  dispatcher.pass(700)
  dispatcher.send(record('PROCTITLE', 2))
  dispatcher.ping(1)
  await dispatcher.until(() => dispatcher.pongs.length === 1)
  dispatcher.pass(100)
  dispatcher.send(record('PROCTITLE', 3))
  dispatcher.ping(2)
  await dispatcher.until(() => dispatcher.pongs.length === 2)
  dispatcher.pass(10_000)
  release()
  await dispatcher.acknowledged(5)
  t.same(seen, ['1 LOGIN', '2 SYSCALL,PROCTITLE', '3 SYSCALL timeout', '3 PROCTITLE'])
  t.equal(await dispatcher.stop(), 0)
})

void test('nor does one that keeps the process from reading', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin({
    events(event) {
      seen.push(told(event))
      if (event.serial !== 1) return
      dispatcher.pass(10_000)
      dispatcher.send(record('PROCTITLE', 2))
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('SYSCALL', 2), record('LOGIN', 1))
  await dispatcher.acknowledged(3)
  t.same(seen, ['1 LOGIN', '2 SYSCALL,PROCTITLE'])
  dispatcher.send(record('SYSCALL', 4))
  dispatcher.ping(1)
  await dispatcher.until(() => dispatcher.pongs.length === 1)
  dispatcher.pass(800)
  await dispatcher.acknowledged(4)
  t.equal(seen.at(-1), '4 SYSCALL timeout', 'afterwards time goes on')
  t.equal(await dispatcher.stop(), 0)
})

void test('an expiry that handlers have held up comes later', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin({
    events(event) {
      seen.push(told(event))
      if (event.serial === 1) dispatcher.pass(500)
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('SYSCALL', 2))
  dispatcher.ping(1)
  await dispatcher.until(() => dispatcher.pongs.length === 1)
  dispatcher.pass(100)
  await dispatcher.until(() => true)
  dispatcher.send(record('LOGIN', 1))
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  dispatcher.pass(699)
  dispatcher.ping(2)
  await dispatcher.until(() => dispatcher.pongs.length === 2)
  t.same(seen, ['1 LOGIN'])
  dispatcher.pass(1)
  await dispatcher.acknowledged(2)
  t.same(seen, ['1 LOGIN', '2 SYSCALL timeout'])
  t.equal(await dispatcher.stop(), 0)
})

void test('a window that is smaller than events may be is refused', async (t) => {
  const dispatcher = testPlugin({ window: 63, events() {} })
  t.equal(await dispatcher.status, 70)
  t.match(dispatcher.complaints, /RangeError: window is 63, and with events at least 64/)
  t.equal(dispatcher.ready, undefined)
  const enough = testPlugin({ window: 64, events() {} })
  await enough.until(() => enough.ready !== undefined)
  t.same(enough.ready, ['ack', 'window=64'])
  t.equal(await enough.stop(), 0)
})

void test('limits are those of the plugin', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen, { eventLimits: { maxEvents: 1 } }))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('SYSCALL', 1), record('SYSCALL', 2))
  await dispatcher.acknowledged(1)
  t.same(seen, ['1 SYSCALL overflow'])
  await dispatcher.stop()
})

void test('at STOP open events are handed over as they are, and acknowledged', async (t) => {
  for (const how of ['stop', 'end'] as const) {
    const seen: string[] = []
    const dispatcher = testPlugin(taking(seen, { stop: () => void seen.push('stop') }))
    await dispatcher.until(() => dispatcher.ready !== undefined)
    dispatcher.send(record('SYSCALL', 1))
    t.equal(await dispatcher[how](), 0)
    t.same(seen, ['1 SYSCALL end', 'stop'])
    t.same(dispatcher.acks, [1])
  }
})

void test('at SIGTERM open events are left to the next process, which gets all of their records', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('LOGIN', 1), record('SYSCALL', 2))
  await dispatcher.acknowledged(1)
  dispatcher.signal('SIGTERM')
  t.equal(await dispatcher.status, 0)
  t.same(seen, ['1 LOGIN'])
  t.same(dispatcher.acks, [1])
})

void test('events come one after the other, and each is acknowledged when it is done', async (t) => {
  const works: (() => void)[] = []
  const seen: string[] = []
  const dispatcher = testPlugin({
    async events(event) {
      seen.push(told(event))
      await new Promise<void>((resolve) => works.push(resolve))
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('LOGIN', 1), record('LOGIN', 2), record('LOGIN', 3))
  for (let done = 1; done <= 3; done++) {
    while (works.length < done) await new Promise((resolve) => setImmediate(resolve))
    t.equal(seen.length, done)
    t.equal(dispatcher.acked, done - 1)
    works[done - 1]?.()
    await dispatcher.acknowledged(done)
  }
  t.equal(await dispatcher.stop(), 0)
})

void test('gaps, and lines that are no records, hold nothing back', async (t) => {
  const seen: string[] = []
  const dispatcher = testPlugin(taking(seen, { lost: ({ count }) => void seen.push(`lost ${count}`) }))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('what is this')
  await dispatcher.acknowledged(1)
  await dispatcher.acknowledged(dispatcher.lost(2))
  dispatcher.send(record('SYSCALL', 1))
  dispatcher.lost(1)
  dispatcher.send(record('PROCTITLE', 1))
  await dispatcher.acknowledged(6)
  t.same(dispatcher.acks, [1, 3, 6])
  t.same(seen, ['lost 2', 'lost 1', '1 SYSCALL,PROCTITLE'])
  await dispatcher.stop()
})

void test("an event is the plugin's for good", async (t) => {
  const kept: AuditEvent[] = []
  const dispatcher = testPlugin({ events: (event) => void kept.push(event) })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  await dispatcher.acknowledged(dispatcher.send(record('LOGIN', 1, 'uid=0')))
  await dispatcher.acknowledged(dispatcher.send(record('LOGIN', 2, 'uid=1')))
  await dispatcher.acknowledged(dispatcher.send(record('LOGIN', 3, 'uid=2')))
  t.same(
    kept.map(({ records }) => records[0]?.get('uid')),
    ['0', '1', '2'],
  )
  t.match(kept[0]?.records[0]?.bytes.toString(), /uid=0$/)
  await dispatcher.stop()
})

void test('manual acknowledgement of events', async (t) => {
  let plugin: Plugin | undefined
  const safe: number[] = []
  const dispatcher = testPlugin({
    acknowledge: 'manual',
    events(event, handle) {
      plugin = handle
      safe.push(event.safeSeq)
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('SYSCALL', 1), record('LOGIN', 2), record('PROCTITLE', 1))
  while (safe.length < 2) await new Promise((resolve) => setImmediate(resolve))
  t.same(safe, [0, 3])
  t.same(dispatcher.acks, [])
  plugin?.ack(3)
  await dispatcher.acknowledged(3)
  await dispatcher.stop()
})

void test('a handler of events that throws: nothing of its event is acknowledged', async (t) => {
  const plugins: PluginDefinition[] = [
    {
      events() {
        throw new Error('for a test')
      },
    },
    {
      async events() {
        throw new Error('for a test')
      },
    },
  ]
  for (const plugin of plugins) {
    const dispatcher = testPlugin(plugin)
    await dispatcher.until(() => dispatcher.ready !== undefined)
    dispatcher.send(record('LOGIN', 1))
    t.equal(await dispatcher.status, 70)
    t.same(dispatcher.acks, [])
  }
})

void test('limits that are none end the process before READY', async (t) => {
  const dispatcher = testPlugin({ eventLimits: { maxEvents: 0 }, events() {} })
  t.equal(await dispatcher.status, 70)
  t.equal(dispatcher.ready, undefined)
  t.match(dispatcher.complaints, /RangeError: maxEvents is 0/)
})

void test('records or events, not both', async (t) => {
  await t.rejects(runPlugin({ records() {}, events() {} }), TypeError)
})
