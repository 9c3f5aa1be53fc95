import * as fc from 'fast-check'
import { test } from 'tap'
import { MAX_CONTROL_BYTES, MAX_DATA_BYTES } from '../../../src/remote/wire/body.js'
import { encode } from '../../../src/remote/wire/encode.js'
import type { Message } from '../../../src/remote/wire/message.js'
import { MAX_IGNORED_BYTES, MessageReader } from '../../../src/remote/wire/message-reader.js'
import { WireError } from '../../../src/remote/wire/wire-error.js'
import { TO_RECEIVER, toReceiver, TO_SENDER, toSender } from './some-messages.js'
import { frame, nonceFrame } from './wire-bytes.js'

type Side = 'sender' | 'receiver'

interface Read {
  readonly messages: readonly Message[]
  /** The code of the error that ended it. */
  readonly code: string | undefined
}

function bytesOf(messages: readonly Message[]): Buffer {
  return Buffer.concat(messages.flatMap(encode))
}

function read(side: Side, chunks: readonly Buffer[], reader = new MessageReader(side, MAX_DATA_BYTES)): Read {
  const messages: Message[] = []
  try {
    for (const chunk of chunks) {
      reader.push(chunk)
      for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message)
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { messages, code: error.code }
  }
  return { messages, code: undefined }
}

const BOTH: readonly (readonly [Side, readonly Message[], fc.Arbitrary<Message>])[] = [
  ['receiver', TO_RECEIVER, toReceiver],
  ['sender', TO_SENDER, toSender],
]

void test('what is said is heard', (t) => {
  for (const [side, some, any] of BOTH) {
    t.same(read(side, [bytesOf(some)]), { messages: some, code: undefined }, `to a ${side}`)
    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), (messages) => {
        t.same(read(side, [bytesOf(messages)]), { messages, code: undefined })
      }),
      { numRuns: 150 },
    )
  }
  t.end()
})

void test('however it is cut', (t) => {
  for (const [side, some] of BOTH) {
    const bytes = bytesOf(some)
    const wrong: number[] = []
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { messages, code } = read(side, [bytes.subarray(0, cut), bytes.subarray(cut)])
      if (code !== undefined || !bytesOf(messages).equals(bytes)) wrong.push(cut)
    }
    t.same(wrong, [], `to a ${side}, in two`)
    const single = Array.from(bytes, (byte) => Buffer.from([byte]))
    t.same(read(side, single), { messages: some, code: undefined }, `to a ${side}, byte by byte`)
  }
  t.end()
})

void test('messages stay as they are when the next bytes come', (t) => {
  const reader = new MessageReader('receiver', MAX_DATA_BYTES)
  const bytes = bytesOf(TO_RECEIVER)
  const { messages } = read('receiver', [bytes.subarray(0, 500), bytes.subarray(500)], reader)
  read('receiver', [bytes.subarray(0, 700), bytes.subarray(700)], reader)
  t.same(messages, TO_RECEIVER)
  t.end()
})

void test('a push before the last is read goes behind it', (t) => {
  const reader = new MessageReader('receiver')
  reader.push(Buffer.concat([nonceFrame('PING', 1), nonceFrame('PING', 2)]))
  t.same(reader.next(), { type: 'ping', nonce: 1 })
  t.same(read('receiver', [nonceFrame('PING', 3)], reader).messages, [
    { type: 'ping', nonce: 2 },
    { type: 'ping', nonce: 3 },
  ])
  t.end()
})

void test('a flipped bit is never taken for what was sent', (t) => {
  for (const [side, some] of BOTH) {
    for (const message of some) {
      const bytes = bytesOf([message])
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const found = read(side, [flipped])
        // A bit of the header is always noticed; one of the body makes another message, or none. TLS keeps that from happening.
        const isHeader = bit < 16 * 8
        const isSame = found.messages.some((each) => bytesOf([each]).equals(bytes))
        if (isHeader ? found.code === undefined || found.messages.length > 0 : isSame)
          t.fail(`bit ${bit} of a ${message.type} is not noticed`)
      }
    }
  }
  t.end()
})

void test('an error is final, and what came before it is heard', (t) => {
  const reader = new MessageReader('receiver')
  t.same(read('receiver', [nonceFrame('PING', 1), frame({ type: 'PING', crc: 0 })], reader), {
    messages: [{ type: 'ping', nonce: 1 }],
    code: 'bad-header',
  })
  t.same(read('receiver', [nonceFrame('PING', 2)], reader), { messages: [], code: 'bad-header' })
  t.end()
})

