import { test } from 'tap'
import { initialReceiver, ReceiverCore, type ReceiverSnapshot } from '../../src/remote/receiver-core.js'
import type {
  ArrivedBlock,
  ReceiverEffect,
  ReceiverInput,
  ReceiverOptions,
  StreamRow,
} from '../../src/remote/receiver-input.js'
import type { ControlMessage, Hello } from '../../src/remote/wire/message.js'

const OPTIONS: ReceiverOptions = { receiver: 'r', pingMs: 15_000, maxStreams: 3 }

function chain(seq: number, of = 'ours'): string {
  return seq === 0 ? 'start' : `${of}-${seq}`
}

function hello(change: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    versions: [1],
    stream: 's',
    from: 1,
    before: 'start',
    parent: '',
    first: 1,
    last: 9,
    chain: chain(9),
    acked: 0,
    closed: false,
    instance: 'i',
    bootId: '',
    receiver: '',
    maxBlock: 1,
    agent: '',
    ...change,
  }
}

function block(firstSeq: number, change: Partial<ArrivedBlock> = {}): ArrivedBlock {
  const { count = 1 } = change
  const chains = { before: chain(firstSeq - 1), chain: chain(firstSeq + count - 1) }
  return { firstSeq, count, ...chains, bytes: 10, fault: undefined, ...change }
}

/** What an effect is, in short; ERROR with its code. */
function short(effect: ReceiverEffect): string {
  switch (effect.kind) {
    case 'send': {
      const { type } = effect.message
      return `${effect.session}<${effect.message.type === 'error' ? effect.message.code : type}`
    }
    case 'close':
      return `${effect.session} close`
    case 'take':
    case 'skip':
    case 'fork':
      return `${effect.kind} ${effect.ticket}`
    case 'alarm':
      return `alarm ${effect.alarm.what}`
    case 'commit':
    case 'look-up':
    case 'forget':
      return effect.kind
  }
  return effect satisfies never
}

class World {
  readonly core: ReceiverCore

  constructor(rows: readonly StreamRow[] = [], options = OPTIONS) {
    this.core = new ReceiverCore(options, initialReceiver(rows))
  }

  open(session: number, principal = 'p', credit = 1000): this {
    this.core.on({ kind: 'opened', session, principal, address: `address ${session}`, credit })
    return this
  }

  hear(session: number, message: ControlMessage): readonly ReceiverEffect[] {
    return this.core.on({ kind: 'message', session, message })
  }

  data(session: number, arrived: ArrivedBlock): readonly ReceiverEffect[] {
    return this.core.on({ kind: 'data', session, block: arrived })
  }

  /** A connection in the data phase, behind `last`. */
  stream(session: number, last = 0, change: Partial<Hello> = {}): this {
    this.open(session)
    this.hear(session, hello(change))
    this.hear(session, { type: 'start', from: last + 1, chain: chain(last) })
    return this
  }
}

const ROW: StreamRow = { principal: 'p', stream: 's', last: 5, chain: chain(5) }

void test('from HELLO to ACK', (t) => {
  const world = new World().open(7)
  t.same(world.hear(7, hello()), [
    {
      kind: 'send',
      session: 7,
      message: {
        type: 'welcome',
        version: 1,
        receiver: 'r',
        session: '7',
        last: 0,
        chain: 'start',
        credit: 1000,
        pingMs: 15_000,
      },
    },
  ])
  t.same(world.hear(7, { type: 'start', from: 1, chain: 'start' }), [])
  t.same(world.data(7, block(1)), [{ kind: 'take', ticket: 1, session: 7, principal: 'p', stream: 's' }])
  t.same(world.data(7, block(2, { count: 3 })).map(short), ['take 2'])
  const told = (seq: number): object => ({
    kind: 'send',
    session: 7,
    message: { type: 'ack', seq, chain: chain(seq), credit: 1000, state: 'ok' },
  })
  t.same(world.core.on({ kind: 'committed', ticket: 1 }), [told(1)], 'only what is durable')
  t.same(world.core.on({ kind: 'committed', ticket: 1 }), [])
  t.same(world.core.on({ kind: 'committed', ticket: 2 }), [told(4)])
  t.end()
})

