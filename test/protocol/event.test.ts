import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as fc from 'fast-check'
import { test } from 'tap'
import type { AuditEvent, EventLimits } from '../../src/protocol/event.js'
import { EventAssembler } from '../../src/protocol/event.js'
import type { AuditRecord } from '../../src/protocol/record-fields.js'
import { readRecord } from '../../src/protocol/record-fields.js'
import { RECORDED_LINES, RECORDED_LOGS, recordedLines } from './recorded-lines.js'

const AUSEARCH = '/usr/sbin/ausearch'

function recordOf(line: string | Buffer): AuditRecord {
  const read = readRecord(line)
  if (read === undefined) throw new Error(`no record: ${line.toString()}`)
  return read
}

function record(type: string, serial = 1, node = ''): AuditRecord {
  return recordOf(`${node === '' ? '' : `node=${node} `}type=${type} msg=audit(7.000:${serial}): a=b`)
}

/** `1 SYSCALL PATH`, with what is odd about it behind. */
function told({ serial, records, incomplete, isLate }: AuditEvent): string {
  const types = records.map(({ typeName }) => typeName).join(' ')
  return `${serial} ${types}${incomplete === undefined ? '' : ` (${incomplete})`}${isLate ? ' (late)' : ''}`
}

function idOf({ node, timeMs, serial }: AuditRecord | AuditEvent): string {
  return `${node}|${timeMs}|${serial}`
}

/** Pushes records at one moment. */
function eventsOf(assembler: EventAssembler, records: readonly AuditRecord[]): string[] {
  return records.flatMap((each) => assembler.push(each, 0)).map(told)
}

void test('a system call ends with its PROCTITLE, and EOE adds nothing', (t) => {
  const assembler = new EventAssembler()
  t.same(
    eventsOf(
      assembler,
      ['SYSCALL', 'CWD', 'PATH', 'PATH'].map((type) => record(type)),
    ),
    [],
  )
  t.equal(assembler.openEvents, 1)
  const [event] = assembler.push(record('PROCTITLE'), 0)
  t.match(event, { node: '', timeMs: 7000, serial: 1, incomplete: undefined, isLate: false, safeSeq: 0 })
  t.equal(event && told(event), '1 SYSCALL CWD PATH PATH PROCTITLE')
  t.same(eventsOf(assembler, [record('EOE'), record('EOE'), record('EOE', 2)]), [])
  t.match(assembler, { openEvents: 0, openBytes: 0, nextExpiryMs: undefined })
  t.same(eventsOf(assembler, [record('SYSCALL', 3), record('EOE', 3)]), ['3 SYSCALL'], 'EOE ends one without PROCTITLE')
  t.end()
})

void test('which types come alone, and which wait', (t) => {
  const assembler = new EventAssembler()
  const alone =
    'LOGIN USER_LOGIN DAEMON_START UNKNOWN[1199] UNKNOWN[1299] MAC_UNLBL_ALLOW MAC_CALIPSO_DEL KERNEL ANOM_EXEC CRYPTO_KEY_USER UNKNOWN[2999]'
  for (const [index, type] of alone.split(' ').entries()) {
    t.same(eventsOf(assembler, [record(type, index)]), [`${index} ${type}`])
  }
  const waiting = 'SYSCALL AVC MAC_CONFIG_CHANGE UNKNOWN[1420] ANOM_ABEND UNKNOWN[2099] SECCOMP NEWER_THAN_WE'
  for (const [index, type] of waiting.split(' ').entries()) {
    t.same(eventsOf(assembler, [record(type, 100 + index)]), [], type)
  }
  t.same(
    assembler.flush().map(told),
    waiting.split(' ').map((type, index) => `${100 + index} ${type} (end)`),
  )
  t.end()
})