void test('what each end may be sent', (t) => {
  for (const message of TO_SENDER.filter(({ type }) => !['ping', 'error', 'bye'].includes(type)))
    t.equal(read('receiver', [bytesOf([message])]).code, 'out-of-place', `${message.type} to a receiver`)
  for (const message of TO_RECEIVER.filter(({ type }) => !['ping', 'pong', 'error', 'bye'].includes(type)))
    t.equal(read('sender', [bytesOf([message])]).code, 'out-of-place', `${message.type} to a sender`)
  t.end()
})

void test('a type that is not known', (t) => {
  const ignorable = frame({ type: 77, flags: 0x80 }, 'x'.repeat(MAX_IGNORED_BYTES))
  const after = nonceFrame('PING', 9)
  for (const cut of [0, 5, 16, 17, 70, ignorable.length - 1, ignorable.length]) {
    const bytes = Buffer.concat([ignorable, after])
    const { messages, code } = read('receiver', [bytes.subarray(0, cut), bytes.subarray(cut)])
    t.same([messages, code], [[{ type: 'ping', nonce: 9 }], undefined], `is passed by, cut at ${cut}`)
  }
  t.equal(read('receiver', [frame({ type: 77 })]).code, 'unknown-type')
  t.equal(read('receiver', [frame({ type: 0, flags: 0x80, length: MAX_IGNORED_BYTES + 1 })]).code, 'too-long')
  const empty = Buffer.concat([frame({ type: 77, flags: 0x80 }), after])
  t.same(read('receiver', [empty]).messages, [{ type: 'ping', nonce: 9 }])
  t.end()
})

void test('lengths are bounded before anything is held', (t) => {
  const claims: readonly (readonly [string, number, number])[] = [
    ['HELLO', MAX_CONTROL_BYTES, 0],
    ['PING', MAX_CONTROL_BYTES, 0],
    ['DATA', 0, 0],
    ['DATA', 1000, 1000],
    ['DATA', MAX_DATA_BYTES, 2 ** 31],
  ]
  for (const [type, most, limit] of claims) {
    const over = new MessageReader('receiver', limit)
    t.equal(read('receiver', [frame({ type, length: most + 1 })], over).code, 'too-long', `${type} ${most + 1}`)
    const claim = new MessageReader('receiver', limit)
    t.same(
      read('receiver', [frame({ type, length: Math.max(most, 1) - 1 })], claim).code,
      most > 1 ? undefined : 'bad-body',
    )
    t.equal(claim.heldBytes, 0, 'a claim holds nothing')
  }
  const raised = new MessageReader('receiver', 0)
  raised.dataLimit = MAX_DATA_BYTES
  t.equal(read('receiver', [bytesOf(TO_RECEIVER)], raised).messages.length, TO_RECEIVER.length)
  t.end()
})

void test('what is held grows with what came', (t) => {
  const reader = new MessageReader('receiver', MAX_DATA_BYTES)
  t.notOk(reader.isPartial)
  const claimed = frame({ type: 'DATA', length: MAX_DATA_BYTES })
  let came = 0
  read('receiver', [claimed.subarray(0, 3)], reader)
  t.ok(reader.isPartial)
  read('receiver', [claimed.subarray(3)], reader)
  for (const size of [1, 1, 4000, 1, 60_000, 1, 500_000]) {
    came += size
    read('receiver', [Buffer.alloc(size)], reader)
    t.ok(reader.heldBytes <= Math.max(4096, 2 * came), `${reader.heldBytes} for ${came}`)
  }
  t.ok(reader.isPartial)
  t.equal(read('receiver', [Buffer.alloc(MAX_DATA_BYTES - came)], reader).code, 'bad-body')
  t.equal(reader.heldBytes, 0)
  t.end()
})

void test('any bytes', (t) => {
  const some = fc.constantFrom(...TO_RECEIVER, ...TO_SENDER).map((message) => bytesOf([message]))
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  const headed = fc
    .tuple(fc.nat({ max: 20 }), fc.nat({ max: 255 }), noise)
    .map(([type, flags, body]) => frame({ type, flags }, body))
  const brackets = fc.nat({ max: 8000 }).map((depth) => frame({ type: 'BYE' }, '['.repeat(depth)))
  fc.assert(
    fc.property(
      fc.constantFrom<Side>('sender', 'receiver'),
      fc.array(fc.oneof(noise, headed, some, brackets), { maxLength: 6 }),
      (side, chunks) => {
        const reader = new MessageReader(side, 1000)
        read(side, chunks, reader)
        t.ok(reader.heldBytes <= MAX_CONTROL_BYTES)
      },
    ),
    { numRuns: 600 },
  )
  t.end()
})
