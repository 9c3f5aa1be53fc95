// A hundred thousand damaged conversations for each reader that strangers reach. Half of the damage is to the bytes as they travel, half
// to the body of one message whose frame is made to fit, so that it gets past the header's CRC. Whatever comes,
// - nothing is thrown but the reader's own error, and what came before the damage is read as it was sent;
// - it is the same in pieces of any size;
// - no more is held than the longest message that may come, whatever a header claims;
// - of blocks none is found good but those that were sent, to the last byte.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { areLines, hasLines, readBlock } from '../../src/journal/block.js'
import { MAX_CONTROL_BYTES } from '../../src/remote/wire/body.js'
import { encode } from '../../src/remote/wire/encode.js'
import type { Message } from '../../src/remote/wire/message.js'
import { MessageReader } from '../../src/remote/wire/message-reader.js'
import { WireError } from '../../src/remote/wire/wire-error.js'
import { RmwReader } from '../../src/remote/rmw/reader.js'
import { HEADER_BYTES as RMW_HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../../src/remote/rmw/message.js'
import { damage } from '../protocol/damage.js'
import { Random } from '../protocol/random.js'
import { TO_RECEIVER, TO_SENDER } from '../remote/wire/some-messages.js'
import { frame } from '../remote/wire/wire-bytes.js'
import { sayAll } from './say.js'

const RUNS = 100_000
const FRAME_BYTES = 16
const DATA_LIMIT = 2000
/** What a frame may claim, and the bytes that come then. */
const LIES = [0, 1, 2001, 8193, 65_537, 2 ** 31, 2 ** 32 - 1]
const MORE_BYTES = 20_000
/** At least this share of the runs has to be refused, or the damage is none. */
const LEAST_REFUSED = 0.3

interface Heard {
  /** Each message as JSON, with its bytes in hex. */
  readonly messages: readonly string[]
  readonly fault: string | undefined
  readonly mostHeld: number
}

type Listen = (pieces: readonly Buffer[]) => Heard

/** A frame of the conversation and where it begins. */
interface Placed {
  readonly at: number
  readonly bytes: Buffer
}

function native(side: 'sender' | 'receiver'): Listen {
  return (pieces) => {
    const reader = new MessageReader(side, DATA_LIMIT)
    const messages: string[] = []
    let mostHeld = 0
    try {
      for (const piece of pieces) {
        reader.push(piece)
        for (let message = reader.next(); message !== undefined; message = reader.next()) {
          assert.ok(isPlain(message), 'a prototype of its own')
          messages.push(asText(message))
          if (message.type === 'data') judgeBlock(message)
        }
        mostHeld = Math.max(mostHeld, reader.heldBytes)
      }
      return { messages, fault: undefined, mostHeld }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return { messages, fault: error.code, mostHeld }
    }
  }
}

function rmw(pieces: readonly Buffer[]): Heard {
  const reader = new RmwReader()
  const messages: string[] = []
  let mostHeld = 0
  for (const piece of pieces) {
    const read = reader.push(piece)
    messages.push(...read.messages.map(asText))
    mostHeld = Math.max(mostHeld, reader.heldBytes)
    if (read.fault !== undefined) return { messages, fault: read.fault.code, mostHeld }
  }
  return { messages, fault: undefined, mostHeld }
}

const SENT_BLOCKS = TO_RECEIVER.flatMap((message) =>
  message.type === 'data' ? [Buffer.concat([message.head, message.lines])] : [],
)

/** What a collector asks of a block before it takes it. */
function judgeBlock({ head, lines }: Extract<Message, { type: 'data' }>): void {
  const block = readBlock(head)
  if (block === undefined || !hasLines(block, lines) || !areLines(lines, block.lines)) return
  // A chain that is stated and not computed is nobody's proof; which may be stated is another question.
  if (block.isStated) return
  const bytes = Buffer.concat([head, lines])
  assert.ok(
    SENT_BLOCKS.some((sent) => sent.equals(bytes)),
    'a block that nobody has sent',
  )
}

function attack(listen: Listen, frames: readonly Buffer[], most: number, seed: number, reframed: boolean): void {
  const random = new Random(seed)
  let at = 0
  const placed = frames.map((bytes): Placed => ({ at: (at += bytes.length) - bytes.length, bytes }))
  const whole = Buffer.concat(frames)
  const sent = listen([whole])
  assert.equal(sent.fault, undefined)
  assert.equal(sent.messages.length, frames.length)
  let refused = 0
  for (let run = 0; run < RUNS; run++) {
    const { bytes, from } =
      reframed && random.below(2) === 0
        ? reframe(random.oneOf(placed), whole, random)
        : damage(
            whole,
            placed.map((each) => each.at),
            random,
          )
    const heard = listen([bytes])
    const before = placed.filter((each) => each.at + each.bytes.length <= from).length
    assert.deepEqual(heard.messages.slice(0, before), sent.messages.slice(0, before), `run ${run}: what came before`)
    const inPieces = listen(cut(bytes, random))
    assert.deepEqual(
      [inPieces.messages, inPieces.fault],
      [heard.messages, heard.fault],
      `run ${run}: the same in pieces`,
    )
    assert.ok(Math.max(heard.mostHeld, inPieces.mostHeld) <= most, `run ${run}: ${inPieces.mostHeld} bytes are held`)
    if (heard.fault !== undefined) refused++
  }
  process.stdout.write(`# ${refused} of ${RUNS} were refused\n`)
  assert.ok(refused > RUNS * LEAST_REFUSED)
}

/** The body of one message is damaged, and its frame says how long it is now; or it claims more, and much comes. */
function reframe(
  { at, bytes }: Placed,
  whole: Buffer,
  random: Random,
): { readonly bytes: Buffer; readonly from: number } {
  const body = damage(bytes.subarray(FRAME_BYTES), [0], random).bytes
  const lie = random.below(4) === 0 ? { length: random.oneOf(LIES) } : {}
  const framed = frame({ type: bytes[4] ?? 0, ...lie }, body)
  const more = 'length' in lie ? Buffer.alloc(MORE_BYTES, 0x20) : whole.subarray(at + bytes.length)
  return { bytes: Buffer.concat([whole.subarray(0, at), framed, more]), from: at }
}

function cut(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  const longest = random.oneOf([3, 40, 400])
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random.below(longest))
    pieces.push(Buffer.from(bytes.subarray(at, end)))
    at = end
  }
  return pieces
}

