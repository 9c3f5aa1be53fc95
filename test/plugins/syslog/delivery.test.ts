// Delivery with a clock, servers and a kernel of the test's own.

import { test } from 'tap'
import type { Carrier, CarrierEvents } from '../../../plugins/syslog/carrier.js'
import { DEFAULT_CONFIG, placeText, type SyslogConfig } from '../../../plugins/syslog/config.js'
import { Delivery } from '../../../plugins/syslog/delivery.js'
import type { Entry } from '../../../plugins/syslog/format.js'
import { News } from '../../../plugins/syslog/news.js'
import { Outbox } from '../../../plugins/syslog/outbox.js'
import { Tally } from '../../../plugins/syslog/tally.js'

const ANY = Buffer.alloc(100)
const TWO = [
  { kind: 'tcp', host: 'a', port: 601 },
  { kind: 'tcp', host: 'b', port: 601 },
] as const

/** A connection that the test answers for. */
class PlayedCarrier implements Carrier {
  readonly sent: number[] = []
  readonly server: string
  readonly events: CarrierEvents
  state: 'opening' | 'open' | 'asked' | 'gone' = 'opening'

  constructor(server: string, events: CarrierEvents) {
    this.server = server
    this.events = events
  }

  open(confirms = true): void {
    this.state = 'open'
    this.events.opened({ confirms, burst: Infinity })
  }

  send(entries: readonly Entry[]): boolean {
    this.sent.push(...entries.map(({ seq }) => seq))
    return true
  }

  confirm(): void {
    this.state = 'asked'
  }

  destroy(): void {
    this.state = 'gone'
  }

  break(why = 'gone'): void {
    this.state = 'gone'
    this.events.closed({ kind: 'broken', why })
  }

  prove(): void {
    this.state = 'gone'
    this.events.closed({ kind: 'proved' })
  }
}

class Site {
  nowMs = 0
  readonly timers = new Map<symbol, { readonly atMs: number; readonly call: () => void }>()
  readonly carriers: PlayedCarrier[] = []
  readonly told: string[] = []
  readonly tally = new Tally()
  readonly outbox: Outbox
  readonly delivery: Delivery
  acked = 0
  #seq = 0

  constructor(change: Partial<SyslogConfig> = {}) {
    const config: SyslogConfig = { ...DEFAULT_CONFIG, ...change }
    this.outbox = new Outbox(() => config.bufferBytes)
    const clock = {
      monotonicMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      after: (ms: number, call: () => void) => {
        const id = Symbol(String(ms))
        this.timers.set(id, { atMs: this.nowMs + ms, call })
        return () => {
          this.timers.delete(id)
        }
      },
    }
    const world = {
      clock,
      random: { fraction: () => 1, bytes: (count: number) => Buffer.alloc(count) },
      open: (place: SyslogConfig['servers'][0], events: CarrierEvents) => {
        const carrier = new PlayedCarrier(placeText(place), events)
        this.carriers.push(carrier)
        return carrier
      },
      acknowledge: (seq: number) => {
        this.acked = seq
      },
      roomFreed: () => {},
    }
    const news = new News((_level, text, fields) => this.told.push(`${text} ${JSON.stringify(fields)}`), this.tally)
    this.delivery = new Delivery(world, config, this.outbox, this.tally, news)
    this.delivery.begin()
  }

  get carrier(): PlayedCarrier {
    const last = this.carriers.at(-1)
    if (last === undefined) throw new Error('nothing was opened')
    return last
  }

