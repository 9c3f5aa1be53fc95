// A plugin under auditd itself, or under audispd with `format = string` or `binary`: what comes is no line protocol.

import { Writable } from 'node:stream'
import { test } from 'tap'
import { CommandError, RefusedRecord, type Hello, type Plugin, type RecordBatch } from '../../src/sdk/index.js'
import { TestClock } from '../../src/sdk/test-clock.js'
import { Auditd, noting, turn, until } from './auditd.js'

const RECORD = 'type=LOGIN msg=audit(1795288154.099:9315): pid=7556 uid=0'

/** For a test to go on in a handler when it likes. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

void test('the same handlers are called, and nothing is said on stdout', async (t) => {
  const seen: string[] = []
  const hellos: Hello[] = []
  const auditd = new Auditd(
    noting(seen, {
      open: (hello) => void hellos.push(hello),
      from: () => {
        seen.push('from')
        return 7
      },
      stop: () => void seen.push('stop'),
    }),
  )
  await turn()
  t.same(hellos, [], 'nothing has come')
  auditd.write(`${RECORD} a\n${RECORD} b\n`)
  await until(() => seen.length === 2)
  auditd.write(`${RECORD} c\n`)
  t.equal(await auditd.end(), 0)
  t.same(seen, [`1 ${RECORD} a`, `2 ${RECORD} b`, `3 ${RECORD} c`, 'stop'])
  t.match(hellos, [{ plugin: '', run: '', next: 1, inWindow: 4096, received: 0, node: '' }])
  t.equal(hellos[0]?.keys.size, 0)
  t.equal(auditd.said, '')
  t.equal(auditd.complaints, '')
})

void test('a batch has its ends, its lines and its fields', async (t) => {
  const seen: unknown[] = []
  const kept: RecordBatch[] = []
  const auditd = new Auditd({
    records(batch) {
      const lines = [...batch.lines(RECORD.length + 4)].map(({ bytes, count, last }) => [bytes.toString(), count, last])
      const [record] = batch
      seen.push([batch.first, batch.last, batch.count], lines, record?.get('pid'))
      kept.push(batch)
    },
  })
  auditd.write(`${RECORD} a\n`)
  await until(() => kept.length === 1)
  auditd.write(`${RECORD} b\n${RECORD} c\n`)
  t.equal(await auditd.end(), 0)
  t.same(seen, [
    [1, 1, 1],
    [[`${RECORD} a\n`, 1, 1]],
    '7556',
    [2, 3, 2],
    [
      [`${RECORD} b\n`, 1, 2],
      [`${RECORD} c\n`, 1, 3],
    ],
    '7556',
  ])
  for (const batch of kept) t.throws(() => [...batch], /the batch is over/)
})

void test('events are put together, and an open one is handed over when its time is over', async (t) => {
  const seen: string[] = []
  const auditd = new Auditd({ events: ({ records, incomplete }) => void seen.push(`${records.length} ${incomplete}`) })
  auditd.write(
    'type=SYSCALL msg=audit(1.000:1): a=b\ntype=CWD msg=audit(1.000:1): cwd="/"\ntype=EOE msg=audit(1.000:1): \n',
  )
  await until(() => seen.length === 1)
  auditd.write('type=SYSCALL msg=audit(1.000:2): a=b\n')
  await turn()
  await turn()
  auditd.pass(800)
  await until(() => seen.length === 2)
  auditd.write('type=SYSCALL msg=audit(1.000:3): a=b\n')
  t.equal(await auditd.end(), 0)
  t.same(seen, ['2 undefined', '1 timeout', '1 end'])
})

void test('an event whose records come before and after the opening is whole', async (t) => {
  const seen: string[] = []
  const auditd = new Auditd({
    open: turn,
    events: ({ records, incomplete }) => void seen.push(`${records.length} ${incomplete}`),
  })
  auditd.pass(10_000)
  auditd.write('type=SYSCALL msg=audit(1.000:1): a=b\n')
  for (let turns = 0; turns < 5; turns++) await turn()
  auditd.pass(1)
  auditd.write('type=PROCTITLE msg=audit(1.000:1): proctitle="x"\n')
  t.equal(await auditd.end(), 0)
  t.same(seen, ['2 undefined'])
})

void test('a handler that is slow splits no event, though reading pauses', async (t) => {
  const work = gate()
  const seen: string[] = []
  const auditd = new Auditd({
    async events({ serial, records, incomplete }) {
      if (serial === 1) await work.opened
      if (serial !== 2) seen.push(`${serial} ${records.length} ${incomplete}`)
    },
  })
  const begun = (serial: number): string => `type=SYSCALL msg=audit(1.000:${serial}): a=b\n`
  const ended = (serial: number): string => `type=PROCTITLE msg=audit(1.000:${serial}): proctitle="x"\n`
  auditd.write(`${begun(3)}type=LOGIN msg=audit(1.000:1): pid=1\n`)
  await turn()
  const others = 'type=LOGIN msg=audit(1.000:2): pid=1\n'.repeat(500)
  while (!auditd.input.isPaused()) {
    auditd.write(others + begun(4))
    await turn()
  }
  auditd.write(ended(3))
  auditd.write(ended(4))
  auditd.pass(800)
  auditd.pass(10_000)
  work.open()
  await until(() => seen.length === 3)
  t.same(seen, ['1 1 undefined', '3 2 undefined', `4 ${seen[2]?.split(' ')[1]} undefined`])
  t.equal(await auditd.end(), 0)
})

void test('the time of an open event stands still while reading pauses, and goes on after it', async (t) => {
  const work = gate()
  const clock = new TestClock()
  const seen: string[] = []
  let timers = 0
  const counting = {
    nowMs: () => clock.nowMs(),
    after(delayMs: number, call: () => void) {
      timers++
      return clock.after(delayMs, call)
    },
  }
  const auditd = new Auditd(
    {
      async events({ serial, incomplete }) {
        if (serial === 1) await work.opened
        if (incomplete !== undefined) seen.push(`${serial} ${incomplete}`)
      },
    },
    { clock: counting },
  )
  auditd.write('type=SYSCALL msg=audit(1.000:2): a=b\n')
  await until(() => timers === 1)
  auditd.write('type=LOGIN msg=audit(1.000:1): pid=1\n')
  await turn()
  const others = 'type=LOGIN msg=audit(1.000:3): pid=1\n'.repeat(500)
  while (!auditd.input.isPaused()) {
    auditd.write(others)
    await turn()
  }
  for (let times = 0; times < 10; times++) clock.pass(800)
  t.equal(timers, 1, 'nobody looks at the clock meanwhile')
  work.open()
  await until(() => !auditd.input.isPaused())
  await until(() => timers === 2)
  clock.pass(799)
  await turn()
  t.same(seen, [])
  clock.pass(1)
  await until(() => seen.length === 1)
  t.same(seen, ['2 timeout'])
  t.equal(await auditd.end(), 0)
})

void test('nobody can be asked for anything; a notify goes to stderr', async (t) => {
  const errors: unknown[] = []
  const auditd = new Auditd({
    async records(_batch, plugin: Plugin) {
      const asking = [
        plugin.action('block', '192.0.2.1'),
        plugin.action('block', '192.0.2.2'),
        plugin.stats(),
        plugin.subscribe('type=LOGIN'),
        plugin.pause(),
        plugin.reload(),
        plugin.command('x'),
        plugin.send(RECORD),
        plugin.send(RECORD),
      ]
      for (const asked of asking) await asked.catch((error: unknown) => errors.push(error))
      await plugin.settled()
      await plugin.notify('warn', 'disk \x1b[2J\nnearly full')
      for (let n = 2; n <= 60; n++) await plugin.notify('info', `${n}`)
    },
  })
  auditd.write(`${RECORD}\n`)
  t.equal(await auditd.end(), 0)
  t.same(
    errors.map((error) => (error instanceof CommandError || error instanceof RefusedRecord ? error.code : error)),
    Array.from({ length: 9 }, () => 'denied'),
  )
  t.ok(auditd.complaints.includes('WARN: disk \\x1b[2J\\x0anearly full\n'))
  t.equal([...auditd.complaints.matchAll(/^INFO: /gm)].length, 49)
  t.match(auditd.complaints, /^notify: 10 texts were left out$/m)
  t.equal([...auditd.complaints.matchAll(/^a record was not sent/gm)].length, 1)
  t.equal([...auditd.complaints.matchAll(/^action: denied: .*auditd/gm)].length, 1)
  t.equal(auditd.said, '')
})

void test('acknowledging by hand is looked at, and said to nobody', async (t) => {
  const seen: unknown[] = []
  const auditd = new Auditd({
    acknowledge: 'manual',
    records({ last }, plugin) {
      plugin.ack(last)
      try {
        plugin.ack(last + 1)
      } catch (error) {
        seen.push(error)
      }
    },
  })
  auditd.write(`${RECORD}\n`)
  t.equal(await auditd.end(), 0)
  t.match(seen, [/last record that was handed over/])
  t.equal(auditd.said, '')
})

void test('HUP is a reload, in its place', async (t) => {
  const seen: string[] = []
  const auditd = new Auditd(noting(seen, { reload: () => void seen.push('reload') }))
  auditd.write('type=A msg=audit(1.000:1): a\n')
  await until(() => seen.length === 1)
  auditd.signal('SIGHUP')
  await until(() => seen.length === 2)
  auditd.write('type=A msg=audit(1.000:2): b\n')
  t.equal(await auditd.end(), 0)
  t.same(seen, ['1 type=A msg=audit(1.000:1): a', 'reload', '2 type=A msg=audit(1.000:2): b'])
})

void test('a HUP before anything has come is a reload before the first record; one at the opening has its place', async (t) => {
  const seen: string[] = []
  const open = async (): Promise<void> => {
    seen.push('open')
    await turn()
    auditd.signal('SIGHUP')
  }
  const auditd = new Auditd(noting(seen, { open, reload: () => void seen.push('reload') }))
  auditd.signal('SIGHUP')
  auditd.write('type=A msg=audit(1.000:1): a\n')
  await until(() => seen.length === 4)
  t.equal(await auditd.end(), 0)
  t.same(seen, ['open', 'reload', '1 type=A msg=audit(1.000:1): a', 'reload'])
})

void test('after SIGTERM the input is read to its end, for two seconds at most', async (t) => {
  for (const how of ['end', 'time'] as const) {
    const seen: string[] = []
    const auditd = new Auditd(noting(seen, { stop: () => void seen.push('stop') }))
    auditd.write(`${RECORD} a\n`)
    await until(() => seen.length === 1)
    auditd.signal('SIGTERM')
    auditd.signal('SIGTERM')
    await turn()
    auditd.write(`${RECORD} b\n`)
    await until(() => seen.length === 2)
    if (how === 'time') {
      auditd.pass(1999)
      auditd.write(`${RECORD} c\n`)
      await until(() => seen.length === 3)
      auditd.pass(1)
      await until(() => seen.includes('stop'))
      auditd.write(`${RECORD} d\n`)
    } else {
      auditd.input.end()
    }
    t.equal(await auditd.status, 0)
    t.equal(auditd.complaints.includes('it is read no further'), how === 'time')
    const last = how === 'time' ? [`3 ${RECORD} c`] : []
    t.same(seen, [`1 ${RECORD} a`, `2 ${RECORD} b`, ...last, 'stop'], how)
  }
})

void test('a handler that is slow at the end has nothing to do with the input', async (t) => {
  for (const endsFirst of [true, false]) {
    const work = gate()
    const seen: string[] = []
    const auditd = new Auditd({ records: () => work.opened, stop: () => void seen.push('stop') })
    auditd.write(`${RECORD} a\n`)
    await turn()
    if (!endsFirst) auditd.signal('SIGTERM')
    auditd.input.end()
    for (let turns = 0; turns < 5; turns++) await turn()
    if (endsFirst) auditd.signal('SIGTERM')
    auditd.pass(3000)
    work.open()
    t.equal(await auditd.status, 0)
    t.same(seen, ['stop'])
    t.equal(auditd.complaints, '')
  }
})

void test('at SIGINT what has come is finished, and no more is read', async (t) => {
  const seen: string[] = []
  const auditd = new Auditd(noting(seen, { stop: () => void seen.push('stop') }))
  auditd.write(`${RECORD} a\n`)
  await until(() => seen.length === 1)
  auditd.signal('SIGINT')
  auditd.write(`${RECORD} b\n`)
  t.equal(await auditd.status, 0)
  t.same(seen, [`1 ${RECORD} a`, 'stop'])
})

void test('a signal before anything has come ends it at once', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const auditd = new Auditd(noting([]))
    auditd.signal(signal)
    t.equal(await auditd.status, 0)
  }
})

void test('a plugin that fails at its opening ends with the same status as ever', async (t) => {
  const auditd = new Auditd({
    open: () => {
      throw new Error('no disk')
    },
  })
  auditd.write(`${RECORD}\n`)
  t.equal(await auditd.status, 70)
  t.match(auditd.complaints, /no disk/)
})

void test('reading waits for a slow handler, and what came meanwhile is one batch', async (t) => {
  const work = gate()
  const counts: number[] = []
  const auditd = new Auditd({
    async records({ count }) {
      counts.push(count)
      if (counts.length === 1) await work.opened
    },
  })
  const lines = `${RECORD}\n`.repeat(100)
  auditd.write(lines)
  await until(() => counts.length === 1)
  let chunks = 1
  while (!auditd.input.isPaused()) {
    auditd.write(lines)
    chunks++
    await turn()
  }
  t.ok(chunks * lines.length < 64 * 1024 + 4 * lines.length, `${chunks} chunks`)
  work.open()
  await until(() => !auditd.input.isPaused())
  auditd.write(lines)
  t.equal(await auditd.end(), 0)
  t.equal(
    counts.reduce((sum, count) => sum + count),
    (chunks + 1) * 100,
  )
  t.ok((counts[1] ?? 0) > 100, 'what waited')
})

void test('nobody reads stdout: that ends nothing', async (t) => {
  const seen: string[] = []
  const output = new Writable()
  const auditd = new Auditd(noting(seen), { output })
  auditd.write(`${RECORD} a\n`)
  await until(() => seen.length === 1)
  output.destroy(new Error('EPIPE'))
  await turn()
  auditd.write(`${RECORD} b\n`)
  t.equal(await auditd.end(), 0)
  t.equal(seen.length, 2)
})

void test('what holds no records ends with status 65, and is told', async (t) => {
  const seen: string[] = []
  const auditd = new Auditd(noting(seen))
  auditd.write(Buffer.alloc(2 * 1024 * 1024, 0xff))
  t.equal(await auditd.status, 65)
  t.match(auditd.complaints, /^stdin: nothing that can be believed for too long/m)
})