function asText(message: object): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'data' in value && 'type' in value && value.type === 'Buffer'
      ? Buffer.from(Object(value).data).toString('hex')
      : value,
  )
}

function isPlain(message: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(message)
  return prototype === Object.prototype || prototype === null
}

function framesOf(messages: readonly Message[]): Buffer[] {
  return messages.map((message) => Buffer.concat(encode(message)))
}

/** The frames of a recorded session of auditd's protocol. */
function recorded(name: string): Buffer[] {
  const bytes = readFileSync(`test/fixtures/rmw/${name}.bin`)
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + RMW_HEADER_BYTES + bytes.readUInt16LE(at + 10)
    frames.push(bytes.subarray(at, end))
    at = end
  }
  return frames
}

const MOST_NATIVE = Math.max(MAX_CONTROL_BYTES, DATA_LIMIT)
const MOST_RMW = RMW_HEADER_BYTES + MAX_PAYLOAD_BYTES

await sayAll([
  ["a collector's reader", () => attack(native('receiver'), framesOf(TO_RECEIVER), MOST_NATIVE, 1, true)],
  ["a sender's reader", () => attack(native('sender'), framesOf(TO_SENDER), MOST_NATIVE, 2, true)],
  [
    "auditd's protocol, what a collector hears",
    () => attack(rmw, recorded('session.client-to-server'), MOST_RMW, 3, false),
  ],
  [
    "auditd's protocol, what a sender hears",
    () => attack(rmw, recorded('replies.server-to-client'), MOST_RMW, 4, false),
  ],
])