void test('one ACK a commit and stream', (t) => {
  const world = new World().stream(1).stream(2, 0, { stream: 'other' })
  for (const session of [1, 2, 1, 2]) {
    const seq = world.core.snapshot().takes.filter((take) => take.stream === (session === 1 ? 's' : 'other')).length + 1
    t.same(world.data(session, block(seq)).length, session === 2 && seq === 1 ? 2 : 1)
  }
  t.same(world.core.on({ kind: 'committed', ticket: 4 }).map(short), ['1<ack', '2<ack'])
  t.end()
})

void test('what does not follow is not taken', (t) => {
  const wrong: readonly (readonly [string, Partial<ArrivedBlock>])[] = [
    ['out-of-order', { firstSeq: 7 }],
    ['out-of-order', { firstSeq: 5 }],
    ['out-of-order', { before: chain(5, 'theirs') }],
    ['out-of-order', { count: 0 }],
    ['bad-block', { fault: 'bad-block' }],
    ['wrong-node', { fault: 'wrong-node' }],
    ['credit', { bytes: 1001 }],
  ]
  for (const [code, change] of wrong) {
    const world = new World([ROW]).stream(1, 5)
    t.same(world.data(1, { ...block(6), ...change }).map(short), [`1<${code}`, '1 close'], code)
    t.same(world.data(1, block(6)), [], 'nothing more is heard of it')
    t.same(world.stream(2, 5).data(2, block(6)).map(short), ['take 1'], 'the stream goes on')
  }
  const credit = new World([ROW]).stream(1, 5)
  t.same(credit.data(1, block(6, { bytes: 600 })).map(short), ['take 1'])
  t.same(credit.data(1, block(7, { bytes: 400 })).map(short), ['take 2'])
  t.same(credit.data(1, block(8, { bytes: 1 })).map(short), ['1<credit', '1 close'], 'all in all')
  t.end()
})

void test('START and SKIP follow too', (t) => {
  for (const start of [{ from: 5 }, { from: 7 }, { chain: chain(5, 'theirs') }]) {
    const world = new World([ROW]).open(1)
    world.hear(1, hello())
    const effects = world.hear(1, { type: 'start', from: 6, chain: chain(5), ...start })
    t.same(effects.map(short), ['1<out-of-order', '1 close'])
  }
  const skip = { type: 'skip', from: 6, to: 8, chain: chain(8), reason: 'freed' } as const
  for (const change of [{ from: 5 }, { from: 7 }, { to: 5 }]) {
    const world = new World([ROW]).stream(1, 5)
    t.same(world.hear(1, { ...skip, ...change }).map(short), ['1<out-of-order', '1 close'])
  }
  const world = new World([ROW]).stream(1, 5)
  const at = { principal: 'p', stream: 's' }
  t.same(world.hear(1, skip), [
    { kind: 'alarm', alarm: { what: 'hole', ...at, from: 6, to: 8, reason: 'freed' } },
    { kind: 'skip', ticket: 1, session: 1, ...at, to: 8, chain: chain(8), reason: 'freed' },
  ])
  t.same(world.data(1, block(9)).map(short), ['take 2'])
  t.end()
})

