import { test } from 'tap'
import { initialSender, senderDeadline, stepSender, type SenderState } from '../../src/remote/sender-core.js'
import type { SenderEffect, SenderInput } from '../../src/remote/sender-input.js'
import { MAX_SENT } from '../../src/remote/sender-stream.js'
import type { ControlMessage, Failure } from '../../src/remote/wire/message.js'
import { ack, blocks, chain, OPTIONS, point, said, SenderWorld, spool, welcome } from './sender-world.js'

const CLOSE: SenderEffect['kind'] = 'close'

function kinds(effects: readonly SenderEffect[]): readonly string[] {
  return effects.map((effect) => (effect.kind === 'send' ? effect.message.type : effect.kind))
}

function failure(change: Partial<Failure>): Failure {
  return { type: 'error', code: 'refused', text: 'why', retryAfterMs: 0, action: 'retry', ...change }
}

void test('from nothing to acknowledged', (t) => {
  const world = new SenderWorld({ last: 3 })
  t.equal(world.deadline, 0)
  t.same(world.give({ kind: 'time' }), [{ kind: 'connect', server: 0 }])
  t.same(said(world.give({ kind: 'connected' })), [
    {
      type: 'hello',
      versions: [1],
      stream: 's1',
      from: 1,
      before: 'start',
      parent: '',
      first: 1,
      last: 3,
      chain: chain(3),
      acked: 0,
      closed: false,
      instance: 'i',
      bootId: 'b',
      receiver: '',
      maxBlock: 1000,
      agent: 'a',
    },
  ])
  t.same(world.hear(welcome(0)), [
    { kind: 'send', message: { type: 'start', from: 1, chain: 'start' } },
    { kind: 'read', from: 1 },
  ])
  t.same(world.give({ kind: 'blocks', blocks: blocks(1, 3) }), [{ kind: 'send-blocks', count: 3 }])
  t.same(world.hear(ack(2)), [{ kind: 'acked', point: point(2) }])
  t.same(world.hear(ack(2)), [], 'credit alone')
  t.same(world.hear(ack(3)), [{ kind: 'acked', point: point(3) }])
  t.same(world.give({ kind: 'durable' }), [], 'nothing more')
  world.spool = spool({ last: 4 })
  t.same(world.give({ kind: 'durable' }), [{ kind: 'read', from: 4 }])
  t.same(world.give({ kind: 'durable' }), [], 'one read at a time')
  t.end()
})

void test('only what is durable is sent, and only as a whole', (t) => {
  const world = new SenderWorld({ last: 3 })
  world.stream()
  t.same(world.give({ kind: 'blocks', blocks: blocks(1, 5) }), [{ kind: 'send-blocks', count: 3 }])
  const apart = new SenderWorld({ last: 9 })
  apart.stream()
  t.same(apart.give({ kind: 'blocks', blocks: blocks(2, 3) }), [], 'what was not asked for')
  t.same(apart.give({ kind: 'blocks', blocks: [] }), [])
  const gap = [...blocks(1, 2), ...blocks(4, 5)]
  t.same(kinds(apart.give({ kind: 'blocks', blocks: gap })), ['send-blocks', 'read'])
  t.same(apart.give({ kind: 'blocks', blocks: blocks(3, 3) })[0], { kind: 'send-blocks', count: 1 })
  t.end()
})

void test('credit and window', (t) => {
  const world = new SenderWorld()
  world.stream(0, 250)
  t.same(world.give({ kind: 'blocks', blocks: blocks(1, 4) }), [{ kind: 'send-blocks', count: 2 }], 'no more is read')
  t.same(world.hear(ack(0, { credit: 299 })), [])
  t.same(world.hear(ack(0, { credit: 300 })), [{ kind: 'read', from: 3 }])
  world.give({ kind: 'blocks', blocks: blocks(3, 3) })
  t.same(world.hear(ack(3, { credit: 10 })), [{ kind: 'acked', point: point(3) }], 'credit can be recalled')
  const wide = new SenderWorld({ last: 100 })
  wide.stream()
  t.same(wide.give({ kind: 'blocks', blocks: blocks(1, 30) }), [{ kind: 'send-blocks', count: 10 }], 'the window')
  t.same(wide.hear(ack(1)), [
    { kind: 'acked', point: point(1) },
    { kind: 'read', from: 11 },
  ])
  t.same(wide.give({ kind: 'blocks', blocks: blocks(11, 30) }), [{ kind: 'send-blocks', count: 1 }])
  const big = new SenderWorld()
  big.stream()
  t.same(big.give({ kind: 'blocks', blocks: blocks(1, 2, 5000) }), [{ kind: 'send-blocks', count: 1 }], 'alone')
  const none = new SenderWorld()
  t.same(kinds(none.stream(0, 0)), ['start'])
  t.same(none.hear(ack(0, { credit: 1 })), [{ kind: 'read', from: 1 }])
  const small = new SenderWorld({ last: 2 * MAX_SENT })
  small.stream()
  t.same(small.give({ kind: 'blocks', blocks: blocks(1, MAX_SENT + 5, 0) }), [{ kind: 'send-blocks', count: MAX_SENT }])
  t.end()
})

