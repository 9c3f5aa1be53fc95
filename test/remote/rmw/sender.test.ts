import * as fc from 'fast-check'
import { test } from 'tap'
import { RmwReader } from '../../../src/remote/rmw/reader.js'
import { RmwSender } from '../../../src/remote/rmw/sender.js'
import type { SenderEffect, SenderInput, SenderOptions } from '../../../src/remote/rmw/sender-input.js'
import { glued, PIECE, ShamAuditd, whole, type ShamDisk } from './sham-auditd.js'
import { rmw } from './wire.js'

const OPTIONS: SenderOptions = {
  window: 4,
  heartbeatMs: 0,
  answerMs: 1000,
  connectMs: 15_000,
  firstRetryMs: 500,
  longestRetryMs: 60_000,
  maxTries: 2,
}

/** A sender, an auditd and what lies between them on the way. */
class Scene {
  readonly auditd = new ShamAuditd()
  readonly sender: RmwSender
  readonly says: string[] = []
  readonly closes: string[] = []
  /** Connections that were given up with something unanswered, or that ended. */
  cuts = 0
  connects = 0
  settledSeq = 0
  nowMs = 0
  readonly #eachSettled: (seq: number) => void
  #nextSeq = 1
  #connection: { readonly serve: (bytes: Buffer) => Buffer; readonly reader: RmwReader } | undefined
  #out: Buffer[] = []
  #in: Buffer[] = []

  constructor(options: Partial<SenderOptions> = {}, eachSettled: (seq: number) => void = () => {}) {
    this.sender = new RmwSender({ ...OPTIONS, ...options })
    this.#eachSettled = eachSettled
  }

  get sent(): number {
    return this.#out.length
  }

  get fed(): number {
    return this.#nextSeq - 1
  }

  /** As many as there is room for, at most `count`; every fifth is not for auditd, and every seventh it swallows. */
  feed(count: number): void {
    const records = Array.from({ length: Math.min(count, this.sender.room) }, () => {
      const seq = this.#nextSeq++
      return { seq, frame: seq % 5 === 0 ? undefined : rmw(0, seq + 1, `${textOf(seq)}\n`) }
    })
    this.give({ kind: 'records', records })
  }

  time(ms: number): void {
    this.nowMs += ms
    this.give({ kind: 'time' })
  }

  connect(): void {
    if (this.sender.state !== 'down') return
    this.time(Math.max(0, this.sender.deadlineMs - this.nowMs))
  }

