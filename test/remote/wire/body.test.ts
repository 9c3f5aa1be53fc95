import { test } from 'tap'
import { decodeBody, encodeBody, MAX_CONTROL_BYTES, MAX_DATA_BYTES } from '../../../src/remote/wire/body.js'
import type { ControlMessage, Message } from '../../../src/remote/wire/message.js'
import { WireError } from '../../../src/remote/wire/wire-error.js'
import { HELLO, TO_RECEIVER, TO_SENDER } from './some-messages.js'
import { ackFrame, nonceFrame } from './wire-bytes.js'

function isControl(message: Message): message is ControlMessage {
  return message.type !== 'data'
}

function isRefused(type: Message['type'], body: Buffer): boolean {
  try {
    decodeBody(type, body)
    return false
  } catch (error) {
    if (!(error instanceof WireError) || error.code !== 'bad-body') throw error
    return true
  }
}

/** The JSON of a message with some fields changed. */
function changed(message: Message, change: object): Buffer {
  return Buffer.from(JSON.stringify({ ...message, ...change }))
}

void test('the bodies with fixed places', (t) => {
  const chain = '0123456789abcdef0123456789abcdef'
  const ack = { type: 'ack', seq: 2 ** 40, chain, credit: 2 ** 53 - 1, state: 'draining' } as const
  t.same(encodeBody(ack), ackFrame(2 ** 40, chain, 2 ** 53 - 1, 4).subarray(16))
  t.same(encodeBody({ ...ack, chain: chain + 'ff' }), encodeBody(ack), 'of the chain, 16 bytes')
  for (const type of ['ping', 'pong'] as const)
    t.same(encodeBody({ type, nonce: 77 }), nonceFrame('PING', 77).subarray(16))
  t.ok(isRefused('ack', ackFrame(1, chain, 1, 5).subarray(16)), 'a state that there is not')
  const bits = encodeBody(ack)
  bits[35] = 1
  t.ok(isRefused('ack', bits), 'bits that mean nothing')
  const huge = encodeBody(ack)
  huge[7] = 0xff
  t.ok(isRefused('ack', huge), 'a seq beyond 2^53')
  t.ok(isRefused('ping', Buffer.alloc(8, 0xff)))
  for (const length of [0, 7, 9, 35, 37]) {
    t.ok(isRefused('ping', Buffer.alloc(length)))
    t.ok(isRefused('ack', Buffer.alloc(length)))
  }
  t.end()
})

void test('each field is missed, and each is checked', (t) => {
  for (const message of [...TO_RECEIVER, ...TO_SENDER].filter(isControl)) {
    if (['ack', 'ping', 'pong'].includes(message.type)) continue
    const names = Object.keys(message).filter((name) => name !== 'type')
    for (const name of names) {
      t.ok(isRefused(message.type, changed(message, { [name]: undefined })), `${message.type} without ${name}`)
      for (const value of [{}, -1, 0.5, 1e300, 'X'.repeat(300), [[]], ['x'], null])
        t.ok(
          isRefused(message.type, changed(message, { [name]: value })),
          `${message.type} ${name} ${JSON.stringify(value)}`,
        )
    }
    t.same(decodeBody(message.type, changed(message, { more: [1, { a: 2 }] })), message, 'more is passed by')
  }
  t.end()
})

void test('what has its own limits', (t) => {
  const refused: readonly (readonly [Message['type'], object])[] = [
    ['hello', { ...HELLO, from: 0 }],
    ['hello', { ...HELLO, from: 5, last: 3 }],
    ['hello', { ...HELLO, versions: Array.from({ length: 17 }, () => 1) }],
    ['hello', { ...HELLO, stream: '0'.repeat(33) }],
    ['hello', { ...HELLO, chain: 'C'.repeat(64) }],
    ['hello', { ...HELLO, maxBlock: MAX_DATA_BYTES + 1 }],
    ['hello', { ...HELLO, maxBlock: 0 }],
    ['welcome', { ...TO_SENDER[0], pingMs: 99 }],
    ['welcome', { ...TO_SENDER[0], pingMs: 600_001 }],
    ['probe', { seqs: [] }],
    ['probe', { seqs: [2, 2] }],
    ['probe', { seqs: [0] }],
    ['probe', { seqs: Array.from({ length: 65 }, (_, at) => at + 1) }],
    ['probed', { chains: Array.from({ length: 65 }, () => null) }],
    ['start', { from: 0, chain: '0'.repeat(64) }],
    ['skip', { from: 5, to: 4, chain: '0'.repeat(64), reason: 'freed' }],
    ['skip', { from: 5, to: 5, chain: '0'.repeat(64), reason: 'Freed now' }],
    ['skip', { from: 5, to: 5, chain: '0'.repeat(64), reason: 'x'.repeat(65) }],
    ['error', { code: 'protocol', text: '', retryAfterMs: 86_400_001, action: 'retry' }],
  ]
  for (const [type, body] of refused) t.ok(isRefused(type, Buffer.from(JSON.stringify(body))), JSON.stringify(body))
  t.end()
})

void test('JSON that is not meant well', (t) => {
  const bodies = [
    '',
    'null',
    '[]',
    '"x"',
    '{',
    '{"state":"ok"} {}',
    '{"state":"ok","__proto__":{}}',
    '{"state":"ok","constructor":1}',
    '{"state":"ok","x":[[[[1]]]]}',
    '['.repeat(MAX_CONTROL_BYTES),
    '{"x":'.repeat(1000),
    '{"state":"\\u006fk"',
  ]
  for (const body of bodies) t.ok(isRefused('status', Buffer.from(body)), body.slice(0, 40))
  t.ok(
    isRefused('status', Buffer.concat([Buffer.from('{"state":"ok","x":"'), Buffer.from([0xff, 0x22, 0x7d])])),
    'UTF-8',
  )
  t.same(decodeBody('status', Buffer.from('{"a":"[[[[[\\"{{{","state":"ok"}')), { type: 'status', state: 'ok' })
  t.end()
})

void test('text for people is cut, so that it can be said', (t) => {
  const long = 'ä'.repeat(400)
  const failure = { type: 'error', code: 'disk', text: long, retryAfterMs: 1, action: 'retry' } as const
  t.same(decodeBody('error', encodeBody(failure)), { ...failure, text: long.slice(0, 255) })
  t.same(decodeBody('bye', encodeBody({ type: 'bye', reason: long })), { type: 'bye', reason: long.slice(0, 255) })
  t.end()
})

void test('a block that is none', (t) => {
  t.ok(isRefused('data', Buffer.alloc(0)))
  t.ok(isRefused('data', Buffer.alloc(200)))
  const data = TO_RECEIVER.find(({ type }) => type === 'data')
  const head = data?.type === 'data' ? Buffer.from(data.head) : Buffer.alloc(0)
  t.same(
    decodeBody('data', head),
    { type: 'data', head, lines: Buffer.alloc(0) },
    'whether they are its lines is for others',
  )
  head.writeUInt32LE(96, 32)
  t.ok(isRefused('data', head), 'a note that is not there')
  t.end()
})