void test('an ACK that fits nothing', (t) => {
  for (const wrong of [ack(11), ack(3), ack(2, { chain: chain(2, 'theirs') }), ack(0, { chain: 'other' })]) {
    const world = new SenderWorld()
    world.stream()
    world.give({ kind: 'blocks', blocks: blocks(1, 2) })
    t.same(kinds(world.hear(wrong)), ['alarm', 'error', CLOSE], `${wrong.seq} ${wrong.chain}`)
    t.same(world.state.acked, point(0))
  }
  const early = new SenderWorld()
  early.connect()
  t.same(kinds(early.hear(ack(0))), ['alarm', 'error', CLOSE], 'before anything is agreed')
  const comparing = new SenderWorld({ last: 10 }, 10)
  comparing.connect()
  comparing.hear(welcome(5, { credit: 0 }))
  t.same(comparing.hear(ack(5, { credit: 500 })), [], 'while its WELCOME is compared it tells of credit alone')
  t.same(comparing.state.acked, point(10))
  t.same(kinds(comparing.give({ kind: 'chain', seq: 5, chain: chain(5) })), ['alarm', 'acked', 'start', 'read'])
  t.end()
})

void test('a receiver that has lost what it had', (t) => {
  const world = new SenderWorld({ last: 10 }, 8)
  world.connect()
  t.same(world.hear(welcome(4)), [{ kind: 'look-up', seq: 4 }])
  t.same(world.give({ kind: 'chain', seq: 3, chain: 'late' }), [], 'the answer to something else')
  t.same(world.give({ kind: 'chain', seq: 4, chain: chain(4) }), [
    { kind: 'alarm', alarm: { what: 'receiver-regress', acked: 8, last: 4, receiver: 'r' } },
    { kind: 'acked', point: point(4) },
    { kind: 'send', message: { type: 'start', from: 5, chain: chain(4) } },
    { kind: 'read', from: 5 },
  ])
  const freed = new SenderWorld({ last: 10, first: 7 }, 8)
  freed.connect()
  t.same(kinds(freed.hear(welcome(4, { chain: 'unknown by now' }))), ['alarm', 'acked', 'start', 'read'])
  const missing = { kind: 'missing', from: 5, to: 6, chain: chain(6), reason: 'freed' } as const
  t.same(freed.give({ ...missing, from: 6 }), [], 'not what is next')
  t.same(freed.give(missing), [
    { kind: 'alarm', alarm: { what: 'hole', stream: 's1', from: 5, to: 6, reason: 'freed' } },
    { kind: 'send', message: { type: 'skip', from: 5, to: 6, chain: chain(6), reason: 'freed' } },
    { kind: 'read', from: 7 },
  ])
  t.same(kinds(freed.hear(ack(6))), ['acked'])
  t.same(freed.give({ ...missing, from: 7, to: 6 }), [], 'missing, but nothing')
  t.end()
})

void test('freed while it was looked up', (t) => {
  const world = new SenderWorld({ last: 10 }, 8)
  world.connect()
  world.hear(welcome(4))
  world.spool = spool({ last: 10, first: 7 })
  t.same(kinds(world.give({ kind: 'chain', seq: 4, chain: undefined })), ['alarm', 'acked', 'start', 'read'])
  t.end()
})

