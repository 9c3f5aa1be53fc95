// Native connections: what they send goes into the journal once, and is acknowledged when it is there; what breaks a rule ends them.

import { test } from 'tap'
import { encode } from '../../../src/remote/wire/encode.js'
import { ackChain } from '../../../src/remote/wire/message.js'
import { rest } from './hand-clock.js'
import { NativePlace, STREAM, type PlaySender } from './native-place.js'

const KIB = 1024

async function openPlace(options = {}): Promise<[NativePlace, PlaySender]> {
  const place = await NativePlace.open(options)
  const sender = place.connect()
  await sender.open()
  return [place, sender]
}

void test('a block is acknowledged when it is on disk, with its chain', async (t) => {
  const [place, sender] = await openPlace()
  sender.send('a', 2)
  sender.send('b')
  await rest()
  t.equal(sender.ack?.seq, undefined)
  await place.clock.pass(2)
  t.match(sender.ack, { seq: 3, chain: ackChain(sender.chain.toString('hex')), state: 'ok' })
  t.same(place.lines(), ['a.0 ', 'a.1 ', 'b.0 '])
  const again = place.connect()
  await again.open()
  t.same([again.seq, again.chain], [sender.seq, sender.chain], 'and known when it comes again')
  t.same([sender.error, sender.isClosed, sender.strikes], ['superseded', true, []], 'the newest has the stream')
  t.end()
})

void test('WELCOME waits for what is underway', async (t) => {
  const [place, sender] = await openPlace()
  sender.send('a')
  const newer = place.connect()
  newer.hello()
  await rest()
  t.equal(newer.welcome, undefined)
  await place.clock.pass(2)
  t.equal(newer.welcome?.last, 1)
  t.end()
})

void test('after a restart all goes on', async (t) => {
  const [place, sender] = await openPlace()
  sender.send('a')
  await place.clock.pass(5)
  const after = await NativePlace.open({}, place.disk)
  const again = after.connect()
  await again.open()
  t.equal(again.seq, 1)
  again.send('b')
  await after.clock.pass(5)
  t.same(after.lines(), ['a.0 ', 'b.0 '])
  t.end()
})

void test('a PROBE is answered from the journal', async (t) => {
  const [place, sender] = await openPlace()
  const { block } = sender.block('a')
  sender.seq = 0
  sender.chain = block.before
  sender.send('a')
  sender.send('b', 3)
  await place.clock.pass(5)
  const again = place.connect()
  again.hello()
  await rest()
  again.say({ type: 'probe', seqs: [1, 2, 4, 9] })
  await rest()
  t.same(again.all('probed').at(-1)?.chains, [block.chain.toString('hex'), null, sender.chain.toString('hex'), null])
  t.end()
})

void test('a disk that cannot be read ends who asked for it, and nothing else', async (t) => {
  const [place, sender] = await openPlace()
  sender.send('a')
  sender.send('b')
  await place.clock.pass(5)
  const other = place.connect('audit://site/web2', 'cd'.repeat(16))
  await other.open()
  const again = place.connect()
  again.hello()
  place.disk.interfere = ({ kind }) => (kind === 'read' ? 'EIO' : 'do')
  again.say({ type: 'probe', seqs: [1] })
  await rest()
  t.match(again.all('error').at(-1), { code: 'disk', action: 'retry', retryAfterMs: 5000 })
  t.same([again.strikes, place.alarms.includes('unreadable')], [[], true])
  other.send('c')
  await place.clock.pass(5)
  t.equal(other.ack?.seq, 1)
  place.disk.interfere = () => 'do'
  const third = place.connect()
  third.hello()
  third.say({ type: 'probe', seqs: [1, 2] })
  await rest()
  t.equal(third.all('probed').at(-1)?.chains.length, 2, 'the next one is answered')
  t.end()
})

void test('look-ups wait for one another, and who has gone is not looked up for', async (t) => {
  const [place, sender] = await openPlace()
  sender.send('a')
  sender.send('b')
  await place.clock.pass(5)
  const asking = Array.from({ length: 5 }, (_, index) => place.connect(`audit://site/h${index}`, `${index}`.repeat(32)))
  for (const one of asking) {
    await one.open()
    one.send('x')
    one.send('y')
  }
  await place.clock.pass(5)
  let reads = 0
  place.disk.interfere = ({ kind }) => {
    if (kind === 'read') reads++
    return 'do'
  }
  const again = asking.map(({ stream }, index) => place.connect(`audit://site/h${index}`, stream))
  for (const one of again) {
    one.hello()
    one.say({ type: 'probe', seqs: [1] })
  }
  for (const one of again.slice(1)) one.close()
  await rest()
  t.equal(again[0]?.all('probed').length, 1)
  const ofOne = reads
  again[0]?.say({ type: 'probe', seqs: [1] })
  await rest()
  t.ok(ofOne < 2 * (reads - ofOne), `${ofOne} reads for one look-up, ${reads - ofOne} for another`)
  t.end()
})

