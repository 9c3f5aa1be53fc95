import * as fc from 'fast-check'
import { makeBlock, NO_SOURCE } from '../../../src/journal/block.js'
import { MAX_DATA_BYTES } from '../../../src/remote/wire/body.js'
import type { Hello, Message } from '../../../src/remote/wire/message.js'

const LINES = Buffer.from('type=A msg=audit(1.0:1): a\ntype=B msg=audit(1.0:1): b\n')
const DRAFT = { kind: 'data', firstSeq: 41, count: 2, lines: 2, wallMs: 1, source: NO_SOURCE } as const
const { head } = makeBlock({ ...DRAFT, before: Buffer.alloc(32, 3), note: Buffer.alloc(0) }, [LINES])

export const HELLO: Hello = {
  type: 'hello',
  versions: [1],
  stream: '0'.repeat(31) + '1',
  from: 1,
  before: '0'.repeat(64),
  parent: '',
  first: 1,
  last: 3,
  chain: 'c'.repeat(64),
  acked: 2,
  closed: false,
  instance: 'a'.repeat(32),
  bootId: 'boot',
  receiver: '',
  maxBlock: 1000,
  agent: 'a test',
}

/** One of each. */
export const TO_RECEIVER: readonly Message[] = [
  HELLO,
  { type: 'probe', seqs: [1, 2, 30] },
  { type: 'start', from: 4, chain: 'd'.repeat(64) },
  { type: 'skip', from: 4, to: 40, chain: 'e'.repeat(64), reason: 'freed' },
  { type: 'data', head, lines: LINES },
  { type: 'ping', nonce: 7 },
  { type: 'pong', nonce: 2 ** 53 - 1 },
  { type: 'error', code: 'protocol', text: 'what ä', retryAfterMs: 0, action: 'operator' },
  { type: 'bye', reason: 'enough' },
]

export const TO_SENDER: readonly Message[] = [
  {
    type: 'welcome',
    version: 1,
    receiver: 'b'.repeat(32),
    session: '12',
    last: 3,
    chain: 'c'.repeat(64),
    credit: 65_536,
    pingMs: 15_000,
  },
  { type: 'probed', chains: ['f'.repeat(64), null] },
  { type: 'ack', seq: 42, chain: '9'.repeat(32), credit: 2 ** 40, state: 'low' },
  { type: 'ping', nonce: 0 },
  { type: 'status', state: 'full' },
  { type: 'error', code: 'superseded', text: '', retryAfterMs: 5000, action: 'superseded' },
  { type: 'bye', reason: '' },
]

const id = hex(32)
const chain = hex(64)
const count = fc.maxSafeNat()
const text = fc.string({ maxLength: 255 })

function hex(digits: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: digits, maxLength: digits })
}

/** Any message that a sender may say. */
export const toReceiver: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    versions: fc.array(fc.integer({ min: 1 }), { maxLength: 16 }),
    stream: id,
    from: fc.constant(1),
    before: chain,
    parent: fc.oneof(fc.constant(''), id),
    first: fc.integer({ min: 1 }),
    last: count,
    chain,
    acked: count,
    closed: fc.boolean(),
    instance: id,
    bootId: text,
    receiver: fc.oneof(fc.constant(''), id),
    maxBlock: fc.integer({ min: 1, max: MAX_DATA_BYTES }),
    agent: text,
  }),
  fc
    .uniqueArray(fc.integer({ min: 1 }), { minLength: 1, maxLength: 64 })
    .map((seqs): Message => ({ type: 'probe', seqs: seqs.toSorted((a, b) => a - b) })),
  fc.record({ type: fc.constant('start' as const), from: fc.integer({ min: 1 }), chain }),
  fc
    .tuple(fc.integer({ min: 1 }), fc.nat(), chain)
    .map(([from, more, after]): Message => ({ type: 'skip', from, to: from + more, chain: after, reason: 'no-more' })),
  fc.constant(TO_RECEIVER[4] ?? HELLO),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), nonce: count }),
  fc.record({ type: fc.constant('bye' as const), reason: text }),
)

/** Any message that a receiver may say. */
export const toSender: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('welcome' as const),
    version: fc.integer({ min: 1 }),
    receiver: id,
    session: text,
    last: count,
    chain,
    credit: count,
    pingMs: fc.integer({ min: 100, max: 600_000 }),
  }),
  fc.record({ type: fc.constant('probed' as const), chains: fc.array(fc.option(chain), { maxLength: 64 }) }),
  fc.record({
    type: fc.constant('ack' as const),
    seq: count,
    chain: id,
    credit: count,
    state: fc.constantFrom('ok', 'low', 'full', 'error', 'draining'),
  }),
  fc.record({
    type: fc.constant('error' as const),
    code: fc.constantFrom('version', 'out-of-order', 'bad-block', 'wrong-node', 'credit', 'streams', 'refused', 'disk'),
    text,
    retryAfterMs: fc.integer({ min: 0, max: 86_400_000 }),
    action: fc.constantFrom('retry', 'superseded', 'upgrade', 'operator'),
  }),
)