void test('closed streams are compared at each handshake, oldest first', (t) => {
  const world = new SenderWorld({ last: 9, from: [1, 4, 7] }, 9)
  t.match(said(world.connect()), [{ stream: 's1', from: 1, last: 3, acked: 3, closed: true, parent: '' }])
  t.match(said(world.hear(welcome(3))), [{ stream: 's2', from: 4, last: 6, acked: 6, parent: 's1', before: chain(3) }])
  t.same(world.hear(ack(3)), [], 'credit for the one before')
  t.same(said(world.hear(welcome(8))), [{ type: 'probe', seqs: [6] }], 'the receiver has more of it')
  t.match(said(world.hear({ type: 'probed', chains: [chain(6)] })), [{ stream: 's3', closed: false }])
  t.same(world.hear(ack(8)), [], 'credit, with what the receiver has of the one before')
  t.same(world.state.acked, point(9), 'still')
  t.same(kinds(world.hear(welcome(9))), ['start'])
  t.end()
})

void test('a closed stream whose end the receiver has lost', (t) => {
  const world = new SenderWorld({ last: 9, from: [1, 6] }, 9)
  world.connect()
  world.hear(welcome(3))
  t.same(kinds(world.give({ kind: 'chain', seq: 3, chain: chain(3) })), ['alarm', 'acked', 'start', 'read'])
  t.same(
    world.give({ kind: 'blocks', blocks: blocks(4, 9) }),
    [{ kind: 'send-blocks', count: 2 }],
    'not beyond its end',
  )
  t.same(kinds(world.hear(ack(4))), ['acked'])
  t.same(kinds(world.hear(ack(5))), ['acked', 'hello'])
  t.same(kinds(world.hear(welcome(5))), ['start', 'read'])
  t.same(world.state.acked, point(5))
  const freed = new SenderWorld({ last: 9, first: 8, from: [1, 6] }, 9)
  freed.connect()
  freed.hear(welcome(3))
  const missing = { kind: 'missing', from: 4, to: 7, chain: chain(7), reason: 'freed' } as const
  t.match(said(freed.give(missing)), [{ type: 'skip', from: 4, to: 5, chain: chain(5) }], "the rest is the next one's")
  t.same(kinds(freed.hear(ack(5))), ['acked', 'hello'])
  t.end()
})

void test('where the borders are', (t) => {
  const kindsAfter = (shape: Parameters<typeof spool>[0], message: ControlMessage): readonly string[] => {
    const world = new SenderWorld(shape, 10)
    world.connect()
    return kinds(world.hear(message))
  }
  t.same(kindsAfter({ first: 7 }, welcome(6)), ['look-up'], 'the end of what is freed can be compared')
  t.same(kindsAfter({ first: 8 }, welcome(6)).at(-1), 'read', 'what lies before it cannot')
  t.same(kindsAfter({ last: 5 }, welcome(1, { chain: 'theirs' })), ['look-up'])
  const first = new SenderWorld({ last: 5 }, 5)
  first.connect()
  first.hear(welcome(1, { chain: 'theirs' }))
  t.match(first.give({ kind: 'chain', seq: 1, chain: chain(1) }).at(-1), { kind: 'fork', fromSeq: 1 }, 'the very first')
  const border = new SenderWorld({ first: 7 }, 10)
  border.connect()
  border.hear(welcome(6, { chain: 'theirs' }))
  t.match(border.give({ kind: 'chain', seq: 6, chain: undefined }).at(-1), { kind: 'fork', fromSeq: 1 }, 'not believed')
  const one = new SenderWorld({ first: 2 }, 10)
  one.connect()
  t.same(one.hear(welcome(12)), [{ kind: 'look-up', seq: 1 }], 'one is freed')
  t.same(one.give({ kind: 'chain', seq: 9, chain: 'of something else' }), [])
  t.same(kinds(one.give({ kind: 'chain', seq: 1, chain: chain(1) })), ['sample'])
  t.end()
})

void test('the last block of a closed stream is sent too', (t) => {
  const world = new SenderWorld({ last: 9, from: [1, 6] }, 0)
  world.stream(0, 400)
  world.give({ kind: 'blocks', blocks: blocks(1, 5) })
  t.same(kinds(world.hear(ack(4))), ['acked', 'read'])
  world.give({ kind: 'blocks', blocks: blocks(5, 5) })
  t.same(kinds(world.hear(ack(5))), ['acked', 'hello'])
  t.end()
})

void test('one seq is missing, and it is the last', (t) => {
  const world = new SenderWorld({ last: 5, first: 6 }, 0)
  world.stream(4)
  const missing = { kind: 'missing', from: 5, to: 5, chain: chain(5), reason: 'damaged' } as const
  t.match(said(world.give(missing)), [{ type: 'skip', from: 5, to: 5, chain: chain(5), reason: 'damaged' }])
  t.end()
})