void test('a forked stream begins with a FORK, when its first block is there', (t) => {
  const world = new World([ROW]).open(1)
  const forked = hello({ stream: 'f', from: 4, before: chain(3), parent: 's', acked: 3 })
  t.match(world.hear(1, forked), [{ message: { last: 3, chain: chain(3) } }])
  world.hear(1, { type: 'start', from: 4, chain: chain(3) })
  const at = { principal: 'p', stream: 'f', parent: 's', atSeq: 3 }
  t.same(world.data(1, block(4)), [
    { kind: 'alarm', alarm: { what: 'fork', ...at } },
    { kind: 'fork', ticket: 1, session: 1, ...at, chain: chain(3) },
    { kind: 'take', ticket: 2, session: 1, principal: 'p', stream: 'f' },
  ])
  t.same(world.data(1, block(5)).map(short), ['take 3'], 'once')
  const skipped = new World().open(1)
  skipped.hear(1, forked)
  skipped.hear(1, { type: 'start', from: 4, chain: chain(3) })
  const skip = { type: 'skip', from: 4, to: 4, chain: chain(4), reason: 'freed' } as const
  t.same(skipped.hear(1, skip).map(short), ['alarm fork', 'fork 1', 'alarm hole', 'skip 2'])
  t.end()
})

void test('a new stream beside others is told', (t) => {
  const world = new World([ROW]).stream(1, 0, { stream: 'new' })
  t.same(world.data(1, block(1)).map(short), ['alarm new-stream', 'take 1'])
  t.same(world.data(1, block(2)).map(short), ['take 2'])
  t.same(new World().stream(1).data(1, block(1)).map(short), ['take 1'], 'not the first of all')
  t.end()
})

void test('the newest HELLO has the stream', (t) => {
  const world = new World([ROW]).stream(1, 5).open(2)
  const first = world.hear(2, hello({ instance: 'j' }))
  t.same(first.map(short), ['alarm duplicate-sender', '1<superseded', '1 close', '2<welcome'])
  t.match(first[0], { alarm: { address: 'address 2', oldAddress: 'address 1', principal: 'p', stream: 's' } })
  t.match(first[1], { message: { action: 'superseded' } })
  t.same(world.data(1, block(6)), [], 'what it had underway is not taken')
  world.open(3)
  t.same(
    world.hear(3, hello({ instance: 'j' })).map(short),
    ['2<superseded', '2 close', '3<welcome'],
    'the same process',
  )
  world.open(4, 'q')
  t.same(world.hear(4, hello()).map(short), ['4<welcome'], "another principal's stream of that id is another stream")
  t.end()
})

void test('WELCOME waits until nothing of the stream is undecided', (t) => {
  const world = new World().stream(1)
  world.data(1, block(1))
  world.data(1, block(2))
  world.open(2)
  t.same(world.hear(2, hello()).map(short), ['1<superseded', '1 close', 'commit'])
  t.same(world.hear(2, { type: 'ping', nonce: 1 }).map(short), ['2<pong'], 'it is answered all the while')
  t.same(world.core.on({ kind: 'committed', ticket: 1 }).map(short), ['commit'], 'another commit is needed')
  t.match(world.core.on({ kind: 'committed', ticket: 2 }), [{ message: { type: 'welcome', last: 2, chain: chain(2) } }])
  t.end()
})

void test('what is taken of a connection that is gone is durable all the same', (t) => {
  const world = new World().stream(1)
  world.data(1, block(1))
  t.same(world.core.on({ kind: 'closed', session: 1 }), [])
  t.same(world.core.on({ kind: 'committed', ticket: 1 }), [])
  world.open(2)
  t.match(world.hear(2, hello()), [{ message: { last: 1 } }])
  t.end()
})

void test('one connection, one stream after the other', (t) => {
  const world = new World([ROW, { ...ROW, stream: 'f', last: 9, chain: chain(9) }]).open(1)
  t.match(world.hear(1, hello({ closed: true, acked: 5 })), [{ message: { last: 5 } }])
  t.match(world.hear(1, hello({ stream: 'f', from: 6, acked: 9 })), [{ message: { last: 9 } }])
  world.hear(1, { type: 'start', from: 10, chain: chain(9) })
  t.same(
    world.core.snapshot().streams.map(({ stream, owner }) => [stream, owner]),
    [
      ['s', undefined],
      ['f', 1],
    ],
  )
  t.match(world.hear(1, hello({ acked: 5 })), [{ message: { last: 5 } }], 'also back')
  t.end()
})