void test('events interleave, and node, time and serial tell them apart', (t) => {
  const assembler = new EventAssembler()
  const other = recordOf('type=SYSCALL msg=audit(7.001:1): a=b')
  const records = [
    record('SYSCALL'),
    record('SYSCALL', 2),
    record('SYSCALL', 1, 'n1'),
    other,
    record('PATH', 2),
    record('PATH'),
  ]
  t.same(eventsOf(assembler, records), [])
  t.equal(assembler.openEvents, 4)
  t.same(eventsOf(assembler, [record('PROCTITLE', 2), record('PROCTITLE')]), [
    '2 SYSCALL PATH PROCTITLE',
    '1 SYSCALL PATH PROCTITLE',
  ])
  t.same(
    assembler.flush().map((event) => [idOf(event), told(event)]),
    [
      ['n1|7000|1', '1 SYSCALL (end)'],
      ['|7001|1', '1 SYSCALL (end)'],
    ],
  )
  t.end()
})

void test('what comes after its event makes a late one', (t) => {
  const assembler = new EventAssembler()
  t.same(eventsOf(assembler, [record('LOGIN'), record('SYSCALL'), record('PROCTITLE'), record('EOE')]), [
    '1 LOGIN',
    '1 SYSCALL PROCTITLE (late)',
  ])
  t.same(eventsOf(assembler, [record('PROCTITLE', 2), record('PATH', 2)]), ['2 PROCTITLE'])
  t.same(assembler.flush().map(told), ['2 PATH (end) (late)'])

  // 4096 events are remembered.
  for (let serial = 10; serial < 10 + 4095; serial++) assembler.push(record('USER', serial), 0)
  t.same(eventsOf(assembler, [record('USER', 2)]), ['2 USER (late)'])
  for (let serial = 5000; serial < 5000 + 4096; serial++) assembler.push(record('USER', serial), 0)
  t.same(eventsOf(assembler, [record('USER', 2)]), ['2 USER'])
  t.end()
})

void test('an event ends by its age', (t) => {
  const assembler = new EventAssembler({ timeoutMs: 100 })
  t.equal(assembler.nextExpiryMs, undefined)
  assembler.push(record('TTY', 1), 1000)
  assembler.push(record('TTY', 2), 1050)
  assembler.push(record('PATH', 1), 1060)
  t.equal(assembler.nextExpiryMs, 1100, 'counted from its first record')
  t.same(assembler.expire(1099), [])
  t.same(assembler.expire(1100).map(told), ['1 TTY PATH (timeout)'])
  t.equal(assembler.nextExpiryMs, 1150)
  t.same(
    assembler.push(record('PATH', 2), 1200).map(told),
    ['2 TTY (timeout)'],
    'also if a record of it comes too late',
  )
  t.equal(assembler.nextExpiryMs, 1300)
  assembler.push(record('TTY', 3), 1200)
  t.same(assembler.expire(1300).map(told), ['2 PATH (timeout) (late)', '3 TTY (timeout)'])

  const back = new EventAssembler({ timeoutMs: 100 })
  back.expire(1000)
  back.push(record('TTY'), 5)
  t.equal(back.nextExpiryMs, 1100, 'a clock that goes back is taken for one that stands')

  const usual = new EventAssembler()
  usual.push(record('TTY'), 0)
  t.equal(usual.nextExpiryMs, 2000)
  t.end()
})

void test('limits', (t) => {
  const few = new EventAssembler({ maxEvents: 2 })
  t.same(eventsOf(few, [record('PATH', 1), record('PATH', 2), record('PATH', 1), record('PATH', 3)]), [
    '1 PATH PATH (overflow)',
  ])
  t.equal(few.openEvents, 2)
  t.same(eventsOf(few, [record('USER', 4)]), ['2 PATH (overflow)', '4 USER'], 'room is made for each')

  const short = new EventAssembler({ maxRecordsPerEvent: 2 })
  t.same(eventsOf(short, [record('PATH'), record('PATH'), record('PATH'), record('PROCTITLE')]), [
    '1 PATH PATH (overflow)',
    '1 PATH PROCTITLE (late)',
  ])

  const size = record('PATH').bytes.length + 512
  const small = new EventAssembler({ maxBytes: 2 * size })
  t.same(eventsOf(small, [record('PATH', 1), record('PATH', 2)]), [])
  t.equal(small.openBytes, 2 * size)
  t.same(eventsOf(small, [record('PATH', 2)]), ['1 PATH (overflow)'])
  t.same(
    eventsOf(small, [record('PATH', 2)]),
    ['2 PATH PATH PATH (overflow)'],
    'the one that grows, if there is no other',
  )
  t.equal(small.openBytes, 0)
  t.same(eventsOf(new EventAssembler({ maxBytes: 1 }), [record('PATH')]), ['1 PATH (overflow)'])
  for (const name of ['timeoutMs', 'maxEvents', 'maxRecordsPerEvent', 'maxBytes']) {
    for (const limit of [0, -1, NaN]) t.throws(() => new EventAssembler({ [name]: limit }), RangeError, name)
  }
  t.end()
})

