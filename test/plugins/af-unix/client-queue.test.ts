import { test } from 'tap'
import { ClientQueue } from '../../../plugins/af-unix/client-queue.js'
import type { ClientFormat } from '../../../plugins/af-unix/config.js'
import { firstOf, piecesOf, type Piece } from '../../../plugins/af-unix/piece.js'
import { readRecord } from '../../../src/protocol/record-fields.js'
import { batchOf, recordsOf } from './batches.js'

const MIB = 1024 * 1024

function piece(first: number, last: number): Piece {
  const [found] = piecesOf(batchOf(recordsOf(first, last)), 'string').pieces
  if (found === undefined) throw new Error('no records')
  return found
}

function serials(pieces: readonly Piece[]): number[] {
  const text = Buffer.concat(pieces.map(({ bytes }) => bytes)).toString()
  return [...text.matchAll(/:(\d+)\): /g)].map(([, serial]) => Number(serial))
}

/** Everything that waits flies and lands. */
function drain(queue: ClientQueue): { readonly serials: number[]; readonly lost: number | undefined } {
  const taken: number[] = []
  let lost: number | undefined
  for (let flight = queue.fly(); flight.length > 0; flight = queue.fly()) {
    taken.push(...serials(flight))
    lost = queue.written() ?? lost
  }
  return { serials: taken, lost }
}

void test('what does not fit is lost, newest first, until half of the room is free', (t) => {
  const queue = new ClientQueue({ records: 10, bytes: MIB }, 'string')
  t.equal(queue.take(piece(1, 4)), false)
  const flight = queue.fly()
  t.same(serials(flight), [1, 2, 3, 4])
  t.equal(queue.take(piece(5, 8)), false, 'what flies still counts')
  t.equal(queue.take(piece(9, 12)), true, 'it begins')
  t.equal(queue.take(piece(13, 14)), false, 'and is told once')
  t.match({ ...state(queue) }, { records: 10, lost: 4, isLosing: true, mostRecords: 10 })
  t.equal(queue.written(), undefined, 'six wait: more than half')
  t.equal(queue.take(piece(15, 15)), false)
  t.match(state(queue), { records: 6, lost: 5, sent: 4 })
  t.same(drain(queue), { serials: [5, 6, 7, 8, 9, 10], lost: 5 })
  t.equal(queue.take(piece(16, 17)), false)
  t.same(drain(queue), { serials: [16, 17], lost: undefined })
  t.match(state(queue), { records: 0, bytes: 0, sent: 12, lost: 5, isLosing: false })
  t.end()
})

void test('bytes are bounded as records are, and only whole records are taken', (t) => {
  const one = piece(1, 1).bytes.length
  const queue = new ClientQueue({ records: 1000, bytes: 3 * one + 5 }, 'string')
  t.equal(queue.take(piece(1, 9)), true)
  t.match(state(queue), { records: 3, bytes: 3 * one, lost: 6 })
  t.same(drain(queue), { serials: [1, 2, 3], lost: 6 })
  t.equal(queue.take(piece(1, 2)), false)
  queue.fly()
  t.equal(queue.take(piece(3, 4)), true)
  t.equal(queue.take(piece(5, 5)), false)
  t.equal(queue.written(), 2, 'one waits')
  const long = new ClientQueue({ records: 1000, bytes: 3 * one }, 'string')
  long.take(piece(1, 1))
  long.fly()
  long.take(piece(2, 4))
  t.equal(long.written(), undefined, 'two of three wait')
  t.end()
})

void test('a queue of one record works', (t) => {
  const queue = new ClientQueue({ records: 1, bytes: MIB }, 'string')
  t.equal(queue.take(piece(1, 3)), true)
  t.same(drain(queue), { serials: [1], lost: 2 })
  t.end()
})

void test('the buffer is shared, and only the part of a piece is a copy', (t) => {
  const shared = piece(1, 3)
  const [a, b] = [0, 1].map(() => new ClientQueue({ records: 4, bytes: MIB }, 'string'))
  a?.take(shared)
  b?.take(shared)
  t.ok(a?.fly()[0]?.bytes === shared.bytes && b?.fly()[0]?.bytes === shared.bytes)
  const more = piece(4, 6)
  a?.take(more)
  t.not(a?.records, undefined)
  a?.written()
  const part = a?.fly()[0]
  t.equal(part?.count, 1)
  t.not(part?.bytes.buffer, more.bytes.buffer)
  t.end()
})

void test('one write is bounded', (t) => {
  const queue = new ClientQueue({ records: 100_000, bytes: 64 * MIB }, 'string')
  for (const each of piecesOf(batchOf(recordsOf(1, 20_000, 300)), 'string').pieces) queue.take(each)
  const bytes = queue.fly().reduce((sum, each) => sum + each.bytes.length, 0)
  t.ok(bytes >= 256 * 1024 && bytes < 384 * 1024, `${bytes} bytes`)
  t.end()
})

void test('frames have a header, the exact size, and the type by name', (t) => {
  const records = [
    'type=USER_CMD msg=audit(1.000:1): pid=1',
    'node=web type=AVC msg=audit(1.000:2): avc:  denied\u001dUID="root"',
    'type=UNKNOWN[1337] msg=audit(1.000:3): x',
    'type=NONSENSE msg=audit(1.000:4): x',
  ]
  const long = 'type=USER_CMD msg=audit(1.000:5): '.padEnd(8970, 'x')
  const { pieces, tooLong } = piecesOf(batchOf([...records, `${long}y`, long]), 'binary')
  t.equal(tooLong, 1)
  t.same(
    frames(Buffer.concat(pieces.map(({ bytes }) => bytes))),
    [...records, long].map((text, at) => ({ type: [1123, 1400, 1337, 0xffffffff, 1123][at], text })),
  )
  t.end()
})

void test('the first of a piece are whole records', (t) => {
  for (const format of ['string', 'binary'] as const satisfies readonly ClientFormat[]) {
    const [whole] = piecesOf(batchOf(recordsOf(1, 5)), format).pieces
    if (whole === undefined) throw new Error('no records')
    const each = whole.bytes.length / 5
    for (let bytes = 0; bytes <= whole.bytes.length; bytes++) {
      const part = firstOf(whole, format, 4, bytes)
      t.equal(part.count, Math.min(4, Math.floor(bytes / each)))
      t.ok(part.bytes.equals(whole.bytes.subarray(0, part.count * each)))
    }
  }
  t.end()
})

function state({ records, bytes, sent, lost, isLosing, mostRecords }: ClientQueue): object {
  return { records, bytes, sent, lost, isLosing, mostRecords }
}

function frames(bytes: Buffer): { type: number; text: string }[] {
  const found = []
  for (let at = 0; at < bytes.length;) {
    const [version, header, type, size] = [0, 4, 8, 12].map((offset) => bytes.readUInt32LE(at + offset))
    if (version !== 1 || header !== 16 || size === undefined || type === undefined) throw new Error('no header')
    const text = bytes.toString('latin1', at + 16, at + 16 + size)
    if (readRecord(text) === undefined) throw new Error(text)
    found.push({ type, text })
    at += 16 + size
  }
  return found
}
