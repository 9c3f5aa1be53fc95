// The server against clients of every kind.

import { test } from 'tap'
import { IDLE_MS, SLOW_MS } from '../../src/control/control-connection.js'
import { MAX_CONNECTIONS } from '../../src/control/control-server.js'
import { Bench, type Client } from './control-bench.js'

const MIB = 1 << 20

void test('one request after another, each with its answer', async (t) => {
  const bench = await Bench.open(t)
  const client = await bench.client()
  t.match(client.lines[0], { protocol: 1, pid: process.pid, access: 'all' })
  client.socket.write('status a\nping\nnonsense\nstop x\n')
  t.match(await client.answers(4), [
    { ok: true, result: { verb: 'status', plugin: 'a' } },
    { ok: true, result: { verb: 'ping' } },
    { ok: false, code: 'unknown-verb' },
    { ok: false, code: 'no-such-plugin', message: 'x', mend: 'y' },
  ])
})

void test('whoever has said all it wants to say still gets its answers', async (t) => {
  const bench = await Bench.open(t)
  const client = await bench.client()
  client.socket.end('ping\nstatus\nhalf a li')
  await client.ended
  t.match(client.lines.slice(1), [{ ok: true }, { ok: true }])
  t.equal(client.lines.length, 3, 'and half a line is none')
})

void test('a line that never ends, and rubbish', async (t) => {
  const bench = await Bench.open(t)
  const endless = await bench.client()
  endless.socket.write('y'.repeat(MIB))
  await endless.ended
  t.match(endless.lines.slice(1), [{ ok: false, code: 'too-long' }])
  const long = await bench.client()
  long.socket.write(`status ${'y'.repeat(9000)}\nping\n`)
  await long.ended
  t.match(long.lines.slice(1), [{ ok: false, code: 'too-long' }], 'nothing behind it is believed')
  const binary = await bench.client()
  binary.socket.write(Buffer.from([0, 1, 2, 0xff, 0xfe, 0x0a, 0x80, 0x0a]))
  binary.socket.write('ping\n')
  t.match(await binary.answers(3), [{ code: 'usage' }, { code: 'usage' }, { ok: true }])
  t.match(await (await bench.client()).asks('ping'), { ok: true }, 'all others are served')
})

void test('as many as there is room for, and those beyond are told so', async (t) => {
  const bench = await Bench.open(t)
  const clients = await Promise.all(Array.from({ length: MAX_CONNECTIONS + 8 }, () => bench.client()))
  const refused = clients.filter(({ lines }) => JSON.stringify(lines[0]).includes('"busy"'))
  t.equal(refused.length, 8)
  await Promise.all(refused.map(({ ended }) => ended))
  const taken = clients.filter((client) => !refused.includes(client))
  for (const client of taken) t.match(await bench.inTime(client.asks('ping')), { ok: true })
  taken[0]?.socket.destroy()
  await bench.until(() => bench.open === MAX_CONNECTIONS - 1)
  const next = await bench.client()
  t.match(await bench.inTime(next.asks('ping')), { ok: true }, 'one that goes makes room for one that comes')
})

void test('those beyond cost little, however many they are and whether they read or not', async (t) => {
  const bench = await Bench.open(t)
  for (let count = 0; count < MAX_CONNECTIONS; count++) await bench.client()
  for (let count = 0; count < 300; count++) bench.stranger()
  await bench.until(() => bench.accepted === MAX_CONNECTIONS + 300)
  await bench.mostRead()
  t.equal(bench.open, MAX_CONNECTIONS + 32, 'so many are being told')
  bench.clock.pass(1000)
  await bench.until(() => bench.open === MAX_CONNECTIONS)
  t.match(JSON.stringify((await bench.client()).lines), /"busy"/, 'and then others')
})

void test('one that asks and asks and does not read costs one answer, and not for long', async (t) => {
  const bench = await Bench.open(t)
  const rude = await bench.client()
  rude.socket.pause()
  rude.socket.write('status huge\n'.repeat(500_000))
  await bench.until(() => bench.asked.length > 0)
  t.match(await (await bench.client()).asks('ping'), { ok: true })
  t.equal(bench.asked.filter(({ verb }) => verb === 'status').length, 1)
  t.ok((await bench.mostRead()) < MIB, 'and what it says is not even read')
  bench.clock.pass(SLOW_MS)
  await bench.until(() => bench.open === 1)
  rude.socket.resume()
  await rude.ended
})

void test('who asks much waits, for refusals too', async (t) => {
  const bench = await Bench.open(t)
  const client = await bench.client()
  client.socket.write('nonsense\n'.repeat(50))
  await client.answers(5)
  await bench.mostRead()
  t.ok(client.lines.length < 50, `${client.lines.length}`)
  t.equal((await bench.inTime(client.answers(50))).length, 50)
})

