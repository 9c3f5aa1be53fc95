// The page on the native protocol: its session is parsed by the codec and built anew by hand, and its tables are what the code knows.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { hasLines, HEADER_BYTES, MAX_NOTE_BYTES, readBlock } from '../src/journal/block.js'
import { MAX_CONTROL_BYTES, MAX_DATA_BYTES, decodeBody } from '../src/remote/wire/body.js'
import { frameHeader, type MessageType } from '../src/remote/wire/frame.js'
import type { Message } from '../src/remote/wire/message.js'
import { MAX_IGNORED_BYTES, MessageReader } from '../src/remote/wire/message-reader.js'
import { TO_RECEIVER, TO_SENDER } from './remote/wire/some-messages.js'
import { ackFrame, crc32, frame, jsonFrame } from './remote/wire/wire-bytes.js'

const PAGE = readFileSync('docs/protocol/remote-native.md', 'utf8')
const SAMPLES: readonly Message[] = [...TO_RECEIVER, ...TO_SENDER]

function dump(name: string): Buffer {
  const [, text = ''] = new RegExp(`^\`\`\`${name}\\n([^]*?)^\`\`\`$`, 'm').exec(PAGE) ?? []
  const rows = [...text.matchAll(/^([0-9a-f]{8}): ((?:[0-9a-f]{2,4} )+) /gm)]
  let at = 0
  const parts = rows.map(([, offset = '', hex = '']) => {
    if (Number.parseInt(offset, 16) !== at) throw new Error(`a row at ${offset}`)
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    at += bytes.length
    return bytes
  })
  return Buffer.concat(parts)
}

function messagesIn(bytes: Buffer, side: 'sender' | 'receiver'): Message[] {
  const reader = new MessageReader(side, MAX_DATA_BYTES)
  reader.push(bytes)
  const messages: Message[] = []
  for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message)
  if (reader.isPartial) throw new Error('the dump ends in the middle of a message')
  return messages
}

const ZEROS = '0'.repeat(64)
const LINES = [101, 102]
  .map((serial) => `type=USER_CMD msg=audit(1700000000.00${serial - 100}:${serial}): pid=100 uid=0 res=success\n`)
  .join('')

/** The block of the page, by its table alone. */
function blockByHand(): Buffer {
  const lines = Buffer.from(LINES)
  const head = Buffer.alloc(144)
  head.write('AJB1', 'latin1')
  head.writeUInt32LE(lines.length, 4)
  head.writeUInt32LE(crc32(lines), 8)
  head.writeBigUInt64LE(1n, 16)
  head.writeBigUInt64LE(2n, 24)
  head.writeUInt32LE(2, 36)
  head.writeBigUInt64LE(1_700_000_000_003n, 40)
  head.write('6f1c7c1e2b7d4a579d0e3a4f5b6c7d8e', 48, 'hex')
  head.writeBigUInt64LE(102n, 64)
  createHash('sha256').update(head.subarray(0, 104)).update(lines).digest().copy(head, 104)
  head.writeUInt32LE(crc32(head.subarray(0, 136)), 136)
  return Buffer.concat([head, lines])
}

void test('the session, built by hand', (t) => {
  const block = blockByHand()
  const chain = block.toString('hex', 104, 136)
  const hello = {
    versions: [1],
    stream: '5d3c0e8a94b14f2f8a1f0c6f2b7e9d10',
    from: 1,
    before: ZEROS,
    parent: '',
    first: 1,
    last: 2,
    chain,
    acked: 0,
    closed: false,
    instance: 'e1f0a2b3c4d5464798a9bacbdcedfe0f',
    bootId: '',
    receiver: '',
    maxBlock: 65_776,
    agent: 'audispd 0.1.0',
  }
  const sender = [
    jsonFrame('HELLO', hello),
    jsonFrame('START', { from: 1, chain: ZEROS }),
    frame({ type: 'DATA' }, block),
    jsonFrame('BYE', { reason: 'the sender is being stopped' }),
  ]
  const welcome = {
    version: 1,
    receiver: '90a1b2c3d4e54f6071829304a5b6c7d8',
    session: '1',
    last: 0,
    chain: ZEROS,
    credit: 65_776,
    pingMs: 15_000,
  }
  const receiver = [jsonFrame('WELCOME', welcome), ackFrame(2, chain.slice(0, 32), 65_776 + block.length, 0)]
  t.ok(dump('sender').equals(Buffer.concat(sender)), 'the sender')
  t.ok(dump('receiver').equals(Buffer.concat(receiver)), 'the receiver')
  t.end()
})

