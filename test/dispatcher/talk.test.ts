import { test } from 'tap'
import { recordText } from '../e2e/records.js'
import { TalkBench } from './talk-bench.js'

const HELLO = 'HELLO 1 plugin=p run=r next=1 in-window=4096'
const BAD = 'bad-record not [node=NAME ]type=NAME msg=audit(sec.msec:serial): ...'
const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n)
const recordLine = (n: number): string => `RECORD ${n} ${recordText(n)}`

void test('nothing but HELLO before READY, and then the records', (t) => {
  const bench = new TalkBench()
  bench.record(1)
  bench.begin()
  t.same(bench.read(), [HELLO])
  bench.talk.reload()
  bench.say('JUNK', 'COMMAND 1 stats', '# hello', '')
  t.same(bench.read(), [])
  t.equal(bench.readies, 0)
  bench.say('READY 1 ack')
  t.equal(bench.readies, 1)
  t.same(bench.read(), ['RELOAD', recordLine(1)], 'the reload that it missed, too')
  bench.say('ACK 1')
  t.equal(bench.queue.ackedSeq, 1)
  t.same(bench.faults, [])
  t.end()
})

void test('HELLO tells those who send how far they came', (t) => {
  const bench = new TalkBench({ direction: 'both' })
  bench.begin()
  t.same(bench.read(), [`${HELLO} received=0`])
  bench.say('READY 1 positions', recordLine(70))
  t.same(bench.settle(), ['ACK 70'])
  bench.die()
  bench.begin()
  t.same(bench.read(), [`${HELLO} received=70`])
  bench.talk.settle(0)
  t.same(bench.read(), [], 'nothing else before READY')
  bench.say('READY 1 positions')
  t.same(bench.settle(), ['ACK 70'])
  t.end()
})

void test('what was not acknowledged comes again to the next process, but for what it says it has', (t) => {
  const bench = new TalkBench()
  for (const seq of [1, 2, 3]) bench.record(seq)
  bench.open()
  bench.say('ACK 1')
  bench.die()
  bench.begin()
  bench.say('READY 1 ack from=3')
  t.same(bench.read().slice(1), [recordLine(3)])
  bench.die()
  bench.begin()
  bench.say('READY 1 ack from=1')
  t.same(bench.read().slice(1), [recordLine(3)])
  t.ok(bench.log.includes('plugin asks for records that it has acknowledged; they are freed already'))
  bench.die()
  bench.begin()
  bench.say('READY 1 ack from=5')
  t.same(bench.faults, ['impossible ACK: READY from=5'])
  t.end()
})

void test('the window of READY', (t) => {
  const bench = new TalkBench()
  for (const seq of [1, 2, 3]) bench.record(seq)
  bench.begin()
  bench.say('READY 1 ack window=2')
  t.same(bench.read().slice(1), [recordLine(1), recordLine(2)])
  bench.say('ACK 2')
  t.same(bench.read(), [recordLine(3)])
  t.end()
})

void test('violations are answered and logged with their line; the tenth is one too many', (t) => {
  const bench = new TalkBench()
  bench.open()
  bench.say('junk', 'ACK 0', 'RECORD 1 type=X', 'COMMAND', `COMMAND ${'!'.repeat(500)} stats`, 'PONG 3', 'READY 1')
  t.same(bench.read().slice(0, 2), ['ERR - violation unknown verb', 'ERR - violation ACK without a seq'])
  const violations = (): unknown[] => bench.around.log.said.filter(({ text }) => /violates/.test(text))
  t.match(violations(), [
    { fields: { plugin: 'p', why: 'unknown verb', line: 'junk' } },
    { fields: { line: 'ACK 0' } },
    { fields: { why: 'RECORD from a plugin with direction = out', line: 'RECORD 1 type=X' } },
    { fields: { line: 'COMMAND ' } },
    { fields: { line: `COMMAND ${'!'.repeat(192)}…` } },
    { fields: { line: 'PONG 3' } },
    { fields: { why: 'READY a second time', line: 'READY 1' } },
  ])
  bench.say('8', '9')
  t.same(bench.faults, [])
  bench.say('10', '11', 'ACK 99')
  t.same(bench.faults, ['10 violations within a minute, the last: unknown verb'])
  t.equal(violations().length, 10, 'what it says after that counts for nothing')
  bench.say('COMMAND 1 pause')
  t.same(bench.around.done, [])
  t.end()
})

