// A message bus that knows one service, with a reader and a writer of its own: what goes over the wire is not made by the code
// under test.

import { createServer, type Server, type Socket } from 'node:net'

const RETURN = 2
const ERROR = 3
const HEAD_BYTES = 16

export interface Call {
  readonly member: string
  readonly destination: string
  readonly path: string
  readonly iface: string
  readonly argument: string | undefined
}

/** What the service makes of a call: an answer, one behind what is none, an error by its name, silence, or the end of the connection. */
export type Reaction = 'done' | 'confused' | 'silence' | 'hang-up' | { readonly error: string }

export class PlayBus {
  readonly calls: Call[] = []
  /** The lines of the greetings. */
  readonly greetings: string[] = []
  readonly #react: (call: Call, nth: number) => Reaction
  readonly #sockets = new Set<Socket>()
  readonly #bigEndian: boolean
  #server: Server | undefined

  constructor(react: (call: Call, nth: number) => Reaction, bigEndian = false) {
    this.#react = react
    this.#bigEndian = bigEndian
  }

  async listen(path: string): Promise<this> {
    const server = createServer((socket) => {
      this.#serve(socket)
    })
    this.#server = server
    await new Promise<void>((listening) => server.listen(path, listening))
    return this
  }

  /** As when the bus is stopped: nobody listens, and all connections end. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((closed) => this.#server?.close(closed))
  }

  /** The arguments of the calls of `avc`. */
  get events(): string[] {
    return this.calls.filter(({ member }) => member === 'avc').map(({ argument = '' }) => argument)
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    let held = Buffer.alloc(0)
    let isGreeted = false
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (!isGreeted && held.includes('\r\n')) {
        const line = held.toString('latin1', 0, held.indexOf('\r\n'))
        held = held.subarray(line.length + 2)
        this.greetings.push(line)
        isGreeted = line === 'BEGIN'
        if (!isGreeted) socket.write('OK 0123456789abcdef0123456789abcdef\r\n')
      }
      if (!isGreeted) return
      while (held.length >= HEAD_BYTES && held.length >= lengthOf(held)) {
        this.#answer(socket, held.subarray(0, lengthOf(held)))
        held = held.subarray(lengthOf(held))
      }
    })
  }

  #answer(socket: Socket, message: Buffer): void {
    const serial = message.readUInt32LE(8)
    const call = callOf(message)
    if (call.member === 'Hello') {
      socket.write(this.#message(RETURN, serial, [], ':1.7'))
      // The bus tells whoever says Hello of the name that it has got.
      socket.write(this.#message(4, 0, [[3, 's', 'NameAcquired']], ':1.7'))
      return
    }
    this.calls.push(call)
    const reaction = this.#react(call, this.calls.length)
    if (reaction === 'confused') {
      socket.write(this.#message(ERROR, serial + 7, [[4, 's', 'not.about.this']], 'an answer to nothing'))
      socket.write(this.#message(RETURN, serial, [], 'AVC'))
    } else if (reaction === 'done') socket.write(this.#message(RETURN, serial, [], 'AVC'))
    else if (reaction === 'hang-up') socket.destroy()
    else if (reaction !== 'silence')
      socket.write(this.#message(ERROR, serial, [[4, 's', reaction.error]], 'what happened'))
  }

  #message(type: number, reply: number, more: readonly (readonly [number, string, string])[], body: string): Buffer {
    const word = (n: number): number[] => {
      const bytes = [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255]
      return this.#bigEndian ? bytes.toReversed() : bytes
    }
    const text = (value: string): number[] => [...word(value.length), ...Buffer.from(value), 0]
    const fields: number[] = []
    const add = (code: number, kind: string, value: number[]): void => {
      while (fields.length % 8 !== 0) fields.push(0)
      fields.push(code, 1, kind.charCodeAt(0), 0, ...value)
    }
    if (reply > 0) add(5, 'u', word(reply))
    for (const [code, kind, value] of more) add(code, kind, text(value))
    add(8, 'g', [1, 's'.charCodeAt(0), 0])
    const argument = text(body)
    const order = (this.#bigEndian ? 'B' : 'l').charCodeAt(0)
    const head = [order, type, 1, 1, ...word(argument.length), ...word(99), ...word(fields.length), ...fields]
    while (head.length % 8 !== 0) head.push(0)
    return Buffer.from([...head, ...argument])
  }
}

function lengthOf(bytes: Buffer): number {
  return HEAD_BYTES + Math.ceil(bytes.readUInt32LE(12) / 8) * 8 + bytes.readUInt32LE(4)
}

/** Reads a message as the specification lays it out: each field begins at a multiple of 8. */
function callOf(message: Buffer): Call {
  const fields = new Map<number, string>()
  const end = HEAD_BYTES + message.readUInt32LE(12)
  let at = HEAD_BYTES
  while (at < end) {
    at = Math.ceil(at / 8) * 8
    const [code = 0, one, kind = 0] = message.subarray(at, at + 4)
    if (one !== 1) throw new Error('a type of more than one letter')
    const isSignature = String.fromCharCode(kind) === 'g'
    const from = at + (isSignature ? 5 : 8)
    const length = isSignature ? (message[at + 4] ?? 0) : message.readUInt32LE(at + 4)
    if (message[from + length] !== 0) throw new Error('a string without its NUL')
    fields.set(code, message.toString('utf8', from, from + length))
    at = from + length + 1
  }
  const bodyAt = Math.ceil(end / 8) * 8
  const hasArgument = fields.get(8) === 's'
  if (hasArgument && message.readUInt32LE(bodyAt) !== message.length - bodyAt - 5) throw new Error('a wrong body')
  return {
    path: fields.get(1) ?? '',
    iface: fields.get(2) ?? '',
    member: fields.get(3) ?? '',
    destination: fields.get(6) ?? '',
    argument: hasArgument ? message.toString('utf8', bodyAt + 4, message.length - 1) : undefined,
  }
}
