// A handler that never returns, at the end of a plugin that nobody kills.

import { Writable } from 'node:stream'
import { test } from 'tap'
import { testPlugin, type PluginDefinition, type TestDispatcher } from '../../src/sdk/index.js'
import { Auditd, turn, until } from './auditd.js'

const RECORD = 'type=LOGIN msg=audit(1.000:1): pid=1'
const MINUTE_MS = 60_000
const LAST_READING_MS = 2000
const STUCK: readonly (readonly [handler: string, stuck: PluginDefinition])[] = [
  ['open()', { open: never, records() {} }],
  ['from()', { from: async () => new Promise<never>(() => {}), records() {} }],
  ['records()', { records: never }],
  ['events()', { events: never }],
  ['lost()', { lost: never, records() {} }],
  ['reload()', { reload: never, records() {} }],
  ['stop()', { stop: never, records() {} }],
]
const ENDS: readonly (readonly [name: string, end: (dispatcher: TestDispatcher) => void])[] = [
  ['STOP', (dispatcher) => dispatcher.write('STOP\n')],
  ['the end of input', (dispatcher) => void dispatcher.end()],
]

async function never(): Promise<void> {
  await new Promise(() => {})
}

async function turns(): Promise<void> {
  for (let left = 10; left > 0; left--) await turn()
}

void test('under auditd it is told which handler is stuck after SIGTERM, and the process ends with status 70', async (t) => {
  const auditd = new Auditd({ records: never })
  let status: number | undefined
  void auditd.status.then((ended) => (status = ended))
  auditd.write(`${RECORD}\n`)
  await turns()
  auditd.pass(100 * MINUTE_MS)
  await turns()
  t.equal(auditd.complaints, '', 'while it goes on nobody minds')
  auditd.signal('SIGTERM')
  auditd.pass(21 * MINUTE_MS - 1)
  await turns()
  t.equal(status, undefined)
  t.match(auditd.complaints, /^stdin has not ended [^\n]*\n$/)
  auditd.pass(1)
  t.equal(await auditd.status, 70)
  t.match(auditd.complaints, /\nrecords\(\) has not come back for 21 minutes, and this is the end: [^\n]*\n$/)
})

void test('under auditd at the end of input', async (t) => {
  for (const [handler, stuck] of STUCK.filter(([name]) => name !== 'from()' && name !== 'lost()')) {
    const auditd = new Auditd(stuck)
    auditd.write(`${RECORD}\n`)
    await turns()
    if (handler === 'reload()') auditd.signal('SIGHUP')
    auditd.input.end()
    await turns()
    auditd.pass(LAST_READING_MS)
    await turns()
    auditd.pass(21 * MINUTE_MS)
    t.equal(await auditd.status, 70, handler)
    t.ok(auditd.complaints.startsWith(`${handler} has not come back`), auditd.complaints)
  }
})

void test('where the line protocol is spoken, too, if nobody kills it', async (t) => {
  for (const [name, end] of ENDS) {
    for (const [handler, stuck] of STUCK) {
      const dispatcher = testPlugin(stuck)
      await turns()
      if (handler !== 'open()' && handler !== 'from()') {
        dispatcher.send(RECORD)
        dispatcher.lost(1)
        dispatcher.reload()
      }
      await turns()
      end(dispatcher)
      await turns()
      dispatcher.pass(LAST_READING_MS)
      await turns()
      dispatcher.pass(20 * MINUTE_MS)
      await turns()
      t.equal(dispatcher.complaints, '', `${handler}, ${name}: audispd had twice its longest stop_timeout`)
      dispatcher.pass(MINUTE_MS)
      t.equal(await dispatcher.status, 70, `${handler}, ${name}`)
      t.ok(dispatcher.complaints.startsWith(`${handler} has not come back`), dispatcher.complaints)
      t.same(dispatcher.violations, [])
    }
  }
})

void test('each handler has the whole time', async (t) => {
  const works: (() => void)[] = []
  const seen: number[] = []
  const dispatcher = testPlugin({
    async records(batch) {
      await new Promise<void>((done) => works.push(done))
      seen.push(batch.last)
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(RECORD)
  dispatcher.lost(1)
  dispatcher.send(RECORD)
  dispatcher.lost(1)
  dispatcher.send(RECORD)
  dispatcher.write('STOP\n')
  for (let work = 1; work <= 3; work++) {
    await until(() => works.length === work)
    dispatcher.pass(20 * MINUTE_MS)
    works.at(-1)?.()
    await until(() => seen.length === work)
  }
  t.equal(await dispatcher.status, 0)
  t.same(seen, [1, 3, 5])
  t.equal(dispatcher.complaints, '')
})

void test('nobody reads standard output, nor closes it', async (t) => {
  const output = new Writable({ write: () => {} })
  const auditd = new Auditd({ records() {} }, { output, sends: 'lines' })
  auditd.input.end()
  await turns()
  auditd.pass(LAST_READING_MS)
  await turns()
  auditd.pass(21 * MINUTE_MS)
  t.equal(await auditd.status, 70)
  t.match(auditd.complaints, /^who reads standard output has not come back /)
})