void test('while the disk is full, SKIPs wait as blocks do, and not too many of them', async (t) => {
  const [place, sender] = await openPlace()
  const skip = (): void => {
    sender.seq++
    sender.say({ type: 'skip', from: sender.seq, to: sender.seq, chain: 'cd'.repeat(32), reason: 'freed' })
  }
  place.disk.interfere = ({ kind }) => (kind === 'write' ? 'ENOSPC' : 'do')
  sender.send('a')
  await place.clock.pass(1000)
  const before = place.store.journal.pendingBytes
  for (let n = 0; n < 60; n++) skip()
  t.same([place.store.journal.pendingBytes, sender.isClosed], [before, false])
  place.disk.interfere = () => 'do'
  await place.clock.pass(10_000)
  t.equal(sender.ack?.seq, 61, 'none is lost')
  place.disk.interfere = ({ kind }) => (kind === 'write' ? 'ENOSPC' : 'do')
  sender.chain = Buffer.from('cd'.repeat(32), 'hex')
  sender.send('b')
  await place.clock.pass(1000)
  for (let n = 0; n < 65; n++) skip()
  t.same([sender.error, sender.isClosed], ['protocol', true])
  t.end()
})

void test('a SKIP becomes a HOLE, a fork begins where its parent ended', async (t) => {
  const [place, sender] = await openPlace()
  sender.send('a')
  sender.say({ type: 'skip', from: 2, to: 5, chain: 'cd'.repeat(32), reason: 'freed' })
  await place.clock.pass(5)
  t.equal(sender.ack?.seq, 5)
  const fork = place.connect('audit://site/web1', 'ef'.repeat(16))
  await fork.open({ from: 6, before: 'cd'.repeat(32), parent: sender.stream, last: 5, chain: 'cd'.repeat(32) })
  fork.send('b')
  await place.clock.pass(5)
  t.equal(fork.ack?.seq, 6)
  const [first = '', hole = '', last = ''] = place.lines()
  t.same([first, last], ['a.0 ', 'b.0 '])
  t.match(hole, /type=TRUSTED_APP .*op=journal-hole .*first=2 last=5/)
  t.ok(place.alarms.includes('hole') && place.alarms.includes('fork'), place.alarms.join(' '))
  t.end()
})

const BREACHES: Readonly<Record<string, readonly [string, (sender: PlaySender) => void]>> = {
  'a block with wrong lines': [
    'bad-block',
    (sender) => sender.say({ ...sender.block('a'), lines: Buffer.from('x\n') }),
  ],
  'a block that does not follow': ['out-of-order', (sender) => [sender.block('a'), sender.say(sender.block('b'))]],
  'what only a receiver says': ['protocol', (sender) => sender.say({ type: 'status', state: 'ok' })],
  'bytes that are no message': ['protocol', (sender) => sender.session.data(Buffer.alloc(64, 1))],
  'more than its credit': ['protocol', (sender) => sender.say(sender.block('a', 1, 100 * KIB))],
  'too many messages': [
    'protocol',
    (sender) => {
      for (let n = 0; n < 600; n++) sender.session.data(Buffer.concat(encode({ type: 'ping', nonce: n })))
    },
  ],
}

for (const [what, [code, act]] of Object.entries(BREACHES)) {
  void test(`${what} ends the connection, counts against its address, and nothing of it is taken`, async (t) => {
    const [place, sender] = await openPlace()
    const other = place.connect('audit://site/web2', 'cd'.repeat(16))
    await other.open()
    act(sender)
    other.send('o')
    await place.clock.pass(5)
    t.same([sender.error, sender.isClosed, sender.strikes], [code, true, [code]])
    t.same(place.lines(), ['o.0 '], 'the others go on')
    t.equal(place.server.use.sessions, 1)
    t.equal(other.ack?.seq, 1)
    t.end()
  })
}

