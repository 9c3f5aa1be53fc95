import t from 'tap'
import { ProtocolError } from '../../src/protocol/protocol-error.js'

void t.test('it carries a code for callers, a text for people, and what caused it', (t) => {
  const cause = new RangeError('too far')
  const error = new ProtocolError('frame-too-long', 'a frame cannot hold 9000 bytes', { cause })
  t.ok(error instanceof Error)
  t.match(error, { name: 'ProtocolError', code: 'frame-too-long', message: 'a frame cannot hold 9000 bytes', cause })
  t.end()
})
