// The bodies of messages. ACK, PING and PONG are as frequent as blocks and have fixed places, little endian; DATA is a block's head and
// its lines as they lie on disk; all others are JSON.
//
//     ACK   0 seq   8 chain (16)   24 credit   32 state, 33 zero        PING, PONG   0 nonce

import { claimedHeadBytes, HEADER_BYTES, MAX_BLOCK_BYTES, MAX_NOTE_BYTES } from '../../journal/block.js'
import { readCount, writeCount } from '../../journal/bytes.js'
import { Fields } from './fields.js'
import type { MessageType } from './frame.js'
import {
  ACK_CHAIN_DIGITS,
  MAX_PROBE,
  type Ack,
  type ControlMessage,
  type ErrorAction,
  type ErrorCode,
  type Hello,
  type Message,
  type PeerState,
  type Ping,
  type Pong,
} from './message.js'
import { WireError } from './wire-error.js'

export const MAX_CONTROL_BYTES = 8 * 1024
/** The longest body that a DATA can have. */
export const MAX_DATA_BYTES = HEADER_BYTES + MAX_NOTE_BYTES + MAX_BLOCK_BYTES
export const MAX_VERSIONS = 16
/** Letters of what is only for people. */
export const MAX_TEXT = 255
export const MAX_REASON = 64

const ID_DIGITS = 32
const CHAIN_DIGITS = 64
const ACK_BYTES = 36
const NONCE_BYTES = 8
const REASON = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const MAX_RETRY_MS = 24 * 3600 * 1000
const MIN_PING_MS = 100
const MAX_PING_MS = 10 * 60 * 1000

const STATES: readonly PeerState[] = ['ok', 'low', 'full', 'error', 'draining']
const ACTIONS: readonly ErrorAction[] = ['retry', 'superseded', 'upgrade', 'operator']
const CODES: readonly ErrorCode[] = [
  'superseded',
  'version',
  'protocol',
  'out-of-order',
  'bad-block',
  'wrong-node',
  'credit',
  'streams',
  'refused',
  'disk',
]

export function encodeBody(message: ControlMessage): Buffer {
  switch (message.type) {
    case 'ack':
      return encodeAck(message)
    case 'ping':
    case 'pong':
      return encodeNonce(message)
    case 'error':
      return json({ ...message, text: message.text.slice(0, MAX_TEXT) })
    case 'bye':
      return json({ ...message, reason: message.reason.slice(0, MAX_TEXT) })
    case 'hello':
    case 'welcome':
    case 'probe':
    case 'probed':
    case 'start':
    case 'skip':
    case 'status':
      return json(message)
  }
  return message satisfies never
}

/** Throws WireError for a body that the type cannot have. */
export function decodeBody(type: MessageType, body: Buffer): Message {
  switch (type) {
    case 'hello':
      return decodeHello(new Fields(body))
    case 'welcome': {
      const fields = new Fields(body)
      return {
        type,
        version: fields.count('version', 1),
        receiver: fields.hex('receiver', ID_DIGITS),
        session: fields.text('session', MAX_TEXT),
        last: fields.count('last'),
        chain: fields.hex('chain', CHAIN_DIGITS),
        credit: fields.count('credit'),
        pingMs: fields.count('pingMs', MIN_PING_MS, MAX_PING_MS),
      }
    }
    case 'probe':
      return { type, seqs: risingIn(new Fields(body).counts('seqs', MAX_PROBE, 1)) }
    case 'probed':
      return { type, chains: new Fields(body).hexesOrNull('chains', MAX_PROBE, CHAIN_DIGITS) }
    case 'start': {
      const fields = new Fields(body)
      return { type, from: fields.count('from', 1), chain: fields.hex('chain', CHAIN_DIGITS) }
    }
    case 'skip': {
      const fields = new Fields(body)
      const from = fields.count('from', 1)
      const reason = fields.text('reason', MAX_REASON)
      if (!REASON.test(reason)) throw new WireError('bad-body', 'the reason of a SKIP is none')
      return { type, from, to: fields.count('to', from), chain: fields.hex('chain', CHAIN_DIGITS), reason }
    }
    case 'data': {
      const headBytes = claimedHeadBytes(body)
      if (headBytes === undefined || headBytes > body.length)
        throw new WireError('bad-body', 'the body of a DATA does not begin with a block')
      return { type, head: body.subarray(0, headBytes), lines: body.subarray(headBytes) }
    }
    case 'ack':
      return decodeAck(body)
    case 'ping':
    case 'pong':
      return { type, nonce: decodeNonce(body) }
    case 'status':
      return { type, state: new Fields(body).oneOf('state', STATES) }
    case 'error': {
      const fields = new Fields(body)
      return {
        type,
        code: fields.oneOf('code', CODES),
        text: fields.text('text', MAX_TEXT),
        retryAfterMs: fields.count('retryAfterMs', 0, MAX_RETRY_MS),
        action: fields.oneOf('action', ACTIONS),
      }
    }
    case 'bye':
      return { type, reason: new Fields(body).text('reason', MAX_TEXT) }
  }
  return type satisfies never
}