void test('an endless line ends it once, with nothing of it held', (t) => {
  const bench = new TalkBench()
  bench.open()
  for (let n = 0; n < 100; n++) bench.talk.hear(Buffer.alloc(65_536, 'x'))
  t.same(bench.faults, [`a line of more than 65536 bytes: ${'x'.repeat(64)}`])
  bench.talk.hear(Buffer.from('\nCOMMAND 1 pause\n'))
  bench.die()
  t.same(bench.around.done, [])
  t.end()
})

void test('lines that come in any pieces are the same lines', (t) => {
  const lines = Buffer.from(`READY 1 ack\n${recordLine(1)}\nCOMMAND x pause\n#\n\nJUNK\n${recordLine(2)}\n`)
  for (let cut = 0; cut <= lines.length; cut++) {
    const bench = new TalkBench({ direction: 'both' })
    bench.begin()
    bench.talk.hear(lines.subarray(0, cut))
    bench.talk.hear(lines.subarray(cut))
    t.same(bench.joined, [recordText(1), recordText(2)], `cut at ${cut}`)
    t.same(bench.settle().slice(1), ['OK x', 'ERR - violation unknown verb', 'ACK 2'], `cut at ${cut}`)
  }
  t.end()
})

void test('records of a plugin that may send them', (t) => {
  const bench = new TalkBench({ direction: 'both' })
  bench.begin()
  bench.say(recordLine(1))
  t.same(bench.joined, [], 'not before READY')
  bench.say('READY 1', recordLine(1), 'RECORD 2 nonsense', 'RECORD 3', recordLine(4), recordLine(4), 'RECORD 5type=X')
  t.same(bench.joined, [recordText(1), recordText(4)])
  t.same(bench.settle().slice(1), [
    `ERR 2 ${BAD}`,
    `ERR 3 ${BAD}`,
    'ERR - violation RECORD with a number that does not rise',
    'ERR - violation RECORD without a number',
    'ACK 4',
  ])
  bench.heldFrom = 3
  bench.say(...range(5, 4102).map(recordLine))
  t.same(bench.read(), [
    'ERR 4101 busy 4096 records are not settled yet',
    'ERR 4102 busy 4096 records are not settled yet',
  ])
  bench.heldFrom = 4
  t.same(bench.settle(), ['ACK 5'])
  t.end()
})

void test('an answer is for the process that asked', (t) => {
  const bench = new TalkBench({ allow: ['action:slow'] })
  bench.around.allow = ['action:slow']
  bench.open()
  bench.say('COMMAND 1 stats', 'COMMAND 2 pause', 'COMMAND 3 notify info hello', 'COMMAND 4 nonsense')
  t.match(bench.read(), ['OK 1 {}', 'OK 2', 'OK 3', /^ERR 4 unknown-command /])
  t.same(bench.around.done, ['stats -', 'pause'])
  t.end()
})

void test('who asks and does not read the answers is ended', (t) => {
  const bench = new TalkBench()
  bench.open()
  bench.around.stats = 'x'.repeat(1000)
  const many = Array.from({ length: 1000 }, () => 'COMMAND 1 stats')
  bench.say(...many)
  t.same(bench.faults, [], 'what one read leads to is borne')
  t.ok(bench.pumps === 0 && bench.queue.control.isLong, 'and from some point on answered busy')
  for (let n = 0; n < 100 && bench.faults.length === 0; n++) bench.say(...many)
  t.ok(bench.pumps > 0, 'before it is judged it is written what it takes')
  t.same(bench.faults, ['it asks and does not read the answers'])
  bench.say('COMMAND 1 stats')
  t.equal(bench.faults.length, 1)
  t.end()
})

void test('behind STOP lasting positions are left to the next process', (t) => {
  const bench = new TalkBench({ direction: 'in' })
  bench.begin()
  bench.say('READY 1 positions', recordLine(70))
  bench.talk.stop()
  t.same(bench.read().slice(1), ['ACK 70', 'STOP'])
  bench.say(recordLine(71), recordLine(72))
  t.equal(bench.joined.length, 1)
  bench.die()
  bench.begin()
  t.same(bench.read(), [`${HELLO} received=70`])
  bench.say('READY 1 positions', recordLine(71))
  t.same(bench.settle(), ['ACK 71'])
  t.equal(bench.joined.length, 2)
  t.end()
})

