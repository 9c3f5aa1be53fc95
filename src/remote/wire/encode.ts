import { encodeBody } from './body.js'
import { frameHeader } from './frame.js'
import type { Message } from './message.js'

/** The bytes of a message, in pieces; those of a block are not copied. */
export function encode(message: Message): Buffer[] {
  if (message.type === 'data') {
    const { head, lines } = message
    return [frameHeader('data', head.length + lines.length), head, lines]
  }
  const body = encodeBody(message)
  return [Buffer.concat([frameHeader(message.type, body.length), body])]
}
