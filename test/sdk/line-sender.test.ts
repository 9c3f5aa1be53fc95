// Records as lines on standard output: `direction = in` with `format = string`.

import { Writable } from 'node:stream'
import { test } from 'tap'
import { RefusedRecord, Stopped, type Plugin } from '../../src/sdk/index.js'
import { Auditd, turn, until } from './auditd.js'

const RECORD = 'type=USER msg=audit(1.000:1): op=a'

void test('a record is a line, numbered and settled when it is written, and nothing has to come first', async (t) => {
  const seen: unknown[] = []
  const auditd = new Auditd(
    {
      settled: (n) => void seen.push(`settled ${n}`),
      async main(plugin) {
        seen.push(await plugin.send(`${RECORD}\nb\0\n`), await plugin.send(Buffer.from(`${RECORD} \xff`, 'latin1')))
        await plugin.settled()
        seen.push(plugin.unsettled)
        await plugin.send('x'.repeat(65_536)).catch((error: unknown) => seen.push(error))
        await plugin.send(RECORD, 9).catch((error: unknown) => seen.push(error))
      },
    },
    { sends: 'lines' },
  )
  await until(() => seen.length === 7)
  t.equal(auditd.said, `${RECORD} b\n${RECORD} \xff\n`)
  t.same(seen.slice(0, 5), ['settled 1', 'settled 2', 1, 2, 0])
  t.ok(seen[5] instanceof RefusedRecord && seen[5].code === 'too-long' && seen[5].n === 3)
  t.ok(seen[6] instanceof TypeError)
  t.match(auditd.complaints, /^a record was not sent: a record of 65536 bytes/)
  t.equal(await auditd.end(), 0)
})

void test('settled means written, whoever has been waited for', async (t) => {
  const seen: string[] = []
  const auditd = new Auditd(
    {
      settled: (n) => void seen.push(`settled ${n}`),
      async main(plugin) {
        void plugin.send(`${RECORD} 1`)
        void plugin.send(`${RECORD} 2`)
        await plugin.settled()
        seen.push('all')
      },
    },
    { sends: 'lines' },
  )
  await until(() => seen.includes('all'))
  t.same(seen, ['settled 1', 'settled 2', 'all'])
  t.equal(await auditd.end(), 0)
})

void test('many lines at once, with positions', async (t) => {
  const seen: unknown[] = []
  const auditd = new Auditd(
    {
      positions: true,
      settled: (n) => void seen.push(`settled ${n}`),
      refused: ({ n, code }) => void seen.push(`${n} ${code}`),
      async main(plugin) {
        seen.push(await plugin.sendLines(Buffer.from(`a\n${'x'.repeat(65_536)}\nc\0d\n`), 5))
        seen.push(await plugin.send('e', 9))
        await plugin.send('f', 9).catch((error: unknown) => seen.push(error))
        await plugin.sendLines(Buffer.from('no end'), 12).catch((error: unknown) => seen.push(error))
      },
    },
    { sends: 'lines' },
  )
  await until(() => seen.length === 7)
  t.same(seen.slice(0, 5), ['6 too-long', 'settled 7', 7, 'settled 9', 9])
  t.ok(seen[5] instanceof RangeError)
  t.ok(seen[6] instanceof TypeError)
  t.equal(auditd.said, 'a\nc d\ne\n')
  t.equal(await auditd.end(), 0)
})

void test('a reader that is behind is waited for, and the event loop has its turns', async (t) => {
  const reader = { isBehind: false, goOn: (): void => {} }
  const output = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      reader.isBehind = true
      reader.goOn = () => {
        reader.isBehind = false
        reader.goOn = () => {}
        done()
      }
    },
  })
  const seen = { sent: 0, isOver: false }
  const auditd = new Auditd(
    {
      async main(plugin: Plugin) {
        for (;;) {
          await plugin.send('x'.repeat(1000))
          seen.sent++
        }
      },
    },
    { sends: 'lines', output },
  )
  let before = -1
  while (!reader.isBehind || seen.sent > before) {
    before = seen.sent
    await turn()
  }
  t.ok(before <= 200, `${before} records of 1000 bytes`)
  while (seen.sent === before) {
    reader.goOn()
    await turn()
  }
  auditd.input.end()
  void auditd.status.then(() => (seen.isOver = true))
  // What has been sent is written before the end, and main finds that it can send no more.
  while (!seen.isOver) {
    auditd.pass(2000)
    reader.goOn()
    await turn()
  }
  t.equal(await auditd.status, 0)
})

void test('a plugin that always has something to send, to a reader that is never behind, can be ended', async (t) => {
  const auditd = new Auditd(
    {
      async main(plugin: Plugin) {
        while (!plugin.stopping.aborted) await plugin.send('x'.repeat(1000))
      },
    },
    { sends: 'lines' },
  )
  await until(() => auditd.said !== '')
  t.equal(await auditd.end(), 0)
})

void test('the line protocol is what a plugin that prints lines cannot be run with', async (t) => {
  const auditd = new Auditd({}, { sends: 'lines' })
  auditd.write('HELLO 1 plugin=x\n')
  t.equal(await auditd.status, 78)
  t.match(auditd.complaints, /the drop-in needs format = string/)
})

void test('what auditd writes meanwhile may be cut anywhere', async (t) => {
  const auditd = new Auditd({}, { sends: 'lines' })
  auditd.write('type=')
  auditd.write('LOGIN msg=audit(1.000:1): pid=1\n')
  t.equal(await auditd.end(), 0)
  t.equal(auditd.complaints, '')
})

void test('nobody reads the lines: there is nothing to go on for', async (t) => {
  const output = new Writable()
  const auditd = new Auditd({}, { sends: 'lines', output })
  output.destroy(new Error('EPIPE'))
  t.equal(await auditd.status, 0)
})

void test('after the end nothing is sent', async (t) => {
  const seen: unknown[] = []
  const kept: Plugin[] = []
  const auditd = new Auditd({ stop: (plugin) => void kept.push(plugin) }, { sends: 'lines' })
  await turn()
  t.equal(await auditd.end(), 0)
  await kept[0]?.send(RECORD).catch((error: unknown) => seen.push(error))
  t.ok(seen[0] instanceof Stopped)
})