void test('credit: within the budget, renewed as the disk takes what came', async (t) => {
  const place = await NativePlace.open({ budgetBytes: 256 * KIB })
  const senders = ['1', '2', '3'].map((digit) => place.connect(`audit://site/web${digit}`, digit.repeat(32)))
  for (const sender of senders) await sender.open()
  let sent = 0
  for (let round = 0; round < 20; round++) {
    for (const sender of senders) if (sender.limit >= sent + 40 * KIB) sender.send('r', 1, 39 * KIB)
    sent += 40 * KIB
    t.ok(place.server.use.spentBytes <= 256 * KIB)
    await place.clock.pass(5)
  }
  t.equal(place.lines().length, 60)
  t.same(
    senders.map(({ error }) => error),
    [undefined, undefined, undefined],
  )
  t.end()
})

void test('more senders than credit: it goes round, by a lower ACK and the answer to a PING', async (t) => {
  const place = await NativePlace.open({ budgetBytes: 256 * KIB })
  const senders = Array.from({ length: 10 }, (_, index) =>
    place.connect(`audit://site/h${index}`, `${index}`.repeat(32)),
  )
  for (const sender of senders) await sender.open()
  t.equal(senders.filter(({ limit }) => limit > 0).length, 4)
  const had = new Set<PlaySender>()
  for (let round = 0; round < 30; round++) {
    for (const sender of senders) {
      if (sender.limit >= 1000) had.add(sender)
      for (const { nonce } of sender.all('ping').splice(0)) sender.say({ type: 'pong', nonce })
      sender.said.splice(0, sender.said.length, ...sender.said.filter(({ type }) => type !== 'ping'))
    }
    await place.clock.pass(1000)
  }
  t.equal(had.size, 10)
  t.same(
    senders.filter(({ error }) => error !== undefined),
    [],
  )
  t.end()
})

void test('a full disk: STATUS, no credit, no ACK; the connection stays, and all goes on by itself', async (t) => {
  const [place, sender] = await openPlace()
  place.disk.interfere = ({ kind }) => (kind === 'write' ? 'ENOSPC' : 'do')
  sender.send('a', 1, 60 * KIB)
  await place.clock.pass(10_000)
  t.equal(sender.all('status').at(-1)?.state, 'full')
  t.same([sender.ack, sender.isClosed], [undefined, false])
  const late = place.connect('audit://site/web2', 'cd'.repeat(16))
  late.hello()
  await rest()
  t.equal(late.limit, 0)
  place.disk.interfere = () => 'do'
  await place.clock.pass(10_000)
  t.equal(sender.all('status').at(-1)?.state, 'ok')
  t.equal(sender.ack?.seq, 1)
  t.ok(late.limit > 0)
  t.equal(place.lines().length, 1)
  t.end()
})

void test('times: HELLO, the rest of a message, an answer', async (t) => {
  const place = await NativePlace.open()
  const mute = place.connect()
  await place.clock.pass(4000)
  t.notOk(mute.isClosed)
  await place.clock.pass(2000)
  t.same([mute.isClosed, mute.strikes.length], [true, 1])
  const slow = place.connect()
  await slow.open()
  const bytes = Buffer.concat(encode(slow.block('a', 1, 50 * KIB)))
  for (let at = 0; at < 40 && !slow.isClosed; at++) {
    slow.session.data(bytes.subarray(at * 100, (at + 1) * 100))
    await place.clock.pass(1000)
  }
  t.same([slow.isClosed, slow.error], [true, 'protocol'])
  const silent = place.connect()
  await silent.open()
  await place.clock.pass(20_000)
  t.equal(silent.all('ping').length, 1)
  silent.say({ type: 'pong', nonce: 0 })
  await place.clock.pass(40_000)
  t.notOk(silent.isClosed)
  await place.clock.pass(10_000)
  t.same([silent.isClosed, silent.strikes], [true, []], 'to be dead is no breach')
  t.end()
})

void test('connections of one name: a third is refused, unless an older one is silent', async (t) => {
  const place = await NativePlace.open()
  const [one, two] = [place.connect(), place.connect('audit://site/web1', 'cd'.repeat(16))]
  await one.open()
  await two.open()
  const three = place.connect()
  t.same([three.isClosed, three.error], [true, 'refused'])
  await place.clock.pass(14_000)
  two.say({ type: 'ping', nonce: 3 })
  t.equal(two.all('pong').at(-1)?.nonce, 3)
  await place.clock.pass(2000)
  const four = place.connect()
  t.same([one.isClosed, two.isClosed, four.isClosed], [true, false, false])
  t.end()
})