void test('a chain that was never known is learnt', (t) => {
  const world = new SenderWorld({ last: 5 })
  world.state = initialSender({ seq: 5, chain: 'lost' })
  t.same(world.stream(5)[0], { kind: 'acked', point: point(5) })
  t.end()
})

/** Answers a search from what a receiver has: ours up to `common`, and a stranger's from there on. */
function search(
  world: SenderWorld,
  effects: readonly SenderEffect[],
  common: number,
  gone = 0,
): readonly SenderEffect[] {
  let rounds = 0
  for (let now = effects; ; rounds++) {
    const [effect] = now
    if (effect?.kind === 'look-up') now = world.give({ kind: 'chain', seq: effect.seq, chain: chain(effect.seq) })
    else if (effect?.kind === 'sample') {
      const { above, to, count } = effect
      const step = Math.ceil((to - above) / count)
      const seqs = Array.from({ length: Math.ceil((to - above) / step) }, (_, at) => to - at * step).toReversed()
      now = world.give({ kind: 'samples', above, to, points: seqs.map(point) })
    } else if (effect?.kind === 'send' && effect.message.type === 'probe') {
      const { seqs } = effect.message
      const known = (seq: number): string | null => (seq <= common ? chain(seq) : chain(seq, 'theirs'))
      now = world.hear({ type: 'probed', chains: seqs.map((seq) => (seq <= gone ? null : known(seq))) })
    } else return now
    if (rounds > 20) throw new Error('it goes on for ever')
  }
}

void test('where chains differ, the rest is forked', (t) => {
  for (const common of [0, 1, 63, 64, 500, 4095, 9998, 9999]) {
    const world = new SenderWorld({ last: 10_000 }, 0)
    world.connect()
    const effects = search(world, world.hear(welcome(10_000, { chain: 'theirs' })), common)
    t.same(effects, [
      { kind: 'alarm', alarm: { what: 'fork', stream: 's1', fromSeq: common + 1, last: 10_000 } },
      { kind: 'send', message: { type: 'bye', reason: 'the rest goes on under a new stream id' } },
      { kind: 'close', why: 'the stream is forked' },
      { kind: 'fork', fromSeq: common + 1, before: chain(common) },
    ])
    t.equal(world.phase, 'forking')
  }
  t.end()
})

void test('a receiver that is ahead, as its sender was rolled back', (t) => {
  const all = new SenderWorld({ last: 10 }, 10)
  all.connect()
  t.match(search(all, all.hear(welcome(12)), 10).at(-1), { kind: 'fork', fromSeq: 11, before: chain(10) })
  const nothing = new SenderWorld({ last: 0 }, 0)
  nothing.connect()
  t.match(nothing.hear(welcome(12)).at(-1), { kind: 'fork', fromSeq: 1, before: 'start' })
  const freed = new SenderWorld({ last: 10, first: 11 }, 10)
  freed.connect()
  t.match(search(freed, freed.hear(welcome(12)), 10).at(-1), { kind: 'fork', fromSeq: 11 })
  const strange = new SenderWorld({ last: 10, first: 11 }, 10)
  strange.connect()
  t.match(
    search(strange, strange.hear(welcome(12)), 9).at(-1),
    { kind: 'fork', fromSeq: 1 },
    'even what is freed is not there',
  )
  t.end()
})

void test('a search behind what is freed', (t) => {
  const world = new SenderWorld({ last: 100, first: 41 }, 60)
  world.connect()
  const effects = world.hear(welcome(80, { chain: 'theirs' }))
  t.same(effects, [{ kind: 'look-up', seq: 80 }])
  t.same(
    world.give({ kind: 'chain', seq: 80, chain: undefined }),
    [{ kind: 'look-up', seq: 40 }],
    'no block ends there',
  )
  t.match(search(world, [{ kind: 'look-up', seq: 40 }], 57).at(-1), { kind: 'fork', fromSeq: 58 })
  const purged = new SenderWorld({ last: 100, first: 41 }, 60)
  purged.connect()
  purged.hear(welcome(100, { chain: 'theirs' }))
  t.match(
    search(purged, [{ kind: 'look-up', seq: 40 }], 57, 50).at(-1),
    { fromSeq: 58 },
    'gone there is no proof against it',
  )
  const dead = new SenderWorld({ last: 100, first: 101 }, 100)
  dead.connect()
  t.match(
    dead.hear(welcome(100, { chain: 'theirs' })).at(-1),
    { kind: 'fork', fromSeq: 1 },
    'all freed, and not known there',
  )
  const unknown = new SenderWorld({ last: 100, first: 41 }, 60)
  unknown.connect()
  unknown.hear(welcome(100, { chain: 'theirs' }))
  t.same(unknown.give({ kind: 'chain', seq: 40, chain: undefined }), [{ kind: 'sample', above: 0, to: 99, count: 63 }])
  t.end()
})