void test('the session, as the codec reads it', (t) => {
  const sent = messagesIn(dump('sender'), 'receiver')
  t.same(
    sent.map(({ type }) => type),
    ['hello', 'start', 'data', 'bye'],
  )
  const data = sent.find((message) => message.type === 'data')
  const block = data?.type === 'data' ? readBlock(data.head) : undefined
  if (block === undefined || data?.type !== 'data') throw new Error('the page has no block')
  t.ok(hasLines(block, data.lines))
  t.match(messagesIn(dump('receiver'), 'sender'), [
    { type: 'welcome', last: 0 },
    { type: 'ack', seq: 2, chain: block.chain.toString('hex').slice(0, 32), state: 'ok' },
  ])
  t.end()
})

void test('the table of types', (t) => {
  const rows = [...PAGE.matchAll(/^\| (\d+) \| ([A-Z]+) \| (sender|receiver|both) \| .* \| (\d+)/gm)]
  t.equal(rows.length, 13)
  for (const [, number, name = '', from, most] of rows) {
    const type = SAMPLES.find((message) => message.type === name.toLowerCase())?.type
    if (type === undefined) throw new Error(`there is no ${name}`)
    t.equal(frameHeader(type, 0)[4], Number(number), name)
    t.equal(Number(most), type === 'data' ? MAX_DATA_BYTES : MAX_CONTROL_BYTES, name)
    t.equal(isHeard('receiver', type), from !== 'receiver', `${name} by a receiver`)
    t.equal(isHeard('sender', type), from !== 'sender', `${name} by a sender`)
  }
  t.end()
})

function isHeard(side: 'sender' | 'receiver', type: MessageType): boolean {
  const reader = new MessageReader(side, MAX_DATA_BYTES)
  reader.push(frameHeader(type, 1))
  try {
    return reader.next() === undefined
  } catch {
    // WireError 'out-of-place'
    return false
  }
}

void test('the table of names', (t) => {
  const [, table = ''] = /^\| message \| name \| value \|\n([^]*?)\n\n/m.exec(PAGE) ?? []
  const rows = [...table.matchAll(/^\| ([A-Z]*) ?\| `(\w+)` \|/gm)]
  const named = new Map<string, string[]>()
  let current = ''
  for (const [, message = '', name = ''] of rows) {
    if (message !== '') current = message.toLowerCase()
    named.set(current, [...(named.get(current) ?? []), name])
  }
  for (const message of SAMPLES) {
    if (['data', 'ack', 'ping', 'pong'].includes(message.type)) continue
    const names = Object.keys(message).filter((name) => name !== 'type')
    t.same(named.get(message.type), names, message.type)
  }
  t.end()
})

void test('its codes and actions are those of the code', (t) => {
  const codes = [...PAGE.matchAll(/^\| `([a-z-]+)` \|.*\| `([a-z]+)`/gm)]
  t.equal(codes.length, 10)
  for (const [, code, action] of codes) {
    const body = JSON.stringify({ code, text: '', retryAfterMs: 0, action })
    t.match(decodeBody('error', Buffer.from(body)), { code, action })
  }
  t.match(PAGE, new RegExp(`${MAX_IGNORED_BYTES.toLocaleString('en')} bytes`))
  t.match(PAGE, new RegExp(`bytes of note, at most ${MAX_NOTE_BYTES}`))
  t.match(PAGE, new RegExp(`^\\| ${HEADER_BYTES}- \\|`, 'm'))
  t.end()
})
