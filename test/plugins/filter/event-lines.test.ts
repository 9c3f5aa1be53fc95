import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { EventAssembler } from '../../../src/protocol/event.js'
import { readRecord } from '../../../src/sdk/index.js'
import { EventLines, EVENT_LIMITS, type EventLimits } from '../../../plugins/filter/event-lines.js'
import { KeptLines } from '../../../plugins/filter/kept-lines.js'

const LIMITS: EventLimits = { timeoutMs: 1000, ...EVENT_LIMITS }
const RECORDINGS = ['v2.8.5-raw.string', 'v2.8.5-enriched-node.log'].map(
  (name) => `test/fixtures/auditd-stream/${name}`,
)

interface Seen {
  readonly events: string[][]
  readonly late: string[]
  readonly lines: EventLines
}

function gathered(limits: Partial<EventLimits> = {}, isKept = true): Seen {
  const events: string[][] = []
  const late: string[] = []
  const lines = new EventLines(
    { ...LIMITS, ...limits },
    {
      event(records) {
        events.push(records.map((record) => record.toString('latin1')))
        return isKept
      },
      late(record, wasKept) {
        late.push(`${wasKept ? 'kept' : 'dropped'} ${record.toString('latin1')}`)
      },
    },
  )
  return { events, late, lines }
}

const record = (type: string, serial: number, node = ''): string =>
  `${node}type=${type} msg=audit(1.000:${serial}): a=b`
