import { test } from 'tap'
import { Outgoing } from '../../../plugins/remote-send/outgoing.js'
import type { Link } from '../../../src/remote/ports.js'
import { Random } from '../../protocol/random.js'

function linkInto(writes: Uint8Array[][]): Link {
  const write = (chunks: readonly Uint8Array[]): boolean => {
    writes.push([...chunks])
    return true
  }
  return { write, pause: () => {}, resume: () => {}, end: () => {}, destroy: () => {} }
}

void test('one write a turn: short pieces are copied together, long ones not at all, all in order', (t) => {
  const random = new Random(4)
  const writes: Uint8Array[][] = []
  const outgoing = new Outgoing()
  const pieces = Array.from({ length: 500 }, () => random.bytes(random.oneOf([0, 1, 16, 144, 4095, 4096, 70_000])))
  for (const piece of pieces) outgoing.add([piece])
  outgoing.writeTo(linkInto(writes))
  outgoing.writeTo(linkInto(writes))
  t.equal(writes.length, 1)
  const [chunks = []] = writes
  t.ok(Buffer.concat(chunks).equals(Buffer.concat(pieces)))
  t.ok(chunks.length < 400 && chunks.every(({ length }) => length > 0))
  t.equal(
    chunks.filter((chunk) => pieces.some((piece) => piece === chunk && piece.length === 70_000)).length,
    pieces.filter(({ length }) => length === 70_000).length,
  )
  t.end()
})

void test('what was for a connection that is gone is forgotten', (t) => {
  const writes: Uint8Array[][] = []
  const outgoing = new Outgoing()
  outgoing.add([Buffer.alloc(10), Buffer.alloc(10_000)])
  outgoing.forget()
  outgoing.writeTo(linkInto(writes))
  t.same(writes, [])
  t.end()
})