void test('what may be acknowledged', (t) => {
  const assembler = new EventAssembler({ timeoutMs: 100 })
  const seqs = (events: readonly AuditEvent[]): string[] => events.map(({ serial, safeSeq }) => `${serial}: ${safeSeq}`)
  t.equal(assembler.safeSeq, 0)
  t.same(seqs(assembler.push(record('USER', 1), 0, 101)), ['1: 101'])
  assembler.pass(105)
  t.equal(assembler.safeSeq, 105)
  assembler.push(record('PATH', 2), 0, 110)
  t.equal(assembler.safeSeq, 105, 'never a seq that was not seen')
  assembler.push(record('PATH', 3), 50, 111)
  t.same(
    seqs(assembler.push(record('USER', 4), 50, 112)),
    ['4: 105'],
    'an event that is whole waits for those before it',
  )
  assembler.push(record('EOE', 4), 50, 113)
  t.equal(assembler.safeSeq, 105)
  t.same(seqs(assembler.push(record('USER', 5), 100, 114)), ['2: 110', '5: 110'])
  t.same(seqs(assembler.push(record('PROCTITLE', 3), 100, 115)), ['3: 115'])
  assembler.push(record('EOE', 3), 100, 116)
  t.equal(assembler.safeSeq, 116)

  assembler.push(record('PATH', 6), 100, 117)
  for (const seq of [117, 1, 0, NaN]) {
    t.throws(() => assembler.push(record('USER', 7), 900, seq), RangeError)
    t.throws(() => assembler.pass(seq), RangeError)
  }
  t.equal(assembler.openEvents, 1, 'a seq that goes back changes nothing')
  t.same(seqs(assembler.flush()), ['6: 117'])
  t.end()
})

const STEP = fc.record({
  type: fc.constantFrom('SYSCALL', 'PATH', 'PATH', 'PROCTITLE', 'EOE', 'LOGIN', 'USER', 'KERNEL', 'AVC', 'NEWER'),
  serial: fc.integer({ min: 1, max: 4 }),
  node: fc.constantFrom('', '', '', 'n1'),
  waitMs: fc.constantFrom(0, 0, 0, 1, 7, 30),
  skipped: fc.constantFrom(0, 0, 5),
  isPassed: fc.boolean(),
})

void test('whatever comes, each record goes out once, and none is acknowledged before', (t) => {
  const limits = fc.record({
    timeoutMs: fc.constantFrom(20, 1000),
    maxEvents: fc.integer({ min: 1, max: 5 }),
    maxRecordsPerEvent: fc.integer({ min: 1, max: 4 }),
    maxBytes: fc.constantFrom(600, 2500, 1e9),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(limits, fc.array(STEP, { maxLength: 60, size: 'max' }), (bounds, steps) => runSteps(bounds, steps)),
      { numRuns: 2000, seed: 11 },
    ),
  )
  t.end()
})

type Step = typeof STEP extends fc.Arbitrary<infer Made> ? Made : never