void test('rates: more than they allow only delays', async (t) => {
  const [place, sender] = await openPlace()
  place.limits = { ...place.limits, recordsPerS: 10 }
  place.server.reload({ budgetBytes: 64 * KIB * KIB, maxBlockBytes: 64 * KIB, maxStreams: 64 })
  sender.send('a', 40)
  await place.clock.pass(100)
  t.equal(sender.ack?.seq, 40, 'taken and acknowledged')
  const { limit } = sender
  await place.clock.pass(2000)
  t.equal(sender.limit, limit)
  await place.clock.pass(1500)
  t.ok(sender.limit > limit)
  t.end()
})

void test('a quota: full for that principal alone, until segments are purged', async (t) => {
  const [place, sender] = await openPlace()
  place.limits = { ...place.limits, journalBytes: 5000 }
  sender.send('a', 1, 6000)
  await place.clock.pass(100)
  t.same([sender.ack?.seq, sender.all('status').at(-1)?.state], [1, 'full'])
  const { limit } = sender
  await place.clock.pass(5000)
  t.equal(sender.limit, limit)
  const after = await NativePlace.open({}, place.disk)
  after.limits = place.limits
  await after.holdings.begin((text) => t.fail(text))
  t.ok(after.holdings.isFull('audit://site/web1'), 'known again after a restart')
  t.notOk(after.holdings.isFull('audit://site/web2'))
  after.disk.run(after.store.journal.rotate())
  after.store.journal.skip({ principal: 'x', stream: STREAM, peer: '' }, 1, Buffer.alloc(32), 'freed')
  await after.store.commit()
  t.equal(after.disk.run(after.store.journal.purge(1)), 1)
  after.holdings.purged()
  t.notOk(after.holdings.isFull('audit://site/web1'))
  place.limits = { ...place.limits, journalBytes: 0 }
  await place.clock.pass(3000)
  t.same([sender.all('status').at(-1)?.state, sender.limit > limit], ['ok', true])
  t.end()
})

void test('who is connected is known at once, and since when', async (t) => {
  const [place, sender] = await openPlace()
  const line = () => place.ledger.line({ principal: 'audit://site/web1', stream: sender.stream })
  t.match(line(), { connection: { sinceMs: place.clock.wallMs() }, downMs: undefined })
  const { changes } = place
  await place.clock.pass(5000)
  sender.close()
  t.match(line(), { connection: undefined, downMs: place.clock.wallMs() })
  t.equal(place.changes, changes + 1)
  t.end()
})

void test('records of another node: told, or refused', async (t) => {
  for (const nodeCheck of ['off', 'warn', 'enforce'] as const) {
    const [place, sender] = await openPlace({ nodeCheck })
    sender.say(sender.blockOf(Buffer.from('node=WEB1 type=A msg=a\ntype=B msg=b\n'), 2))
    sender.say(sender.blockOf(Buffer.from('node=web1 type=A\nnode=db1 type=B\n'), 2))
    await place.clock.pass(5)
    t.equal(place.alarms.includes('strange-node'), nodeCheck !== 'off')
    t.equal(sender.error, nodeCheck === 'enforce' ? 'wrong-node' : undefined)
    t.equal(place.lines().length, nodeCheck === 'enforce' ? 2 : 4)
  }
  t.end()
})

void test('a peer that does not read is not read, and of ACKs the newest is kept', async (t) => {
  const [place, sender] = await openPlace()
  sender.isReading = false
  for (let n = 0; n < 5; n++) {
    sender.send(`${n}`)
    await place.clock.pass(5)
  }
  t.same([sender.isPaused, sender.all('ack').length], [true, 1])
  sender.isReading = true
  sender.session.drained()
  t.same([sender.isPaused, sender.all('ack').length, sender.ack?.seq], [false, 2, 5])
  t.end()
})

void test('at the end: told, the last acknowledged, then BYE', async (t) => {
  const [place, sender] = await openPlace()
  sender.send('a')
  place.server.drain()
  t.equal(sender.all('status').at(-1)?.state, 'draining')
  await place.intake.close()
  t.equal(sender.ack?.seq, 1)
  place.server.stop()
  t.same([sender.said.at(-1)?.type, sender.isClosed], ['bye', true])
  t.end()
})