void test('a stream that the spool has no more', (t) => {
  const waiting: readonly SenderInput[] = [
    { kind: 'message', message: welcome(80, { chain: 'theirs' }) },
    { kind: 'chain', seq: 80, chain: 'other' },
    { kind: 'chain', seq: 40, chain: chain(40) },
    { kind: 'samples', above: 40, to: 79, points: [point(50)] },
    { kind: 'message', message: { type: 'probed', chains: [chain(40), null] } },
  ]
  for (const gone of waiting.keys()) {
    const world = new SenderWorld({ last: 100, first: 41 }, 60)
    world.connect()
    for (const input of waiting.slice(0, gone)) world.give(input)
    world.spool = { ...spool({ last: 100 }), timelines: [{ stream: 'another', from: 1, before: 'start' }] }
    const input = waiting[gone]
    t.same(
      input === undefined ? [] : world.give(input),
      [{ kind: 'close', why: 'the stream is gone' }],
      `input ${gone}`,
    )
  }
  t.end()
})

void test('a closed stream of which the receiver has more and other', (t) => {
  const world = new SenderWorld({ last: 9, from: [1, 6] }, 9)
  world.connect()
  world.hear(welcome(7))
  t.match(search(world, world.hear({ type: 'probed', chains: ['theirs'] }), 2).at(-1), { kind: 'fork', fromSeq: 3 })
  const half = new SenderWorld({ last: 9, first: 5, from: [1, 6] }, 9)
  half.connect()
  half.hear(welcome(7))
  t.same(kinds(half.hear({ type: 'probed', chains: [null] })), ['look-up'], 'its last seq is still here')
  const gone = new SenderWorld({ last: 9, first: 7, from: [1, 6] }, 9)
  gone.connect()
  gone.hear(welcome(7))
  t.same(kinds(gone.hear({ type: 'probed', chains: [null] })), ['hello'], 'freed here and gone there')
  const retained = new SenderWorld({ last: 9, from: [1, 6] }, 9)
  retained.connect()
  retained.hear(welcome(7))
  t.same(kinds(retained.hear({ type: 'probed', chains: [null] })), ['sample'], 'it cannot be shown to be there')
  const odd = new SenderWorld({ last: 9, from: [1, 6] }, 9)
  odd.connect()
  odd.hear(welcome(7))
  t.same(kinds(odd.hear({ type: 'probed', chains: [] })), ['alarm', 'error', CLOSE])
  const more = new SenderWorld({ last: 9, from: [1, 6] }, 9)
  more.connect()
  more.hear(welcome(7))
  t.same(kinds(more.hear({ type: 'probed', chains: [chain(5), null] })), ['alarm', 'error', CLOSE])
  t.end()
})

void test('answers that are late or odd do not steer a search', (t) => {
  const world = new SenderWorld({ last: 100 }, 0)
  world.connect()
  world.hear(welcome(100, { chain: 'theirs' }))
  t.same(world.give({ kind: 'samples', above: 0, to: 50, points: [] }), [])
  t.same(world.give({ kind: 'samples', above: 1, to: 99, points: [] }), [])
  t.match(world.give({ kind: 'samples', above: 0, to: 99, points: [] }).at(-1), { kind: 'fork', fromSeq: 1 })
  const long = new SenderWorld({ last: 100 }, 0)
  long.connect()
  long.hear(welcome(100, { chain: 'theirs' }))
  const many = Array.from({ length: 90 }, (_, at) => point(at + 1))
  const [probe] = said(long.give({ kind: 'samples', above: 0, to: 99, points: many }))
  t.equal(probe?.type === 'probe' ? probe.seqs.length : 0, 63)
  t.same(
    kinds(long.hear({ type: 'probed', chains: [null] })),
    ['alarm', 'error', CLOSE],
    'not as many as were asked for',
  )
  t.end()
})

