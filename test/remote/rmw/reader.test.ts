import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { protocolOf } from '../../../src/remote/rmw/first-bytes.js'
import { encodeRmw, verdictOf } from '../../../src/remote/rmw/message.js'
import { RmwReader } from '../../../src/remote/rmw/reader.js'
import { rmw } from './wire.js'

const LONGEST = 8970

type Told = readonly [type: number, sequence: number, payload: string]

interface Outcome {
  readonly told: readonly Told[]
  readonly fault: string | undefined
  readonly held: number
}

function read(chunks: readonly Buffer[]): Outcome {
  const reader = new RmwReader()
  const told: Told[] = []
  let fault: string | undefined
  for (const piece of chunks) {
    const given = Buffer.from(piece)
    const got = reader.push(given)
    told.push(...got.messages.map(({ type, sequence, payload }): Told => [type, sequence, payload.toString('latin1')]))
    fault = got.fault?.code
    // Whoever looked at them has done so by now.
    given.fill('!')
  }
  return { told, fault, held: reader.heldBytes }
}

function recorded(name: string): Buffer {
  return readFileSync(`test/fixtures/rmw/${name}.bin`)
}

function record(time: string, serial: number): string {
  return (
    `node=node1 type=USER_CMD msg=audit(${time}:${serial}): pid=100 uid=0 auid=1000 ses=1 ` +
    `msg='cwd="/" cmd=6C73 terminal=pts/0 res=success'\n`
  )
}

/** What was recorded between audisp-remote and auditd 3.0.9, by hand. */
const SESSIONS: Readonly<Record<string, readonly Told[]>> = {
  'session.client-to-server': [
    [0, 2, record('1700000000.001', 101)],
    [1, 3, ''],
    [1, 4, ''],
    [0, 5, record('1700000000.002', 102)],
  ],
  'session.server-to-client': [
    [0x40000000, 2, ''],
    [0x40000000, 3, ''],
    [0x40000000, 4, ''],
    [0x40000000, 5, ''],
    [0x40000001, 0, ''],
  ],
  'replies.server-to-client': [
    [0x40000000, 1, ''],
    [0x50000001, 2097, ''],
    [0x60000002, 3146, 'remote logging suspended'],
    [0x60000001, 4191, 'disk full'],
  ],
}

void test('recorded sessions are read as they were, and written byte for byte', (t) => {
  for (const [name, told] of Object.entries(SESSIONS)) {
    const wire = recorded(name)
    t.same(read([wire]), { told, fault: undefined, held: 0 }, name)
    const written = told.map(([type, sequence, payload]) => encodeRmw(type, sequence, Buffer.from(payload, 'latin1')))
    t.ok(Buffer.concat(written).equals(wire), `${name}, written`)
  }
  t.same(
    SESSIONS['replies.server-to-client']?.map(([type]) => verdictOf(type)),
    ['stored', 'stored', 'refused', 'refused'],
  )
  t.equal(verdictOf(0x40000001), 'ending')
  for (const type of [0, 1, 0x42, 0x40000002, 0x20000001]) t.equal(verdictOf(type), 'unknown', type.toString(16))
  t.same([0x50000009, 0x60000009, 0x70000009].map(verdictOf), ['stored', 'refused', 'refused'])
  t.end()
})

void test('every cut of every recording, in two and in three pieces, and byte by byte', (t) => {
  for (const [name, told] of Object.entries(SESSIONS)) {
    const wire = recorded(name)
    const expected = { told, fault: undefined, held: 0 }
    const wrong: number[] = []
    for (let cut = 0; cut <= wire.length; cut++) {
      const later = Math.min(cut + 17, wire.length)
      const inTwo = read([wire.subarray(0, cut), wire.subarray(cut)])
      const inThree = read([wire.subarray(0, cut), wire.subarray(cut, later), wire.subarray(later)])
      if (!isSame(inTwo, expected) || !isSame(inThree, expected)) wrong.push(cut)
    }
    t.same(wrong, [], name)
    t.same(read([...wire].map((byte) => Buffer.of(byte))), expected, `${name}, byte by byte`)
  }
  t.end()
})

void test('what a broken connection leaves of a message is held and never told', (t) => {
  const [whole, rest] = [rmw(0, 2, 'type=A\n'), rmw(0, 3, 'type=B\n')]
  for (let cut = 0; cut < rest.length; cut++) {
    const { told, fault, held } = read([Buffer.concat([whole, rest.subarray(0, cut)])])
    t.same([told.length, fault, held], [1, undefined, cut], `${cut} bytes of the second`)
  }
  t.end()
})