void test('a stream that only said HELLO is not remembered', (t) => {
  const world = new World().open(1)
  world.hear(1, hello())
  t.equal(world.core.snapshot().streams.length, 1)
  world.hear(1, hello({ stream: 'f', from: 4 }))
  t.same(
    world.core.snapshot().streams.map(({ stream }) => stream),
    ['f'],
  )
  world.core.on({ kind: 'closed', session: 1 })
  t.same(world.core.snapshot().streams, [])
  t.end()
})

void test('a receiver that has less than was acknowledged', (t) => {
  const world = new World([ROW]).open(1)
  t.same(world.hear(1, hello({ acked: 7 }))[0], {
    kind: 'alarm',
    alarm: { what: 'regress', principal: 'p', stream: 's', acked: 7, last: 5 },
  })
  t.end()
})

void test('streams a principal', (t) => {
  const rows = ['a', 'b', 's'].map((stream) => ({ ...ROW, stream }))
  const world = new World(rows).open(1).open(2).open(3).open(4)
  world.hear(1, hello({ stream: 'a' }))
  world.core.on({ kind: 'closed', session: 1 })
  const effects = world.hear(2, hello({ stream: 'new' }))
  t.same(effects.map(short), ['alarm stream-forgotten', 'forget', '2<welcome'])
  t.match(effects[0], { alarm: { stream: 'b', last: 5, chain: chain(5) } }, 'the one heard of least recently')
  t.same(effects[1], { kind: 'forget', principal: 'p', stream: 'b' })
  t.same(world.hear(3, hello({ stream: 's' })).map(short), ['3<welcome'])
  t.same(world.hear(4, hello({ stream: 'more' })).map(short), ['alarm stream-forgotten', 'forget', '4<welcome'])
  world.open(5)
  t.same(world.hear(5, hello({ stream: 'too many' })).map(short), ['5<streams', '5 close'], 'all are being sent')
  world.open(6, 'q')
  t.same(world.hear(6, hello({ stream: 'too many' })).map(short), ['6<welcome'], "another's are another's")
  const pending = new World([], { ...OPTIONS, maxStreams: 1 }).stream(1)
  pending.data(1, block(1))
  pending.core.on({ kind: 'closed', session: 1 })
  pending.open(2)
  t.same(pending.hear(2, hello({ stream: 'x' })).map(short), ['2<streams', '2 close'], 'what waits for a commit stays')
  t.end()
})

void test('versions', (t) => {
  const world = new World().open(1).open(2)
  t.match(world.hear(1, hello({ versions: [2, 3] })), [{ message: { code: 'version', action: 'upgrade' } }, {}])
  t.match(world.hear(2, hello({ versions: [2, 1] })), [{ message: { type: 'welcome', version: 1 } }])
  t.end()
})

void test('PROBE', (t) => {
  const world = new World([ROW]).open(1)
  world.hear(1, hello())
  t.same(world.hear(1, { type: 'probe', seqs: [3, 4] }), [
    { kind: 'look-up', session: 1, principal: 'p', stream: 's', seqs: [3, 4] },
  ])
  t.same(world.core.on({ kind: 'looked-up', session: 1, chains: [chain(3)] }), [], 'not what was asked for')
  t.same(world.core.on({ kind: 'looked-up', session: 1, chains: [chain(3), undefined] }), [
    { kind: 'send', session: 1, message: { type: 'probed', chains: [chain(3), null] } },
  ])
  t.same(world.core.on({ kind: 'looked-up', session: 1, chains: [chain(3), undefined] }), [])
  for (let round = 1; round < 256; round++) {
    world.hear(1, { type: 'probe', seqs: [1] })
    world.core.on({ kind: 'looked-up', session: 1, chains: [undefined] })
  }
  t.same(world.hear(1, { type: 'probe', seqs: [1] }).map(short), ['1<protocol', '1 close'], 'and no end of them')
  t.end()
})