void test('a search has an end', (t) => {
  const world = new SenderWorld({ last: 100 }, 0)
  world.connect()
  world.hear(welcome(100, { chain: 'theirs' }))
  let rounds = 0
  for (let last = 'sample'; last === 'sample'; rounds++) {
    world.give({ kind: 'samples', above: rounds, to: 99, points: [point(rounds + 1)] })
    last = kinds(world.hear({ type: 'probed', chains: [chain(rounds + 1)] })).at(-1) ?? ''
  }
  t.same([rounds, world.phase], [17, 'down'])
  t.end()
})

void test('after a fork the handshake begins anew', (t) => {
  const world = new SenderWorld({ last: 0 }, 0)
  world.connect()
  world.hear(welcome(12))
  t.equal(world.deadline, Infinity)
  t.same(world.give({ kind: 'time' }), [])
  t.same(world.give({ kind: 'closed', why: '' }), [])
  t.same(world.give({ kind: 'reconnect' }), [])
  world.spool = spool({ last: 0, from: [1] })
  t.same(world.give({ kind: 'forked' }), [])
  t.equal(world.phase, 'down')
  world.nowMs = world.deadline
  t.same(world.give({ kind: 'time' }), [{ kind: 'connect', server: 0 }], 'the same server')
  t.end()
})

void test('the next try', (t) => {
  const world = new SenderWorld()
  const waits: number[] = []
  const servers: number[] = []
  for (let attempt = 0; attempt < 10; attempt++) {
    world.nowMs = Math.max(world.nowMs, world.deadline)
    const [effect] = world.give({ kind: 'time' })
    servers.push(effect?.kind === 'connect' ? effect.server : -1)
    world.fraction = 0.5
    world.give({ kind: 'closed', why: 'refused' })
    waits.push(world.deadline - world.nowMs)
  }
  t.same(waits, [750, 1250, 2250, 4250, 8250, 16_250, 30_250, 30_250, 30_250, 30_250])
  t.same(servers, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1], 'in turn')
  world.stream()
  t.equal(world.state.server, 0)
  world.fraction = 0
  world.give({ kind: 'closed', why: 'cut' })
  t.same([world.deadline - world.nowMs, world.state.server], [500, 0], 'what was reached stays first choice')
  world.connect()
  t.same(
    world.hear({ type: 'bye', reason: 'later' }).map(({ kind }) => kind),
    [CLOSE],
  )
  t.equal(world.state.server, 1, 'not so one that was not reached')
  t.end()
})

void test('a try that takes too long', (t) => {
  const world = new SenderWorld()
  world.give({ kind: 'time' })
  t.equal(world.deadline, world.nowMs + 30_000)
  t.same(world.give({ kind: 'time' }), [], 'not yet')
  world.nowMs += 30_000
  t.same(kinds(world.give({ kind: 'time' })), [CLOSE])
  t.equal(world.phase, 'down')
  t.end()
})

void test('silence', (t) => {
  const world = new SenderWorld()
  world.stream()
  t.equal(world.deadline, world.nowMs + 15_000)
  world.nowMs += 15_000
  t.same(said(world.give({ kind: 'time' })), [{ type: 'ping', nonce: 16_000 }])
  t.equal(world.deadline, world.nowMs + 30_000)
  t.same(world.hear({ type: 'pong', nonce: 16_000 }), [])
  t.equal(world.deadline, world.nowMs + 15_000)
  world.nowMs += 15_000
  world.give({ kind: 'time' })
  world.nowMs += 30_000
  t.same(kinds(world.give({ kind: 'time' })), [CLOSE])
  const brisk = new SenderWorld()
  brisk.connect()
  brisk.hear(welcome(0, { pingMs: 200 }))
  t.equal(brisk.deadline, brisk.nowMs + 200, 'as the receiver says')
  t.same(said(brisk.hear({ type: 'ping', nonce: 5 })), [{ type: 'pong', nonce: 5 }])
  t.end()
})

void test('replaced by a newer connection', (t) => {
  const world = new SenderWorld({ last: 10 }, 0)
  world.stream()
  world.fraction = 0.5
  t.same(world.hear(failure({ code: 'superseded', action: 'superseded' })), [
    { kind: 'alarm', alarm: { what: 'superseded', stream: 's1' } },
    { kind: 'close', why: 'the receiver says superseded' },
  ])
  t.equal(world.deadline - world.nowMs, 32_500)
  const idle = new SenderWorld({ last: 10 }, 10)
  idle.stream(10)
  idle.hear(failure({ code: 'superseded', action: 'superseded' }))
  t.equal(idle.deadline - idle.nowMs, 3_600_000, 'with nothing to send there is no reason to throw the other out')
  idle.spool = spool({ last: 11 })
  t.equal(idle.deadline - idle.nowMs, 5000)
  t.end()
})