/** Throws where a promise is broken. */
function runSteps(limits: EventLimits, steps: readonly Step[]): void {
  const assembler = new EventAssembler(limits)
  const seqs = new Map<AuditRecord, number>()
  const held = new Set<AuditRecord>()
  let [nowMs, seq, acked] = [0, 0, 0]

  const acknowledge = (safeSeq: number): void => {
    check(safeSeq >= acked && safeSeq <= seq, 'goes back or ahead')
    check(safeSeq === 0 || [...held].every((each) => (seqs.get(each) ?? 0) > safeSeq), 'of a record that is held')
    acked = safeSeq
  }
  const handle = (events: readonly AuditEvent[]): void => {
    for (const event of events) {
      for (const each of event.records) {
        check(idOf(each) === idOf(event), 'a stranger')
        check(held.delete(each), 'handed out twice')
      }
      acknowledge(event.safeSeq)
    }
    acknowledge(assembler.safeSeq)
    const lowest = Math.min(...[...held].map((each) => seqs.get(each) ?? 0))
    check(
      [...seqs.values()].every((each) => each >= lowest || each <= acked),
      'less than could be acknowledged',
    )
    check(assembler.openEvents <= (limits.maxEvents ?? 0), 'too many events')
    check(assembler.openBytes <= (limits.maxBytes ?? 0), 'too many bytes')
    check((assembler.nextExpiryMs ?? Infinity) > nowMs, 'time is over')
    check(new Set([...held].map(idOf)).size === assembler.openEvents, 'held by nobody')
  }
  for (const { type, serial, node, waitMs, skipped, isPassed } of steps) {
    nowMs += waitMs
    seq += 1 + skipped
    if (isPassed) handle(assembler.expire(nowMs))
    const next = record(type, serial, node)
    seqs.set(next, seq)
    if (type !== 'EOE') held.add(next)
    const before = seq
    handle(assembler.push(next, nowMs, seq))
    if (isPassed) assembler.pass((seq += 1))
    check(before <= seq && assembler.safeSeq <= seq, 'ahead')
  }
  handle(assembler.flush())
  check(held.size === 0 && acked === seq, 'something stays behind')
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

void test('the recorded streams make the events that their serials tell', (t) => {
  for (const name of RECORDED_LINES) {
    const records = recordedLines(name).map(recordOf)
    const assembler = new EventAssembler()
    // The records' own times as the clock, as it went when they were written.
    const events = [...records.flatMap((each) => assembler.push(each, each.timeMs)), ...assembler.flush()]

    const naive = new Map<string, AuditRecord[]>()
    for (const each of records)
      if (each.typeName !== 'EOE') naive.set(idOf(each), [...(naive.get(idOf(each)) ?? []), each])
    const assembled = new Map<string, AuditRecord[]>()
    for (const event of events) assembled.set(idOf(event), [...(assembled.get(idOf(event)) ?? []), ...event.records])
    t.ok(
      [...naive].every(([id, group]) => sameRecords(group, assembled.get(id))) && naive.size === assembled.size,
      name,
    )
    t.same(
      events.filter(({ isLate }) => isLate).map((event) => told(event).replace(/^\d+ /, '')),
      ['SYSCALL PROCTITLE (late)'],
      'only the system call that wrote a login uid is in two',
    )
    t.same(
      new Set(
        events.filter(({ incomplete }) => incomplete !== undefined).map((event) => told(event).replace(/^\d+ /, '')),
      ),
      new Set(['ANOM_ABEND (timeout)', 'SECCOMP (timeout)', 'UNKNOWN[1424] (timeout)']),
      'what no record ends',
    )
  }
  t.end()
})

function sameRecords(some: readonly AuditRecord[], others: readonly AuditRecord[] = []): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index])
}

void test('ausearch finds the same events', { skip: existsSync(AUSEARCH) ? false : `no ${AUSEARCH}` }, (t) => {
  const size = ({ length }: { readonly length: number }): number => length
  for (const name of RECORDED_LOGS) {
    const { stdout, status } = spawnSync(AUSEARCH, ['-if', `test/fixtures/auditd-stream/${name}`], {
      encoding: 'latin1',
      env: { LC_ALL: 'C', TZ: 'UTC' },
    })
    t.equal(status, 0)
    const theirs = stdout
      .split('----\n')
      .filter((part) => part !== '')
      .map((part) => {
        const lines = part.split('\n').filter((line) => /^(?:node=\S+ )?type=/.test(line))
        return [/audit\(([^)]*)\)/.exec(part)?.[1], size(lines)].join(' ')
      })
    const assembler = new EventAssembler()
    const records = recordedLines(name).map(recordOf)
    const ours = [...records.flatMap((each) => assembler.push(each, each.timeMs)), ...assembler.flush()].map(
      ({ timeMs, serial, records: { length } }) => `${(timeMs / 1000).toFixed(3)}:${serial} ${length}`,
    )
    t.same(ours.toSorted(), theirs.toSorted(), name)
  }
  t.end()
})