const piece = (...records: readonly string[]): Buffer => {
  const bytes = Buffer.from(`${records.join('\n')}\n`, 'latin1')
  // As the SDK hands them out: memory of its own.
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

void test('events are those of the SDK, however the input is cut', (t) => {
  for (const path of RECORDINGS) {
    const text = readFileSync(path)
    const lines = text.toString('latin1').split('\n').slice(0, -1)
    const assembler = new EventAssembler()
    const read = lines.map((line) => readRecord(Buffer.from(line, 'latin1'))).filter((each) => each !== undefined)
    const expected = read.flatMap((each) => assembler.push(each, 0)).concat(assembler.flush())
    const whole = expected.map(({ records }) => records.map(({ bytes }) => bytes.toString('latin1')))
    const withoutEoe = (events: string[][]): string[][] =>
      events.map((records) => records.filter((each) => !/^(?:node=\S+ )?type=EOE /.test(each)))
    for (const size of [3, 100, lines.length]) {
      const seen = gathered()
      for (let at = 0; at < lines.length; at += size) {
        const bytes = piece(...lines.slice(at, at + size))
        seen.lines.take(bytes, 0, 0)
        // What is open is not to keep all of a piece.
        bytes.fill(0)
      }
      seen.lines.flush()
      const found = withoutEoe(seen.events)
      if (JSON.stringify(found) !== JSON.stringify(whole)) t.strictSame(found, whole, `${path} by ${size}`)
      t.equal(seen.events.flat().length + seen.late.length, lines.length, 'nothing is left out')
    }
  }
  t.end()
})

void test('interleaved events, nodes, and what is no record', (t) => {
  const { events, lines } = gathered()
  lines.take(
    piece(record('SYSCALL', 1), record('SYSCALL', 1, 'node=a '), record('CWD', 1), 'what is this', 'type=X msg=audit('),
    0,
    0,
  )
  lines.take(piece(record('PROCTITLE', 1, 'node=a '), record('PROCTITLE', 1), record('LOGIN', 1)), 0, 0)
  t.same(events, [
    ['what is this'],
    ['type=X msg=audit('],
    [record('SYSCALL', 1, 'node=a '), record('PROCTITLE', 1, 'node=a ')],
    [record('SYSCALL', 1), record('CWD', 1), record('PROCTITLE', 1)],
    [record('LOGIN', 1)],
  ])
  t.end()
})

void test('a record that has nearly the header of the one before', (t) => {
  const { events, lines } = gathered({}, true)
  const stamp = ' msg=audit(1.000:1):'
  const long = `type=${'T'.repeat(1100)}${stamp}`
  const first = [stamp, record('SYSCALL', 1), 'type=CWD', `type=${stamp}`, `type= ${stamp}`, `node=a${stamp}`, long, '']
  lines.take(piece(...first, record('EXECVE', 1), `type=CWD\n${stamp}`, record('CWD', 11), 'type=CWD'), 0, 0)
  lines.flush()
  t.same(events, [
    [stamp],
    ['type=CWD'],
    [`type= ${stamp}`],
    [`node=a${stamp}`],
    [long],
    [''],
    ['type=CWD'],
    [stamp],
    ['type=CWD'],
    [record('SYSCALL', 1), `type=${stamp}`, record('EXECVE', 1)],
    [record('CWD', 11)],
  ])
  t.end()
})

void test('an EOE ends its event, or follows what became of it', (t) => {
  for (const isKept of [true, false]) {
    const { events, late, lines } = gathered({}, isKept)
    lines.take(
      piece(record('SYSCALL', 1), record('EOE', 1), record('SYSCALL', 2), record('PROCTITLE', 2), record('EOE', 2)),
      0,
      0,
    )
    lines.take(piece(record('EOE', 3), record('LOGIN', 4), record('EOE', 4)), 0, 0)
    t.same(
      events.map((records) => records.length),
      [2, 2, 1],
    )
    const fate = isKept ? 'kept' : 'dropped'
    t.same(late, [`${fate} ${record('EOE', 2)}`, `dropped ${record('EOE', 3)}`, `${fate} ${record('EOE', 4)}`])
  }
  t.end()
})

void test('what may be acknowledged while events are open', (t) => {
  const { events, lines } = gathered()
  t.equal(lines.safeSeq, undefined)
  lines.take(piece(record('SYSCALL', 1)), 10, 0)
  lines.take(piece(record('SYSCALL', 2)), 20, 500)
  t.equal(lines.safeSeq, 10)
  t.equal(lines.nextExpiryMs, 1000)
  lines.expire(999)
  t.equal(events.length, 0)
  lines.expire(1000)
  t.same(events, [[record('SYSCALL', 1)]])
  t.equal(lines.safeSeq, 20)
  lines.flush()
  t.equal(lines.safeSeq, undefined)
  t.equal(lines.openEvents, 0)
  t.end()
})

void test('at each limit the oldest event goes as it is', (t) => {
  const most = gathered({ maxEvents: 2 })
  most.lines.take(piece(record('SYSCALL', 1), record('SYSCALL', 2), record('SYSCALL', 3)), 0, 0)
  t.same(most.events, [[record('SYSCALL', 1)]])
  const long = gathered({ maxRecords: 2 })
  long.lines.take(piece(record('SYSCALL', 1), record('PATH', 1), record('PATH', 1)), 0, 0)
  t.same(long.events, [[record('SYSCALL', 1), record('PATH', 1)]])
  const large = gathered({ maxBytes: 700 })
  large.lines.take(piece(record('SYSCALL', 1), record('SYSCALL', 2), record('SYSCALL', 3)), 0, 0)
  t.same(large.events, [[record('SYSCALL', 1)]])
  t.end()
})

void test('kept lines come out as they went in, from wherever they lie', (t) => {
  const texts = Array.from({ length: 200 }, (_, n) => record('CWD', n) + 'x'.repeat((n * 37) % 900))
  const bytes = piece(...texts)
  const kept = new KeptLines()
  const expected: string[] = []
  let at = 0
  for (const [n, text] of texts.entries()) {
    const view = bytes.subarray(at, at + text.length)
    at += text.length + 1
    if (n % 7 === 3) continue
    kept.add([n % 11 === 5 ? Buffer.from(view) : view])
    expected.push(text)
  }
  t.equal(kept.count, expected.length)
  t.equal(kept.take().toString('latin1'), `${expected.join('\n')}\n`)
  t.equal(kept.count, 0)
  t.equal(kept.take().length, 0)
  // Side by side, and no LF between them.
  const memory = Buffer.allocUnsafeSlow(3)
  memory.write('axb')
  kept.add([memory.subarray(0, 1)])
  kept.add([memory.subarray(2, 3)])
  t.equal(kept.take().toString(), 'a\nb\n')
  t.end()
})