  give(count: number): void {
    for (let left = count; left > 0; left--) this.outbox.push({ line: ANY, seq: ++this.#seq, kind: 'record' })
    this.delivery.pump()
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const due = [...this.timers].filter(([, { atMs }]) => atMs <= endMs).toSorted((a, b) => a[1].atMs - b[1].atMs)[0]
      if (due === undefined) break
      this.timers.delete(due[0])
      this.nowMs = due[1].atMs
      due[1].call()
    }
    this.nowMs = endMs
  }
}

void test('what is unproven when a connection breaks goes again, in its place', (t) => {
  const site = new Site()
  site.carrier.open()
  site.give(3)
  site.carrier.events.taken(2)
  t.equal(site.acked, 2, 'what the kernel has is acknowledged')
  site.carrier.break()
  site.give(1)
  site.pass(1000)
  t.equal(site.carriers.length, 2, 'after a pause')
  site.carrier.open()
  t.same(site.carrier.sent, [1, 2, 3, 4])
  site.carrier.events.taken(4)
  t.equal(site.acked, 4)
  t.same(site.tally.all(), { sentAgain: 3 })
  t.end()
})

void test('a server that closes when it is asked to has read everything', (t) => {
  const site = new Site({ confirmMs: 5000 })
  site.carrier.open()
  site.give(2)
  site.pass(4999)
  t.equal(site.carrier.state, 'open')
  site.pass(1)
  t.equal(site.carrier.state, 'asked')
  site.give(1)
  site.carrier.prove()
  t.equal(site.acked, 2)
  site.carrier.open()
  t.same(site.carrier.sent, [3], 'at once, and only what waited')
  site.pass(2000)
  site.carrier.break()
  site.pass(1000)
  site.carrier.open()
  t.same(site.carrier.sent, [3], 'nothing that was proven')
  site.carrier.events.taken(1)
  site.carrier.prove()
  site.carrier.open()
  site.pass(60_000)
  t.equal(site.carrier.state, 'open', 'without anything unproven nobody is asked')
  t.end()
})

void test('a proof counts only if the server is there after it: one that is killed looks the same', (t) => {
  const site = new Site({ confirmMs: 5000 })
  site.carrier.open()
  site.give(2)
  site.carrier.events.taken(2)
  site.pass(5000)
  site.carrier.prove()
  site.carrier.break('nobody is there')
  site.pass(1000)
  site.carrier.open()
  t.same(site.carrier.sent, [1, 2])
  site.carrier.events.taken(2)
  site.pass(5000)
  site.carrier.prove()
  site.carrier.open()
  site.give(1)
  site.pass(5000)
  site.carrier.prove()
  site.carrier.break('nobody is there')
  site.pass(1000)
  site.carrier.open()
  t.same(site.carrier.sent, [3], 'what came before it was proved by a server that lived on')
  t.end()
})

void test('a server is asked as soon as no more can be kept, and what waits stays in its order', (t) => {
  const site = new Site({ confirmBytes: 65_536, bufferBytes: 393_216 })
  site.carrier.open()
  site.give(1000)
  t.equal(site.carrier.state, 'asked')
  const first = site.carrier.sent.length
  t.ok(first > 300 && first < 1000 && site.outbox.unprovenBytes <= 65_536 + 65_536)
  site.carrier.prove()
  site.carrier.open()
  t.equal(site.carrier.sent[0], first + 1)
  t.end()
})

void test('where nothing can be proven the last is kept, and records go on', (t) => {
  const site = new Site({ confirmBytes: 65_536, bufferBytes: 131_072 })
  site.carrier.open(false)
  for (let round = 0; round < 20; round++) {
    site.give(100)
    site.carrier.events.taken(100)
    t.ok(site.outbox.hasRoom && site.outbox.unprovenBytes <= 65_536 + 20_000)
  }
  site.carrier.break()
  site.pass(1000)
  site.carrier.open(false)
  t.ok(site.carrier.sent.length > 50 && site.carrier.sent.length < 500, `${site.carrier.sent.length} again`)
  t.equal(site.carrier.sent.at(-1), 2000)
  t.end()
})

void test('resend = no: what the kernel has is in doubt and counted, what it has not goes again', (t) => {
  const site = new Site({ resend: false })
  site.carrier.open()
  site.give(5)
  site.carrier.events.taken(3)
  site.carrier.break()
  site.pass(1000)
  site.carrier.open()
  t.same(site.carrier.sent, [4, 5])
  t.equal(site.tally.all()['inDoubt'], 3)
  t.end()
})

void test('a server that does not close is not asked again, and told once', (t) => {
  const site = new Site({ confirmMs: 5000 })
  site.carrier.open()
  site.give(2)
  site.carrier.events.taken(2)
  site.pass(5000)
  site.carrier.events.closed({ kind: 'unanswered' })
  site.carrier.open()
  site.give(1)
  site.pass(60_000)
  t.equal(site.carrier.state, 'open')
  t.equal(site.told.filter((line) => line.includes('does not close')).length, 1)
  t.same(site.tally.all(), { unconfirmed: 2 })
  t.end()
})

void test('one that has not even taken all is a broken one', (t) => {
  const site = new Site({ confirmMs: 5000 })
  site.carrier.open()
  site.give(2)
  site.carrier.events.taken(1)
  site.pass(5000)
  site.carrier.events.closed({ kind: 'unanswered' })
  site.pass(1000)
  site.carrier.open()
  t.same(site.carrier.sent, [1, 2])
  t.end()
})

void test('a server that resets whenever it is asked is not sent the same for ever', (t) => {
  const site = new Site({ confirmMs: 5000 })
  for (let round = 0; round < 3; round++) {
    site.carrier.open()
    if (round === 0) site.give(2)
    t.same(site.carrier.sent, [1, 2])
    site.carrier.events.taken(2)
    site.pass(5000)
    site.carrier.break('reset')
    site.pass(2000)
  }
  site.carrier.open()
  t.same(site.carrier.sent, [])
  t.equal(site.tally.all()['unconfirmed'], 2)
  t.end()
})

void test('pauses grow, and the news is told once', (t) => {
  const site = new Site({ retry: { firstMs: 100, longestMs: 800 } })
  const opened: number[] = []
  for (let round = 0; round < 6; round++) {
    const before = site.nowMs
    const count = site.carriers.length
    site.carrier.break('no')
    while (site.carriers.length === count) site.pass(1)
    opened.push(site.nowMs - before)
  }
  t.same(opened, [200, 400, 800, 800, 800, 800])
  site.carrier.open()
  site.pass(2000)
  t.same(
    site.told.map((line) => line.replace(/ \{.*/, '')),
    ['no syslog server can be reached; records wait', 'a syslog server is there again'],
  )
  t.end()
})

void test('servers are tried in their order, and the first again after a while', (t) => {
  const site = new Site({ servers: TWO })
  site.carrier.break()
  t.equal(site.carrier.server, 'tcp://b:601', 'at once')
  site.carrier.open()
  site.give(1)
  site.carrier.events.taken(1)
  site.pass(2000)
  t.same(
    site.told.map((line) => line.split(' {')[0]),
    ['a syslog server is there'],
  )
  site.pass(300_000)
  if (site.carrier.state === 'asked') site.carrier.prove()
  site.carrier.open()
  site.pass(300_000)
  if (site.carrier.state === 'asked') site.carrier.prove()
  t.equal(site.carrier.server, 'tcp://a:601')
  t.end()
})

void test('the first server is still away: what the second has proved does not go again', (t) => {
  const site = new Site({ servers: TWO, confirmMs: 400_000 })
  site.carrier.break('nobody is there')
  site.carrier.open()
  site.give(2)
  site.carrier.events.taken(2)
  site.pass(300_000)
  t.equal(site.carrier.state, 'asked', 'so that the first can be tried')
  site.carrier.prove()
  t.equal(site.carrier.server, 'tcp://a:601')
  site.carrier.break('nobody is there')
  t.equal(site.carrier.server, 'tcp://b:601')
  site.carrier.open()
  t.same(site.carrier.sent, [])
  site.pass(2000)
  site.carrier.break()
  site.carrier.break('nobody is there')
  site.pass(1000)
  site.carrier.open()
  t.same(site.carrier.sent, [])
  t.same(site.tally.all(), {})
  t.end()
})

void test('the second server was killed when it was asked, and the first is still away: all goes again', (t) => {
  const site = new Site({ servers: TWO, confirmMs: 400_000 })
  site.carrier.break('nobody is there')
  site.carrier.open()
  site.give(2)
  site.carrier.events.taken(2)
  site.pass(300_000)
  site.carrier.prove()
  site.carrier.break('nobody is there')
  site.carrier.break('nobody is there')
  site.pass(1000)
  site.carrier.open()
  t.same(site.carrier.sent, [1, 2])
  t.end()
})

void test('that one server does not close is no reason not to ask another', (t) => {
  const site = new Site({ servers: TWO, confirmMs: 5000 })
  site.carrier.open()
  site.give(1)
  site.carrier.events.taken(1)
  site.pass(5000)
  site.carrier.events.closed({ kind: 'unanswered' })
  site.carrier.open()
  site.carrier.break()
  t.equal(site.carrier.server, 'tcp://b:601')
  site.carrier.open()
  site.give(1)
  site.carrier.events.taken(1)
  site.pass(5000)
  t.equal(site.carrier.state, 'asked')
  t.end()
})

void test('all that a server was given that proves nothing is counted, but for what is kept', (t) => {
  const site = new Site({ confirmBytes: 65_536, confirmMs: 5000 })
  site.carrier.open()
  site.give(1)
  site.carrier.events.taken(1)
  site.pass(5000)
  site.carrier.events.closed({ kind: 'unanswered' })
  site.carrier.open()
  for (let round = 0; round < 20; round++) {
    site.give(100)
    site.carrier.events.taken(100)
  }
  t.equal(Number(site.tally.all()['unconfirmed']) + site.outbox.unproven, 2001)
  t.ok(site.outbox.unproven < 1000)
  t.end()
})

void test('the end waits for the proof, but not for a server that is away', async (t) => {
  const site = new Site()
  site.carrier.open()
  site.give(2)
  const ended = site.delivery.end(2000)
  t.equal(site.carrier.state, 'open', 'the kernel has it not yet')
  site.carrier.events.taken(2)
  t.equal(site.carrier.state, 'asked')
  site.carrier.prove()
  await ended
  t.equal(site.outbox.waiting + site.outbox.unproven, 0)
  const away = new Site()
  away.give(1)
  away.carrier.break()
  await away.delivery.end(2000)
  t.equal(away.outbox.waiting, 1)
  t.equal(away.timers.size, 0, 'nothing goes on')
})
