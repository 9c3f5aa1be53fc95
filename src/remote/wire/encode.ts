import { encodeBody } from './body.js'
import { FRAME_BYTES, frameHeader, writeFrameHeader } from './frame.js'
import type { Message } from './message.js'

/** The bytes of a message, in pieces; those of a block are not copied. */
export function encode(message: Message): Buffer[] {
  if (message.type === 'data') {
    const { head, lines } = message
    return [frameHeader('data', head.length + lines.length), head, lines]
  }
  const body = encodeBody(message)
  const frame = writeFrameHeader(Buffer.allocUnsafe(FRAME_BYTES + body.length), message.type, body.length)
  body.copy(frame, FRAME_BYTES)
  return [frame]
}