void test('who asks and goes keeps a place until it would be dealt with', async (t) => {
  const bench = await Bench.open(t)
  const asker = await bench.client()
  asker.socket.write('ping\n'.repeat(20))
  await asker.answers(3)
  await bench.mostRead()
  const strangers = Array.from({ length: MAX_CONNECTIONS - 1 }, () => bench.stranger())
  for (const stranger of strangers) stranger.write('stop a\n')
  await bench.until(() => bench.accepted === MAX_CONNECTIONS)
  await bench.mostRead()
  // What it has not read tells the other side that it has gone.
  for (const stranger of strangers) stranger.destroy()
  await bench.until(() => bench.open === 1)
  t.match(JSON.stringify((await bench.client()).lines), /"busy"/)
  await bench.inTime(asker.answers(20))
  t.same(
    bench.asked.filter(({ verb }) => verb === 'stop'),
    [],
    'and nothing is done for it',
  )
  t.match(await bench.inTime((await bench.client()).asks('ping')), { ok: true })
})

void test('silence is borne for so long', async (t) => {
  const bench = await Bench.open(t)
  const client = await bench.client()
  bench.clock.pass(IDLE_MS - 1)
  t.match(await client.asks('ping'), { ok: true })
  bench.clock.pass(IDLE_MS)
  await client.ended
})

void test('what follows comes as it is read, and its source is closed with the connection', async (t) => {
  const bench = await Bench.open(t)
  const client = await bench.client()
  bench.pieces.push(Buffer.from('a\n'), Buffer.from('b\n'))
  client.socket.write('tap type=X\nping\n')
  t.match(await client.answers(1), [{ ok: true, result: 'type=X' }])
  await client.has('a\nb\n')
  bench.pieces.push(Buffer.from('c\n'))
  bench.onMore()
  await client.has('a\nb\nc\n')
  t.equal(bench.asked.length, 0, 'nothing else is asked on it')
  bench.clock.pass(IDLE_MS + SLOW_MS)
  bench.pieces.push(Buffer.alloc(MIB, 'x'), Buffer.from('d\n'))
  bench.onMore()
  await client.has('xxd\n')
  client.socket.destroy()
  await bench.until(() => bench.closedSprings === 1)
  bench.onMore()
})

void test('one that follows and does not read is not sent more, and may be killed in the middle', async (t) => {
  const bench = await Bench.open(t)
  const client = await bench.client()
  client.socket.write('logs a follow\n')
  t.match(await client.answers(1), [{ ok: true, result: 'a' }])
  client.socket.pause()
  bench.pieces.push(...Array.from({ length: 64 }, () => Buffer.alloc(MIB, 'x')))
  for (let n = 0; n < 64; n++) bench.onMore()
  t.match(await (await bench.client()).asks('ping'), { ok: true })
  bench.clock.pass(SLOW_MS + IDLE_MS)
  t.ok(bench.pieces.length >= 60, `${bench.pieces.length} pieces of 64 are left`)
  client.socket.destroy()
  await bench.until(() => bench.closedSprings === 1)
})

void test('one that is closed before it has read the answer leaves nothing open of what would follow', async (t) => {
  const bench = await Bench.open(t)
  for (const [count, end] of [
    () => bench.clock.pass(SLOW_MS),
    (client: Client) => client.socket.destroy(),
    () => bench.server.close(),
  ].entries()) {
    const client = await bench.client()
    client.socket.pause()
    client.socket.write('logs huge follow\n')
    await bench.until(() => bench.openedSprings === count + 1)
    // Its answer is on its way, and is never read to its end.
    await bench.mostRead()
    end(client)
    await bench.until(() => bench.open === 0)
    await bench.mostRead()
    t.equal(bench.closedSprings, count + 1)
  }
})

void test('where only the status may be read', async (t) => {
  const bench = await Bench.open(t, 'status')
  const client = await bench.client()
  t.match(client.lines[0], { access: 'status' })
  client.socket.write('status\ntap\nstop a\nlogs\nreload\nping\n')
  const codes = (await client.answers(6)).map((line) => JSON.stringify(line).includes('"denied"'))
  t.same(codes, [false, true, true, true, true, false])
  t.same(
    bench.asked.map(({ verb }) => verb),
    ['status', 'ping'],
  )
})

void test('at the end everybody is closed', async (t) => {
  const bench = await Bench.open(t)
  const clients = await Promise.all([bench.client(), bench.client()])
  clients[0]?.socket.write('tap\n')
  await clients[0]?.answers(1)
  bench.server.close()
  await Promise.all(clients.map(({ ended }) => ended))
  t.equal(bench.closedSprings, 1)
})
