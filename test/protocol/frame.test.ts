import t from 'tap'
import * as frame from '../../src/protocol/frame.js'
import { ProtocolError } from '../../src/protocol/protocol-error.js'
import { header } from './wire.js'

void t.test('the sizes are those of auditd', (t) => {
  t.equal(frame.HEADER_BYTES, 16)
  t.equal(frame.MAX_PAYLOAD_BYTES, 8970)
  t.equal(frame.PADDED_FRAME_BYTES, 8986)
  t.equal(frame.UNKNOWN_TYPE, 4294967295)
  t.end()
})

void t.test('a header is written in the byte order of the host, and nothing beside it', (t) => {
  for (const [version, type, size] of [
    [0, 1300, 282],
    [1, frame.UNKNOWN_TYPE, 8970],
    [1, 0, 0],
  ] as const) {
    const target = Buffer.alloc(20, 0xee)
    frame.writeHeader(target, 2, version, type, size)
    t.same(target.subarray(2, 18), header({ version, type, size }))
    t.equal(target.toString('hex').slice(0, 4) + target.toString('hex').slice(-4), 'eeeeeeee')
  }
  t.end()
})

void t.test('a payload that no reader accepts is refused', (t) => {
  const refused = (): void => frame.writeHeader(Buffer.alloc(16), 0, 0, 1300, 8971)
  t.throws(refused, { name: 'ProtocolError', code: 'frame-too-long' })
  t.throws(refused, ProtocolError)
  t.end()
})

void t.test('what makes a header impossible, the version before anything else', (t) => {
  const fault = (words: Parameters<typeof header>[0]): string | undefined =>
    frame.headerFault(frame.viewOf(header(words)), 0)
  t.equal(fault({ version: 7, headerBytes: 17, size: 0xffffffff }), 'unknown-version')
  t.equal(fault({ version: 1, headerBytes: 17, size: 0xffffffff }), 'bad-header-length')
  t.equal(fault({ size: 8971 }), 'oversize')
  t.equal(fault({ size: 8970, type: 0 }), undefined)
  t.end()
})