void test('STOP is the last that it is told', (t) => {
  const bench = new TalkBench({ direction: 'both', watchdogMs: 1000 })
  bench.record(1)
  bench.open()
  bench.record(2)
  bench.say(recordLine(1))
  bench.talk.settle(0)
  bench.say(recordLine(2))
  bench.talk.stop()
  t.same(bench.read(), ['ACK 2', 'STOP'], 'what is settled is told before, and no more records come')
  t.ok(bench.queue.isAllSaid)
  bench.say('ACK 1', 'JUNK', 'COMMAND 1 stats', recordLine(3))
  t.equal(bench.queue.ackedSeq, 1, 'its acknowledgements count')
  t.same(bench.joined.length, 3, 'and so do its records')
  bench.talk.settle(0)
  bench.talk.reload()
  bench.around.clock.pass(10_000)
  t.ok(bench.queue.isAllSaid, 'nothing is answered, it is not asked')
  t.same(bench.faults, [])
  bench.die()
  bench.open()
  t.equal(bench.queue.sentSeq, 2, 'what was not sent goes to the next')
  t.end()
})

void test('stopped before READY it sees the end of its input alone, and READY changes nothing', (t) => {
  const bench = new TalkBench()
  bench.record(1)
  bench.begin()
  bench.talk.stop()
  t.same(bench.read(), [HELLO])
  bench.say('READY 1 ack')
  t.same(bench.read(), [])
  t.equal(bench.readies, 0)
  t.equal(bench.around.clock.pending, 0)
  t.end()
})

void test('the watchdog', (t) => {
  const bench = new TalkBench({ watchdogMs: 1000 })
  const { clock } = bench.around
  bench.begin()
  clock.pass(60_000)
  t.same(bench.read(), [HELLO], 'not before READY')
  bench.say('READY 1')
  clock.pass(999)
  bench.say('#')
  clock.pass(999)
  t.same(bench.read(), [])
  bench.talk.hear(Buffer.from('COMM'))
  clock.pass(999)
  t.same(bench.read(), [], 'half a line has been heard as well')
  t.equal(bench.saids, 0)
  clock.pass(1)
  t.equal(bench.saids, 1, 'whoever writes has to be told: the plugin itself is silent')
  t.same(bench.read(), ['PING 1'])
  bench.talk.hear(Buffer.from('AND 1 stats\nPONG 1\n'))
  clock.pass(1000)
  t.same(bench.read(), ['OK 1 {}', 'PING 2'])
  clock.pass(999)
  t.same(bench.faults, [])
  clock.pass(1)
  t.same(bench.faults, ['no PONG within 1 s'])
  bench.die()
  t.equal(clock.pending, 0)
  t.end()
})

void test('the watchdog stands still while the plugin is not listened to', (t) => {
  const bench = new TalkBench({ watchdogMs: 1000, direction: 'in' })
  const { clock } = bench.around
  bench.open('READY 1')
  clock.pass(600)
  bench.talk.setListening(false)
  clock.pass(60_000)
  bench.talk.setListening(false)
  clock.pass(60_000)
  t.same(bench.read(), [])
  bench.talk.setListening(true)
  bench.talk.setListening(true)
  clock.pass(399)
  t.same(bench.read(), [])
  clock.pass(1)
  t.same(bench.read(), ['PING 1'])
  bench.talk.setListening(false)
  clock.pass(60_000)
  bench.talk.setListening(true)
  clock.pass(999)
  t.same(bench.faults, [])
  clock.pass(1)
  t.same(bench.faults, ['no PONG within 1 s'])
  t.end()
})

void test('a process that ends in the middle of a line', (t) => {
  const bench = new TalkBench({ direction: 'in' })
  bench.open('READY 1')
  bench.talk.hear(Buffer.from(`${recordLine(1)}\n${recordLine(2)}`))
  bench.die()
  t.same(bench.joined, [recordText(1)])
  t.ok(bench.log.includes('plugin ended in the middle of a line; that is not taken'))
  bench.begin()
  bench.talk.hear(Buffer.from('READY 1\n'))
  t.equal(bench.readies, 2, 'and the next begins with a line of its own')
  t.end()
})