void test('refused', (t) => {
  const told = new SenderWorld()
  told.connect()
  t.same(kinds(told.hear(failure({ code: 'disk', retryAfterMs: 7000 }))), [CLOSE])
  t.equal(told.deadline - told.nowMs, 7500)
  const far = new SenderWorld()
  far.connect()
  far.hear(failure({ retryAfterMs: 86_400_000 }))
  t.equal(far.deadline - far.nowMs, 600_500, 'nobody keeps us away for a day')
  for (const action of ['operator', 'upgrade'] as const) {
    const world = new SenderWorld()
    world.connect()
    world.fraction = 1
    t.same(world.hear(failure({ action, text: 'no' }))[0], {
      kind: 'alarm',
      alarm: { what: 'refused', code: 'refused', text: 'no' },
    })
    t.equal(world.deadline - world.nowMs, 60_000)
  }
  t.end()
})

void test('what the receiver is like', (t) => {
  const world = new SenderWorld()
  world.stream()
  t.same(world.hear({ type: 'status', state: 'low' }), [{ kind: 'peer', state: 'low' }])
  t.same(world.hear({ type: 'status', state: 'low' }), [])
  t.same(world.hear(ack(0, { state: 'low' })), [])
  t.same(world.hear(ack(0, { state: 'full' })), [{ kind: 'peer', state: 'full' }])
  t.same(kinds(world.hear(ack(5, { state: 'ok' }))), ['alarm', 'error', CLOSE])
  t.equal(world.state.peer, 'full')
  world.connect()
  t.same(world.hear({ type: 'pong', nonce: 1 }), [], 'before WELCOME that says nothing')
  world.hear(welcome(0))
  t.same(world.hear({ type: 'pong', nonce: 1 }), [{ kind: 'peer', state: 'ok' }], 'trouble would have been told')
  world.hear({ type: 'status', state: 'low' })
  t.same(world.hear({ type: 'pong', nonce: 2 }), [])
  t.end()
})

void test('suspended', (t) => {
  const world = new SenderWorld({ last: 3 })
  world.stream()
  t.same(world.give({ kind: 'suspend' }), [])
  t.same(world.give({ kind: 'blocks', blocks: blocks(1, 3) }), [], 'what was being read is not sent')
  t.same(world.give({ kind: 'durable' }), [])
  t.same(world.give({ kind: 'resume' }), [{ kind: 'read', from: 1 }])
  t.end()
})

void test('made anew, and stopped', (t) => {
  const world = new SenderWorld()
  world.stream()
  t.same(kinds(world.give({ kind: 'reconnect' })), [CLOSE])
  t.equal(world.deadline, world.nowMs)
  t.same(world.give({ kind: 'reconnect' }), [])
  world.give({ kind: 'time' })
  t.same(kinds(world.give({ kind: 'reconnect' })), [CLOSE])
  world.give({ kind: 'time' })
  t.same(kinds(world.give({ kind: 'stop' })), [CLOSE])
  t.equal(world.deadline, Infinity)
  const up = new SenderWorld()
  up.stream()
  t.same(kinds(up.give({ kind: 'stop' })), ['bye', CLOSE])
  t.same(up.give({ kind: 'time' }), [])
  const down = new SenderWorld()
  t.same(down.give({ kind: 'stop' }), [])
  t.end()
})

void test('a WELCOME that cannot be', (t) => {
  const wrong = [welcome(4), welcome(4, { chain: 'x' }), welcome(5, { version: 2 }), welcome(5, { chain: 'other' })]
  for (const message of wrong) {
    const world = new SenderWorld({ last: 10, from: [6] }, 10)
    world.connect()
    t.same(kinds(world.hear(message)), ['alarm', 'error', CLOSE], `${message.version} ${message.last} ${message.chain}`)
  }
  const twice = new SenderWorld()
  twice.stream()
  t.same(kinds(twice.hear(welcome(0))), ['alarm', 'error', CLOSE])
  t.end()
})