void test('credit', (t) => {
  const world = new World().open(1, 'p', 0)
  const grant = (limit: number): readonly ReceiverEffect[] => world.core.on({ kind: 'grant', session: 1, limit })
  t.same(grant(10), [], 'there is nothing to tell it with')
  t.match(world.hear(1, hello()), [{ message: { credit: 10 } }])
  t.same(grant(20), [])
  t.match(world.hear(1, { type: 'start', from: 1, chain: 'start' }), [{ message: { type: 'ack', seq: 0, credit: 20 } }])
  t.match(grant(30), [{ message: { type: 'ack', seq: 0, chain: 'start', credit: 30 } }])
  t.same(grant(25), [], 'it is never taken back')
  t.same(world.data(1, block(1)).map(short), ['take 1'])
  t.same(grant(40), [], 'the ACK is about to tell it')
  t.match(world.core.on({ kind: 'committed', ticket: 1 }), [{ message: { type: 'ack', seq: 1, credit: 40 } }])
  t.same(grant(40), [], 'it is known')
  t.end()
})

void test('what the disk is like', (t) => {
  const world = new World().stream(1).open(2)
  const status = (state: 'full' | 'ok'): readonly ReceiverEffect[] => world.core.on({ kind: 'status', state })
  t.same(status('full'), [{ kind: 'send', session: 1, message: { type: 'status', state: 'full' } }])
  t.same(world.hear(2, hello({ stream: 'x' })).map(short), ['2<welcome', '2<status'])
  world.data(1, block(1))
  t.match(world.core.on({ kind: 'committed', ticket: 1 }), [{ message: { type: 'ack', state: 'full' } }])
  t.same(status('ok').map(short), ['1<status', '2<status'])
  t.end()
})

void test('BYE', (t) => {
  const bye = { type: 'bye', reason: '' } as const
  t.same(new World().open(1).hear(1, bye).map(short), ['1 close'])
  t.same(new World().stream(1).hear(1, bye).map(short), ['1 close'])
  const world = new World().stream(1)
  world.data(1, block(1))
  world.data(1, block(2))
  t.same(world.hear(1, bye).map(short), ['commit'])
  t.same(world.core.on({ kind: 'committed', ticket: 1 }).map(short), ['1<ack', 'commit'])
  t.same(world.core.on({ kind: 'committed', ticket: 2 }).map(short), ['1<ack', '1 close'])
  const after = new World().stream(1)
  after.data(1, block(1))
  after.hear(1, bye)
  t.same(after.data(1, block(2)).map(short), ['1<protocol', '1 close'], 'and then goes on')
  t.end()
})

void test('ended from here', (t) => {
  const world = new World().stream(1).open(2).open(3)
  const expel = (session: number, code: 'refused' | 'disk', retryAfterMs: number): readonly ReceiverEffect[] =>
    world.core.on({ kind: 'expel', session, code, text: 'why', retryAfterMs })
  const error = { type: 'error', text: 'why' }
  t.match(expel(1, 'disk', 5), [
    { message: { ...error, code: 'disk', retryAfterMs: 5, action: 'retry' } },
    { kind: 'close', session: 1, error: 'disk' },
  ])
  t.match(expel(2, 'refused', 0), [{ message: { action: 'operator' } }, {}])
  t.match(expel(3, 'refused', 9), [{ message: { action: 'retry' } }, {}])
  t.same(expel(9, 'refused', 0), [])
  world.open(4)
  t.same(world.hear(4, { type: 'error', code: 'protocol', text: '', retryAfterMs: 0, action: 'retry' }).map(short), [
    '4 close',
  ])
  const stopping = new World().stream(1).open(2)
  t.same(stopping.core.on({ kind: 'stop' }).map(short), ['1<bye', '1 close', '2<bye', '2 close'])
  t.same(stopping.core.snapshot().sessions, [])
  t.end()
})

