import { test } from 'tap'
import { FRAME_BYTES, frameHeader, readFrameHeader } from '../../../src/remote/wire/frame.js'
import { frame } from './wire-bytes.js'

void test('a header, byte by byte', (t) => {
  const types = [
    'hello',
    'welcome',
    'probe',
    'probed',
    'start',
    'skip',
    'data',
    'ack',
    'ping',
    'pong',
    'status',
    'error',
    'bye',
  ] as const
  for (const [index, type] of types.entries()) {
    const expected = frame({ type: index + 1, length: 258 })
    t.same(frameHeader(type, 258), expected, type)
    t.same(readFrameHeader(Buffer.concat([Buffer.alloc(3), expected]), 3), { type, bodyBytes: 258 })
  }
  t.equal(FRAME_BYTES, 16)
  t.end()
})

void test('a header that is none', (t) => {
  const code = (words: Parameters<typeof frame>[0]): unknown => {
    try {
      return readFrameHeader(frame(words), 0).type
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error
    }
  }
  t.equal(code({ type: 1, magic: 'ARP2' }), 'bad-magic')
  t.equal(code({ type: 1, crc: 1 }), 'bad-header')
  t.equal(code({ type: 1, reserved: 1 }), 'bad-header')
  t.equal(code({ type: 1, flags: 1 }), 'bad-header')
  t.equal(code({ type: 1, flags: 0x81 }), 'bad-header')
  t.equal(code({ type: 1, flags: 0x80 }), 'hello', 'known, whether it may be ignored or not')
  t.equal(code({ type: 14 }), 'unknown-type')
  t.equal(code({ type: 14, flags: 0x80 }), undefined)
  t.end()
})