const MESSAGES: readonly ControlMessage[] = [
  {
    type: 'hello',
    versions: [],
    stream: '',
    from: 1,
    before: '',
    parent: '',
    first: 1,
    last: 0,
    chain: '',
    acked: 0,
    closed: false,
    instance: '',
    bootId: '',
    receiver: '',
    maxBlock: 1,
    agent: '',
  },
  { type: 'probe', seqs: [1] },
  { type: 'start', from: 1, chain: '' },
  { type: 'skip', from: 1, to: 1, chain: '', reason: '' },
  welcome(0),
  welcome(5),
  welcome(5, { chain: 'theirs' }),
  welcome(20),
  { type: 'probed', chains: [] },
  { type: 'probed', chains: [null] },
  { type: 'probed', chains: [chain(5), null] },
  ack(0),
  ack(5),
  ack(99),
  { type: 'ping', nonce: 1 },
  { type: 'pong', nonce: 1 },
  { type: 'status', state: 'full' },
  failure({ action: 'superseded' }),
  failure({ action: 'operator' }),
  failure({ action: 'retry', retryAfterMs: 5 }),
  { type: 'bye', reason: '' },
]

const INPUTS: readonly SenderInput[] = [
  ...MESSAGES.map((message) => ({ kind: 'message', message }) as const),
  { kind: 'time' },
  { kind: 'connected' },
  { kind: 'closed', why: '' },
  { kind: 'chain', seq: 5, chain: chain(5) },
  { kind: 'chain', seq: 4, chain: undefined },
  { kind: 'samples', above: 0, to: 4, points: [point(2), point(4)] },
  { kind: 'samples', above: 0, to: 10, points: [] },
  { kind: 'blocks', blocks: blocks(1, 3) },
  { kind: 'blocks', blocks: [] },
  { kind: 'missing', from: 1, to: 2, chain: chain(2), reason: 'freed' },
  { kind: 'forked' },
  { kind: 'durable' },
  { kind: 'suspend' },
  { kind: 'resume' },
  { kind: 'reconnect' },
  { kind: 'stop' },
]

/** Every kind of step from every state that three inputs lead to, with three spools. */
void test('any input in any state', (t) => {
  const seen = new Map<string, SenderState>()
  const phases = new Set<string>()
  const spools = [spool(), spool({ first: 7 }), spool({ from: [1, 6], first: 3 }), { ...spool(), timelines: [] }]
  let front: SenderState[] = [initialSender(point(3))]
  for (let depth = 0; depth < 6; depth++) {
    const next: SenderState[] = []
    for (const state of front)
      for (const input of INPUTS)
        for (const facts of spools) {
          const nowMs = Math.min(senderDeadline(state, facts), 1e6)
          const step = stepSender(state, input, { nowMs, fraction: 0.5, spool: facts }, OPTIONS)
          const fault = faultOf(state, step.state, step.effects)
          if (fault !== undefined) t.fail(`${fault}: ${JSON.stringify({ before: state, input, step })}`)
          const { phase } = step.state
          phases.add(phase.kind === 'up' ? phase.step.kind : phase.kind)
          const key = JSON.stringify([phase.kind === 'up' ? phase.step : phase.kind, step.state.acked])
          if (!seen.has(key) && seen.size < 200) {
            seen.set(key, step.state)
            next.push(step.state)
          }
        }
    front = next
  }
  t.same([...phases].toSorted(), [
    'asking-end',
    'checking',
    'connecting',
    'down',
    'finding-base',
    'forking',
    'hello',
    'probing',
    'sampling',
    'stopped',
    'streaming',
  ])
  t.end()
})

/** What no step may come to. */
function faultOf(before: SenderState, after: SenderState, effects: readonly SenderEffect[]): string | undefined {
  const isUp = before.phase.kind === 'up' || after.phase.kind === 'up'
  const close = effects.findIndex(({ kind }) => kind === CLOSE)
  const lastSend = effects.findLastIndex(({ kind }) => kind === 'send' || kind === 'send-blocks')
  if (lastSend >= 0 && !isUp) return 'sent without a connection'
  if (close >= 0 && lastSend > close) return 'sent after close'
  if (close >= 0 && after.phase.kind === 'up') return 'closed and still up'
  if (before.phase.kind === 'up' && after.phase.kind === 'stopped' && close < 0) return 'stopped and not closed'
  if (!Number.isSafeInteger(after.acked.seq)) return 'acked is no seq'
  return JSON.stringify(JSON.parse(JSON.stringify(after))) === JSON.stringify(after) ? undefined : 'no plain data'
}
