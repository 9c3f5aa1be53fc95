// Messages of D-Bus, as far as one method with at most one string is called: the call, and what comes back.
//
// A message is a fixed head of 16 bytes (byte order, type, flags, version, body's length, serial, fields' length), an array
// of fields, each a code and a value that says its own type, padding to 8 bytes, and the body.

const HEAD_BYTES = 16
const LITTLE = 0x6c
const BIG = 0x42
const VERSION = 1
const METHOD_CALL = 1
const METHOD_RETURN = 2
const ERROR = 3
/** What the bus says to us is short; the longest is the text of an error. */
export const MAX_MESSAGE_BYTES = 1024 * 1024

const PATH = 1
const INTERFACE = 2
const MEMBER = 3
const ERROR_NAME = 4
const REPLY_SERIAL = 5
const DESTINATION = 6
const SIGNATURE = 8

/** What is called. */
export interface Method {
  readonly destination: string
  readonly path: string
  readonly iface: string
  readonly member: string
}

/** What came: an answer to a call, or something that nobody asked for. */
export type Message =
  | { readonly kind: 'return'; readonly serial: number }
  | { readonly kind: 'error'; readonly serial: number; readonly name: string; readonly text: string }
  | { readonly kind: 'other' }

/** These bytes are no D-Bus. */
export class BusFault extends Error {}

/** A call; `argument` is UTF-8 without NULs. */
export function encodeCall(serial: number, method: Method, argument: Buffer | undefined): Buffer {
  const fields = [
    field(PATH, 'o', method.path),
    field(INTERFACE, 's', method.iface),
    field(MEMBER, 's', method.member),
    field(DESTINATION, 's', method.destination),
    ...(argument === undefined ? [] : [field(SIGNATURE, 'g', 's')]),
  ]
  // Every element of an array of structures begins at a multiple of 8; what comes last is not padded.
  const array = Buffer.concat([...fields.slice(0, -1).map(padded), ...fields.slice(-1)])
  const body = argument === undefined ? Buffer.alloc(0) : string(argument)
  const head = Buffer.from([LITTLE, METHOD_CALL, 0, VERSION, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32LE(body.length, 4)
  head.writeUInt32LE(serial, 8)
  head.writeUInt32LE(array.length, 12)
  return Buffer.concat([padded(Buffer.concat([head, array])), body])
}

/** How long the message is that begins the bytes; undefined if too few have come to tell. Throws a BusFault. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEAD_BYTES) return undefined
  if ((bytes[0] !== LITTLE && bytes[0] !== BIG) || bytes[3] !== VERSION) throw new BusFault('no message of D-Bus')
  const length = HEAD_BYTES + roundUp(word(bytes, 12), 8) + word(bytes, 4)
  if (length > MAX_MESSAGE_BYTES) throw new BusFault(`a message of ${length} bytes`)
  return length
}

/** A whole message. Throws a BusFault. */
export function readMessage(bytes: Buffer): Message {
  const type = bytes[1]
  const bodyAt = HEAD_BYTES + roundUp(word(bytes, 12), 8)
  const fields = readFields(bytes, HEAD_BYTES + word(bytes, 12))
  const serial = Number(fields.get(REPLY_SERIAL) ?? 0)
  if (type === METHOD_RETURN) return { kind: 'return', serial }
  if (type !== ERROR) return { kind: 'other' }
  const hasText = fields.get(SIGNATURE)?.startsWith('s') === true
  const text = hasText ? readString(bytes, bodyAt).text : ''
  return { kind: 'error', serial, name: fields.get(ERROR_NAME) ?? '', text }
}

/** The values of the fields as text. */
function readFields(bytes: Buffer, end: number): ReadonlyMap<number, string> {
  const fields = new Map<number, string>()
  for (let at = HEAD_BYTES; at < end; at = roundUp(at, 8)) {
    const code = byte(bytes, at)
    if (byte(bytes, at + 1) !== 1) throw new BusFault('a field of another type')
    const type = String.fromCharCode(byte(bytes, at + 2))
    const valueAt = at + 4
    if (type === 'u') {
      fields.set(code, String(word(bytes, valueAt)))
      at = valueAt + 4
    } else if (type === 'g') {
      const length = byte(bytes, valueAt)
      fields.set(code, bytes.toString('latin1', valueAt + 1, valueAt + 1 + length))
      at = valueAt + 1 + length + 1
    } else if (type === 's' || type === 'o') {
      const { text, end: next } = readString(bytes, valueAt)
      fields.set(code, text)
      at = next
    } else {
      throw new BusFault('a field of another type')
    }
  }
  return fields
}

function readString(bytes: Buffer, at: number): { readonly text: string; readonly end: number } {
  const end = at + 4 + word(bytes, at)
  if (end >= bytes.length) throw new BusFault('a string that goes beyond its message')
  return { text: bytes.toString('utf8', at + 4, end), end: end + 1 }
}

function word(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw new BusFault('a message that ends too early')
  return bytes[0] === LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
}

function byte(bytes: Buffer, at: number): number {
  const found = bytes[at]
  if (found === undefined) throw new BusFault('a message that ends too early')
  return found
}

/** A code, the type of the value, and the value, which needs no padding behind these four bytes. */
function field(code: number, type: 's' | 'o' | 'g', text: string): Buffer {
  const value = type === 'g' ? Buffer.from(`${String.fromCharCode(text.length)}${text}\0`) : string(Buffer.from(text))
  return Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), value])
}

function string(text: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + text.length + 1)
  bytes.writeUInt32LE(text.length)
  text.copy(bytes, 4)
  return bytes
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(roundUp(bytes.length, 8) - bytes.length)])
}

function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step
}
