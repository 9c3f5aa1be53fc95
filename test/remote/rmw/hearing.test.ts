import { test } from 'tap'
import { Hearing, type Heard } from '../../../src/remote/rmw/hearing.js'
import { MAX_REMEMBERED, Repeats, type Mark } from '../../../src/remote/rmw/repeats.js'
import type { RmwMessage } from '../../../src/remote/rmw/message.js'

const MESSAGE = 0
const HEARTBEAT = 1

/** The line itself stands for its hash. */
function digest(line: Buffer): string {
  return line.toString('latin1')
}

function mark(sequence: number, text: string): Mark {
  return { sequence, digest: `${text}\n` }
}

function message(sequence: number, text: string, type = MESSAGE): RmwMessage {
  return { type, sequence, payload: Buffer.from(text, 'latin1') }
}

/** A connection that ends: what it brought is taken, whether the sender heard of it or not. */
function connection(repeats: Repeats, ...messages: readonly RmwMessage[]): Heard {
  const hearing = new Hearing(repeats, digest)
  const heard = hearing.hear(messages)
  repeats.remember(heard.marks)
  return heard
}

function lines({ lines: all }: Heard): string[] {
  return all.map((line) => line.toString('latin1'))
}

void test('each message is answered in its place, heartbeats too', (t) => {
  const heard = connection(new Repeats(undefined), message(2, 'a\n'), message(3, '', HEARTBEAT), message(4, 'b'))
  t.same(lines(heard), ['a\n', 'b\n'])
  t.same(heard.answers, [2, 3, 4])
  t.same(heard.marks, [mark(2, 'a'), mark(4, 'b')])
  t.equal(heard.breach, undefined)
  t.same(connection(new Repeats(undefined), message(9, 'payload of it', HEARTBEAT)).answers, [9])
  t.end()
})

void test('what means nothing is not answered, nor what comes behind it', (t) => {
  for (const type of [2, 0x42, 0x40000000, 0x40000001, 0x60000001]) {
    const heard = connection(new Repeats(undefined), message(2, 'a'), message(3, 'b', type), message(4, 'c'))
    t.same([lines(heard), heard.answers, heard.breach], [['a\n'], [2], { kind: 'unknown-type', type }])
  }
  const heard = connection(new Repeats(undefined), message(2, 'a'), message(3, '\n'), message(4, 'c'))
  t.same([lines(heard), heard.answers, heard.breach], [['a\n'], [2], { kind: 'empty' }])
  t.end()
})

void test('the record in doubt comes again on a new connection, and is known', (t) => {
  const repeats = new Repeats(undefined)
  connection(repeats, message(2, 'a'), message(3, 'b'))
  const heard = connection(repeats, message(3, 'b'), message(4, 'c'))
  t.same([lines(heard), heard.answers, heard.repeated], [['c\n'], [3, 4], 1])
  t.equal(connection(repeats, message(9, '', HEARTBEAT), message(4, 'c')).repeated, 1, 'a heartbeat changes nothing')
  t.end()
})

void test('also when only the journal knows of it', (t) => {
  t.equal(connection(new Repeats(mark(7, 'x')), message(7, 'x')).repeated, 1)
  t.equal(connection(new Repeats(mark(7, 'x')), message(7, 'y')).repeated, 0, 'other bytes')
  const restarted = connection(new Repeats(mark(7, 'x')), message(2, 'x'))
  t.same([lines(restarted), restarted.repeated, restarted.likelyRepeated], [['x\n'], 0, 1], 'another number: kept')
  t.end()
})

void test('a sender that sends ahead repeats some in a row', (t) => {
  const repeats = new Repeats(undefined)
  connection(repeats, ...[1, 2, 3, 4, 5].map((n) => message(n, `r${n}`)))
  const heard = connection(repeats, ...[3, 4, 5, 6, 7].map((n) => message(n, `r${n}`)))
  t.same([lines(heard), heard.answers, heard.repeated], [['r6\n', 'r7\n'], [3, 4, 5, 6, 7], 3])
  t.end()
})

void test('nothing is a repetition but at the beginning of a connection', (t) => {
  const repeats = new Repeats(undefined)
  t.equal(connection(repeats, message(0, 'a'), message(0, 'a')).repeated, 0, 'who never counts may say the same twice')
  const later = connection(repeats, message(1, 'new'), message(0, 'a'))
  t.same([lines(later), later.repeated, later.likelyRepeated], [['new\n', 'a\n'], 0, 0])
  const gap = connection(repeats, message(0, 'a'), message(5, 'other'), message(1, 'new'))
  t.same([lines(gap), gap.repeated], [['other\n', 'new\n'], 1], 'the row is broken')
  t.end()
})

void test('what could not be taken is not remembered', (t) => {
  const repeats = new Repeats(undefined)
  new Hearing(repeats, digest).hear([message(2, 'a')])
  t.same(lines(connection(repeats, message(2, 'a'))), ['a\n'])
  t.end()
})

void test('so many are remembered, and no more', (t) => {
  const repeats = new Repeats(undefined)
  const sent = Array.from({ length: 5 * MAX_REMEMBERED }, (_, n) => message(n, `r${n}`))
  connection(repeats, ...sent)
  const again = connection(repeats, ...sent.slice(-MAX_REMEMBERED))
  t.same([again.lines.length, again.repeated], [0, MAX_REMEMBERED])
  t.equal(connection(repeats, ...sent.slice(0, 1)).repeated, 0, 'the oldest is forgotten')
  t.end()
})