  /** So many of what the sender has written reach auditd, and so many of its answers the sender. */
  deliver(there = Infinity, back = Infinity): void {
    const connection = this.#connection
    if (connection === undefined) return
    const arriving = Buffer.concat(this.#out.splice(0, there))
    this.#in.push(connection.serve(arriving))
    this.answer(Buffer.concat(this.#in.splice(0, back)))
  }

  answer(bytes: Buffer): void {
    if (this.#connection === undefined) return
    const { messages } = this.#connection.reader.push(bytes)
    this.give({ kind: 'messages', messages })
  }

  cut(why = 'cut'): void {
    if (this.#connection === undefined) return
    this.cuts++
    this.#connection = undefined
    this.#out = []
    this.#in = []
    this.give({ kind: 'closed', why })
  }

  give(input: SenderInput): void {
    for (const effect of this.sender.on(input, { nowMs: this.nowMs, fraction: 0.5 })) this.#run(effect)
  }

  /** What auditd has; whole, if no connection has broken. */
  there(): string[] {
    return this.cuts === 0 ? whole(this.auditd.stored) : [...whole(this.auditd.stored), ...glued(this.auditd.stored)]
  }

  /** Everything works from now on. */
  rest(): void {
    this.auditd.disk = 'ok'
    this.give({ kind: 'resume' })
    for (let round = 0; round < 200 && this.settledSeq < this.fed; round++) {
      this.connect()
      // The greeting, what it lets out, and what that lets out.
      for (let turn = 0; turn < 3; turn++) this.deliver()
      if (Number.isFinite(this.sender.deadlineMs)) this.time(Math.max(0, this.sender.deadlineMs - this.nowMs))
    }
  }

  #run(effect: SenderEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.connects++
        this.#connection = { serve: this.auditd.accept(), reader: new RmwReader() }
        return this.give({ kind: 'connected' })
      case 'close':
        this.closes.push(effect.why)
        return this.cut(effect.why)
      case 'send':
        this.#out.push(...effect.frames.map((frame) => Buffer.from(frame)))
        return
      case 'settled':
        this.settledSeq = effect.seq
        return this.#eachSettled(effect.seq)
      case 'says':
        this.says.push(effect.what)
        return
    }
    effect satisfies never
  }
}

function textOf(seq: number): string {
  return `type=${seq % 7 === 0 ? '1320' : 'USER'} record ${seq}`
}

/** The seqs that auditd has to have. */
function owed(upTo: number): string[] {
  return Array.from({ length: upTo }, (_, index) => index + 1)
    .filter((seq) => seq % 5 !== 0 && seq % 7 !== 0)
    .map(textOf)
}

void test('a heartbeat first, then as many as the window allows, in order', (t) => {
  const scene = new Scene()
  scene.feed(10)
  t.same([scene.sender.state, scene.sender.room, scene.sent], ['down', 0, 0])
  scene.connect()
  t.same([scene.sender.state, scene.sent], ['opening', 1], 'only the heartbeat')
  scene.deliver()
  t.same([scene.auditd.heartbeats, scene.sender.state, scene.says], [1, 'up', ['well']])
  t.equal(scene.sent, 4)
  t.equal(scene.settledSeq, 0)
  scene.deliver(2, 1)
  t.same([scene.settledSeq, scene.sender.room], [2, 2])
  scene.feed(10)
  scene.rest()
  t.same(scene.auditd.stored, owed(scene.fed))
  t.end()
})

void test('an answer settles all that was sent before it, and so does a heartbeat', (t) => {
  const scene = new Scene({ window: 8 })
  scene.connect()
  scene.deliver()
  scene.feed(5)
  scene.answer(rmw(0x40000000, 3 + 1))
  t.equal(scene.settledSeq, 3)
  t.equal(scene.sender.deadlineMs, scene.nowMs + 500, 'and half of the time later it asks')
  scene.time(499)
  t.equal(scene.sent, 4)
  scene.time(1)
  t.equal(scene.sent, 5)
  scene.answer(rmw(0x40000000, 0))
  t.equal(scene.settledSeq, 5, 'with the one that was not for auditd')
  t.same(scene.closes, [])
  t.end()
})

void test('silence ends a connection, and what was unanswered is sent again by its numbers', (t) => {
  const scene = new Scene()
  scene.connect()
  scene.deliver()
  scene.feed(3)
  scene.deliver(Infinity, 0)
  scene.time(500)
  scene.time(499)
  t.same(scene.closes, [])
  scene.time(1)
  t.same(scene.closes, ['no answer'])
  t.equal(scene.sender.state, 'down')
  scene.connect()
  t.equal(scene.sent, 1, 'a heartbeat')
  scene.deliver()
  scene.deliver()
  t.same(scene.auditd.stored, [...owed(3), ...owed(3)])
  t.equal(scene.settledSeq, 3)
  t.end()
})

void test('a server that accepts and never answers gets heartbeats alone', (t) => {
  const scene = new Scene()
  scene.feed(4)
  for (let round = 0; round < 5; round++) {
    scene.connect()
    t.equal(scene.sent, 1)
    scene.time(1000)
  }
  t.same(scene.closes, ['no answer', 'no answer', 'no answer', 'no answer', 'no answer'])
  t.same(scene.says, ['startup-failure'], 'said once')
  t.end()
})

void test('a connection that does not come about', (t) => {
  const scene = new Scene()
  const silent = new RmwSender(OPTIONS)
  const at = (nowMs: number): { nowMs: number; fraction: number } => ({ nowMs, fraction: 0.5 })
  t.same(silent.on({ kind: 'time' }, at(0)), [{ kind: 'connect' }])
  t.same(silent.on({ kind: 'time' }, at(14_999)), [])
  t.same(silent.on({ kind: 'time' }, at(15_000)), [{ kind: 'close', why: 'no connection in time' }])
  t.same(silent.on({ kind: 'time' }, at(99_000)), [], 'until it is told')
  t.equal(silent.deadlineMs, Infinity)
  t.same(silent.on({ kind: 'connected' }, at(99_000)), [], 'too late')
  silent.on({ kind: 'closed', why: '' }, at(99_000))
  t.equal(silent.deadlineMs, 99_250)
  t.same(silent.on({ kind: 'closed', why: '' }, at(99_001)), [], 'told twice')

  const waits: number[] = []
  for (let round = 0; round < 10; round++) {
    scene.connect()
    scene.cut('refused')
    waits.push(scene.sender.deadlineMs - scene.nowMs)
  }
  t.same(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  scene.rest()
  scene.connect()
  scene.deliver()
  t.equal(scene.says.at(-1), 'well')
  for (let round = 0; round < 3; round++) {
    scene.connect()
    scene.cut('refused')
  }
  t.same(scene.says, ['startup-failure', 'well', 'network-failure'])
  t.end()
})

void test('DISKLOW is stored; DISKFULL is kept and tried alone after a while', (t) => {
  const scene = new Scene({ window: 8 })
  scene.connect()
  scene.deliver()
  scene.auditd.disk = 'low'
  scene.feed(2)
  scene.deliver()
  t.same([scene.settledSeq, scene.says], [2, ['well', 'disk-low']])
  scene.auditd.disk = 'full'
  scene.feed(4)
  scene.deliver(1)
  scene.auditd.disk = 'ok'
  scene.deliver()
  const ragged = `${PIECE}${textOf(4)}`
  t.same(scene.auditd.stored, [textOf(1), textOf(2), ragged, textOf(6)], 'what was sent behind it was stored')
  t.equal(scene.settledSeq, 2)
  t.same(scene.says, ['well', 'disk-low', 'disk-full'])
  scene.feed(4)
  t.equal(scene.sent, 0, 'nothing more for now')
  scene.auditd.disk = 'error'
  scene.time(750)
  t.equal(scene.sent, 1, 'an empty line alone')
  scene.deliver()
  t.equal(scene.says.at(-1), 'disk-error')
  t.equal(scene.sender.deadlineMs, scene.nowMs + 1500, 'and longer')
  scene.auditd.disk = 'ok'
  scene.rest()
  t.same(whole(scene.auditd.stored).toSorted(), owed(scene.fed).toSorted(), 'all of it whole, once')
  t.equal(scene.says.at(-1), 'well')
  t.same(scene.closes, [])
  t.end()
})

void test('ENDING: nothing unanswered counts', (t) => {
  const scene = new Scene()
  scene.connect()
  scene.deliver()
  scene.feed(3)
  scene.answer(rmw(0x40000001, 0))
  t.same([scene.settledSeq, scene.closes, scene.says], [0, ['the other side stops'], ['well', 'remote-ending']])
  scene.rest()
  t.same(scene.auditd.stored, owed(3))
  t.equal(scene.says.at(-1), 'well')
  t.end()
})

void test('what is no answer to anything ends the connection', (t) => {
  const nonsense: readonly (readonly [Buffer, string])[] = [
    [rmw(0, 2, 'x'), 'a message of type 0x0 came'],
    [rmw(0x40000007, 2), 'a message of type 0x40000007 came'],
    [rmw(0x40000000, 99), 'an answer to message 99 came, which was not asked for'],
    [rmw(0x60000001, 99), 'an answer to message 99 came, which was not asked for'],
    [rmw(0x40000000, 0), 'an answer to message 0 came, which was not asked for'],
    [rmw(0x60000001, 0), 'an answer to message 0 came, which was not asked for'],
  ]
  for (const [bytes, why] of nonsense) {
    const scene = new Scene()
    scene.connect()
    scene.deliver()
    scene.feed(3)
    scene.answer(Buffer.concat([bytes, rmw(0x40000000, 4)]))
    t.same([scene.closes, scene.settledSeq], [[why], 0], why)
  }
  const early = new Scene()
  early.feed(3)
  early.connect()
  early.answer(rmw(0x40000000, 2))
  t.same([early.closes.length, early.settledSeq], [1, 0], 'an answer before anything was sent')
  t.end()
})

void test('unknown refusals are kept, unknown warnings are stored', (t) => {
  const scene = new Scene()
  scene.connect()
  scene.deliver()
  scene.feed(2)
  scene.answer(rmw(0x50000077, 2, 'careful'))
  scene.answer(rmw(0x60000077, 3, 'no'))
  t.same([scene.settledSeq, scene.says], [1, ['well', 'generic-warning', 'generic-error']])
  t.end()
})

void test('heartbeats when there is nothing else', (t) => {
  const scene = new Scene({ heartbeatMs: 3000 })
  scene.connect()
  scene.deliver()
  t.equal(scene.sender.deadlineMs, 3000)
  scene.time(3000)
  t.equal(scene.sent, 1)
  scene.deliver()
  t.same([scene.auditd.heartbeats, scene.sender.deadlineMs], [2, 6000])
  scene.time(3000)
  scene.time(1000)
  t.same(scene.closes, ['no answer'], 'a half-open connection')
  t.equal(new Scene().sender.deadlineMs, 0)
  t.end()
})

void test('suspended: what is on its way is still settled', (t) => {
  const scene = new Scene()
  scene.connect()
  scene.deliver()
  scene.feed(2)
  scene.give({ kind: 'suspend' })
  t.equal(scene.sender.state, 'suspended')
  scene.feed(2)
  scene.deliver()
  t.same([scene.settledSeq, scene.sent], [2, 0])
  scene.give({ kind: 'resume' })
  t.equal(scene.sent, 2)
  t.end()
})

void test('whatever happens, nothing is lost, and repeated only when a connection breaks', (t) => {
  const disks: readonly ShamDisk[] = ['ok', 'ok', 'low', 'full', 'error']
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('feed' as const), count: fc.nat(9) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), there: fc.nat(5), back: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('disk' as const), disk: fc.constantFrom(...disks) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat(1500) }) },
    { weight: 4, arbitrary: fc.constant({ kind: 'connect' as const }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'cut' as const }, { kind: 'ending' as const }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'suspend' as const }, { kind: 'resume' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'resume' as const }) },
  )
  let stored = 0
  let repeated = 0
  let pieces = 0
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 30, maxLength: 90, size: 'max' }),
      fc.constantFrom(1, 3, 8),
      (steps, window) => {
        const wrong: string[] = []
        const scene = new Scene({ window, heartbeatMs: 700 }, (seq) => {
          const there = new Set(scene.there())
          wrong.push(...owed(seq).filter((record) => !there.has(record)))
        })
        scene.feed(window)
        scene.connect()
        scene.deliver()
        for (const each of steps) {
          if (each.kind === 'feed') scene.feed(each.count)
          else if (each.kind === 'deliver') scene.deliver(each.there, each.back)
          else if (each.kind === 'disk') scene.auditd.disk = each.disk
          else if (each.kind === 'time') scene.time(each.ms)
          else if (each.kind === 'cut') scene.cut()
          else if (each.kind === 'ending') scene.answer(rmw(0x40000001, 0))
          else if (each.kind === 'connect') scene.connect()
          else scene.give(each)
          if (scene.sender.room < 0 || scene.sender.room > window) wrong.push(`room for ${scene.sender.room}`)
        }
        const cuts = scene.cuts
        // What is stored right behind a refusal is sent again, as it may be glued.
        const recoveries = 1 + steps.filter(({ kind }) => kind === 'disk').length
        scene.rest()
        const there = new Set(scene.there())
        const twice = whole(scene.auditd.stored).length - new Set(whole(scene.auditd.stored)).size
        stored += there.size
        pieces += glued(scene.auditd.stored).length
        repeated += twice
        return (
          wrong.length === 0 &&
          scene.settledSeq === scene.fed &&
          there.size === owed(scene.fed).length &&
          twice <= cuts * window + recoveries
        )
      },
    ),
    { numRuns: 2000, seed: 4 },
  )
  t.ok(stored > 10_000 && repeated > 300 && pieces > 50, `${stored} stored, ${repeated} again, ${pieces} glued`)
  t.end()
})