/** The type stands in the frame. */
function json(message: Exclude<ControlMessage, Ack | Ping | Pong>): Buffer {
  return Buffer.from(JSON.stringify(message, (key, value: unknown) => (key === 'type' ? undefined : value)))
}

function decodeHello(fields: Fields): Hello {
  const from = fields.count('from', 1)
  const last = fields.count('last', from - 1)
  return {
    type: 'hello',
    versions: fields.counts('versions', MAX_VERSIONS, 1),
    stream: fields.hex('stream', ID_DIGITS),
    from,
    before: fields.hex('before', CHAIN_DIGITS),
    parent: fields.hexOrNothing('parent', ID_DIGITS),
    first: fields.count('first', 1),
    last,
    chain: fields.hex('chain', CHAIN_DIGITS),
    acked: fields.count('acked'),
    closed: fields.flag('closed'),
    instance: fields.hex('instance', ID_DIGITS),
    bootId: fields.text('bootId', MAX_TEXT),
    receiver: fields.hexOrNothing('receiver', ID_DIGITS),
    maxBlock: fields.count('maxBlock', 1, MAX_DATA_BYTES),
    agent: fields.text('agent', MAX_TEXT),
  }
}

function risingIn(seqs: readonly number[]): readonly number[] {
  if (seqs.length === 0 || seqs.some((seq, at) => at > 0 && seq <= (seqs[at - 1] ?? 0)))
    throw new WireError('bad-body', 'the seqs of a PROBE do not rise')
  return seqs
}

function encodeAck(ack: Ack): Buffer {
  const body = Buffer.allocUnsafe(ACK_BYTES)
  writeCount(body, ack.seq, 0)
  const chainBytes = body.write(ack.chain, 8, ACK_CHAIN_DIGITS / 2, 'hex')
  if (chainBytes < ACK_CHAIN_DIGITS / 2) body.fill(0, 8 + chainBytes, 24)
  writeCount(body, ack.credit, 24)
  body.writeUInt32LE(STATES.indexOf(ack.state), 32)
  return body
}

function decodeAck(body: Buffer): Ack {
  const isLong = body.length === ACK_BYTES && body.readUIntLE(33, 3) === 0
  const [seq, credit] = isLong ? [readCount(body, 0), readCount(body, 24)] : []
  const state = isLong ? STATES[body.readUInt8(32)] : undefined
  if (seq === undefined || credit === undefined || state === undefined)
    throw new WireError('bad-body', 'the body of an ACK is none')
  return { type: 'ack', seq, chain: body.toString('hex', 8, 8 + ACK_CHAIN_DIGITS / 2), credit, state }
}

function encodeNonce({ nonce }: Ping | Pong): Buffer {
  const body = Buffer.alloc(NONCE_BYTES)
  writeCount(body, nonce, 0)
  return body
}

function decodeNonce(body: Buffer): number {
  const nonce = body.length === NONCE_BYTES ? readCount(body, 0) : undefined
  if (nonce === undefined) throw new WireError('bad-body', 'the body of a PING or PONG is none')
  return nonce
}