const MESSAGES: readonly ControlMessage[] = [
  hello(),
  hello({ stream: 'x' }),
  hello({ stream: 'f', from: 3, before: chain(2), parent: 's' }),
  hello({ versions: [9] }),
  { type: 'probe', seqs: [1, 2] },
  { type: 'start', from: 6, chain: chain(5) },
  { type: 'start', from: 1, chain: 'start' },
  { type: 'start', from: 3, chain: chain(2) },
  { type: 'skip', from: 6, to: 7, chain: chain(7), reason: 'freed' },
  { type: 'ping', nonce: 1 },
  { type: 'pong', nonce: 1 },
  { type: 'bye', reason: '' },
  { type: 'error', code: 'protocol', text: '', retryAfterMs: 0, action: 'retry' },
  { type: 'welcome', version: 1, receiver: '', session: '', last: 0, chain: '', credit: 0, pingMs: 1 },
  { type: 'probed', chains: [] },
  { type: 'ack', seq: 1, chain: '', credit: 1, state: 'ok' },
  { type: 'status', state: 'ok' },
]

const INPUTS: readonly ReceiverInput[] = [
  ...[1, 2].flatMap((session): ReceiverInput[] => [
    ...MESSAGES.map((message): ReceiverInput => ({ kind: 'message', session, message })),
    { kind: 'opened', session, principal: 'p', address: '', credit: 25 },
    ...[1, 3, 6, 7].map((seq): ReceiverInput => ({ kind: 'data', session, block: block(seq) })),
    { kind: 'looked-up', session, chains: [undefined, chain(2)] },
    { kind: 'closed', session },
    { kind: 'grant', session, limit: 40 },
  ]),
  { kind: 'expel', session: 1, code: 'refused', text: '', retryAfterMs: 1 },
  { kind: 'committed', ticket: 1 },
  { kind: 'committed', ticket: 99 },
  { kind: 'status', state: 'full' },
  { kind: 'stop' },
]

void test('any input in any state', (t) => {
  const steps = new Set<string>()
  const seen = new Set<string>()
  let front: ReceiverSnapshot[] = [initialReceiver([ROW])]
  for (let depth = 0; depth < 6; depth++) {
    const next: ReceiverSnapshot[] = []
    for (const before of front)
      for (const input of INPUTS) {
        const core = new ReceiverCore(OPTIONS, before)
        const effects = core.on(input)
        const after = core.snapshot()
        const fault = faultOf(before, after, effects)
        if (fault !== undefined) t.fail(`${fault}: ${JSON.stringify({ before, input, effects, after })}`)
        for (const { step } of after.sessions) steps.add(step.kind)
        const key = JSON.stringify([after.sessions, after.takes.length])
        if (seen.has(key) || seen.size >= 250) continue
        seen.add(key)
        next.push(after)
      }
    front = next
  }
  t.same([...steps].toSorted(), ['barrier', 'leaving', 'looking-up', 'opened', 'streaming', 'welcomed'])
  t.end()
})

/** What no step may come to. */
function faultOf(
  before: ReceiverSnapshot,
  after: ReceiverSnapshot,
  effects: readonly ReceiverEffect[],
): string | undefined {
  const known = new Set([...before.sessions, ...after.sessions].map(({ id }) => id))
  const closed = new Set<number>()
  let ticket = before.ticket
  for (const effect of effects) {
    if (effect.kind === 'send' && (!known.has(effect.session) || closed.has(effect.session))) return 'sent to nobody'
    if (effect.kind === 'close') closed.add(effect.session)
    if (effect.kind === 'take' || effect.kind === 'skip' || effect.kind === 'fork')
      if (effect.ticket !== ++ticket) return 'tickets are not in order'
  }
  if (ticket !== after.ticket) return 'a ticket without an effect'
  for (const { owner, durable, taken } of after.streams) {
    if (durable.seq > taken.seq) return 'durable and not taken'
    if (owner !== undefined && !after.sessions.some(({ id }) => id === owner)) return 'owned by nobody'
  }
  for (const { used, credit } of after.sessions) if (used > credit) return 'more than credit'
  return JSON.stringify(JSON.parse(JSON.stringify(after))) === JSON.stringify(after) ? undefined : 'no plain data'
}