void test('the longest message, and one byte more', (t) => {
  const longest = rmw(0, 7, 'x'.repeat(LONGEST))
  for (const cut of [0, 1, 15, 16, 17, LONGEST]) {
    t.same(read([longest.subarray(0, cut), longest.subarray(cut)]).told, [[0, 7, 'x'.repeat(LONGEST)]], `cut at ${cut}`)
  }
  const tooLong = rmw(0, 8, 'x'.repeat(LONGEST + 1))
  t.same(read([Buffer.concat([rmw(1, 1), tooLong])]), { told: [[1, 1, '']], fault: 'too-long', held: 0 })
  t.same(read([tooLong.subarray(0, 16)]), { told: [], fault: 'too-long', held: 0 }, 'known by its header alone')
  t.throws(() => encodeRmw(0, 1, Buffer.alloc(LONGEST + 1)), RangeError)
  t.end()
})

void test('what is no message ends it, at the first byte that shows it', (t) => {
  const good = rmw(0, 1, 'type=A\n')
  const bad: readonly (readonly [string, Buffer, string])[] = [
    ['type=USER a line\n', Buffer.from('t'), 'bad-magic'],
    ['magic', Buffer.from('fe0001', 'hex'), 'bad-magic'],
    ['header version', Buffer.from('fe0000ff01', 'hex'), 'bad-version'],
    ['message version', Buffer.from('fe0000ff0001', 'hex'), 'bad-version'],
    ['length', Buffer.from('fe0000ff000000000000ffff00000000', 'hex'), 'too-long'],
  ]
  for (const [what, bytes, fault] of bad) {
    t.same(read([bytes]), { told: [], fault, held: 0 }, what)
    t.same(read([...bytes].map((byte) => Buffer.of(byte))).fault, fault, `${what}, byte by byte`)
    t.same(
      read([Buffer.concat([good, bytes, good])]),
      { told: [[0, 1, 'type=A\n']], fault, held: 0 },
      `${what}, between`,
    )
    t.same(read([bytes, good]).told, [], `${what}: nothing is read behind it`)
  }
  t.end()
})

void test('any messages, any pieces; any bytes at all', (t) => {
  const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  const messages = fc.array(fc.tuple(fc.nat(0x7fffffff), fc.nat(0xffffffff), payload), { maxLength: 20 })
  const cuts = fc.array(fc.nat(6000), { maxLength: 10 })
  fc.assert(
    fc.property(messages, cuts, (sent, places) => {
      const wire = Buffer.concat(sent.map(([type, sequence, body]) => rmw(type, sequence, body)))
      const { told, fault, held } = read(pieces(wire, places))
      const expected = sent.map(([type, sequence, body]) => [type, sequence, body.toString('latin1')])
      return fault === undefined && held === 0 && JSON.stringify(told) === JSON.stringify(expected)
    }),
    { numRuns: 300 },
  )
  const garbage = fc.oneof(
    payload,
    payload.map((bytes) => Buffer.concat([rmw(0, 1, bytes).subarray(0, 13), bytes])),
  )
  fc.assert(
    fc.property(fc.array(garbage, { maxLength: 6 }), cuts, (parts, places) => {
      const wire = Buffer.concat(parts)
      const whole = read([wire])
      const cut = read(pieces(wire, places))
      return isSame(whole.told, cut.told) && whole.fault === cut.fault && cut.held <= 16 + LONGEST
    }),
    { numRuns: 500 },
  )
  t.pass('as sent')
  t.end()
})

void test('the first bytes tell the protocols apart', (t) => {
  const begins: readonly (readonly [Buffer, string])[] = [
    [rmw(0, 1, 'type=A\n'), 'rmw'],
    [Buffer.from('ARP1\x01rest'), 'native'],
    [Buffer.from('160301', 'hex'), 'tls'],
    [Buffer.from('type=USER'), 'unknown'],
    [Buffer.from('fe0000fe', 'hex'), 'unknown'],
    [Buffer.from('ARP2'), 'unknown'],
  ]
  for (const [bytes, protocol] of begins) {
    t.equal(protocolOf(bytes), protocol)
    for (let cut = 0; cut < 4; cut++) {
      const told = protocolOf(bytes.subarray(0, cut))
      t.ok(told === undefined || told === protocol, `${protocol}: ${cut} bytes`)
    }
  }
  t.equal(protocolOf(Buffer.alloc(0)), undefined)
  t.end()
})

function pieces(wire: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => Math.min(place, wire.length)), wire.length].sort((a, b) => a - b)
  return cuts.slice(1).map((cut, index) => wire.subarray(cuts[index], cut))
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
