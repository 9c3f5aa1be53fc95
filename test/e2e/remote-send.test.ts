// remote-send under its dispatcher, killed and cut: what it has acknowledged is at the collector once, in order.

import { existsSync, readFileSync, statSync } from 'node:fs'
import t from 'tap'
import type { Test } from 'tap'
import { Random } from '../protocol/random.js'
import { Collector } from './collector.js'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, range, serialsIn } from './records.js'
import { configure, remoteSend } from './remote-send-place.js'

function serials(collector: Collector): number[] {
  return serialsIn(Buffer.from(collector.receiver.lines.map((line) => `${line}\n`).join(''))).serials
}

/** What the status says to be in the spool. */
function durableIn(place: Place): number {
  const [, durable] = /"durable":(\d+)/.exec(place.read('spool/status.json').toString()) ?? []
  return Number(durable)
}

async function begin(
  test: Test,
  lines: readonly string[] = [],
): Promise<{ place: Place; collector: Collector; daemon: Daemon }> {
  const place = new Place(test)
  const collector = new Collector(test)
  await collector.listen()
  remoteSend(place, [`server = 127.0.0.1:${collector.port}`, ...lines])
  const daemon = new Daemon(test, place)
  await daemon.running('remote-send')
  return { place, collector, daemon }
}

async function arrives(daemon: Daemon, collector: Collector, count: number): Promise<void> {
  await daemon.until(() => collector.receiver.lines.length >= count, `${count} records are at the collector`)
}

void t.test('records go to the collector, and at the end nothing waits for it', async (t) => {
  const { place, collector, daemon } = await begin(t)
  await daemon.write(frames(1, 500))
  await arrives(daemon, collector, 500)
  await collector.close()
  await daemon.write(frames(501, 600))
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('remote-send'), { in: 600, delivered: 600, dropped: 0, queued: 0, balanced: true })
  t.same(serials(collector), range(1, 500))
  const status: unknown = JSON.parse(readFileSync(place.path('spool/status.json'), 'utf8'))
  t.match(status, { program: 'remote-send', state: 'stopped', streams: [{ durable: 600 }] })
  t.equal(statSync(place.path('spool')).mode & 0o777, 0o700)

  await collector.listen()
  const next = new Daemon(t, place)
  await arrives(next, collector, 600)
  t.match(await next.finish(), { code: 0 })
  t.same(serials(collector), range(1, 600), 'the next process sends what is left')
  t.same(collector.receiver.wrong, [])
})

void t.test('killed again and again, the connections cut: each record once', async (t) => {
  const { collector, daemon } = await begin(t)
  const random = new Random(7)
  let sent = 0
  for (let kill = 0; kill < 8; kill++) {
    const pid = daemon.pidOf('remote-send')
    const count = 200 + random.below(400)
    const first = random.below(count)
    await daemon.write(frames(sent + 1, sent + first))
    const rest = daemon.write(frames(sent + first + 1, sent + count))
    const isCut = random.below(3) === 0
    if (isCut) collector.cut()
    else process.kill(pid, 'SIGKILL')
    await rest
    if (!isCut) await daemon.runningAnew('remote-send', pid)
    sent += count
    await arrives(daemon, collector, sent - count)
  }
  await arrives(daemon, collector, sent)
  t.match(await daemon.finish(), { code: 0 })
  t.same(serials(collector), range(1, sent))
  t.same(collector.receiver.wrong, [])
  t.match(daemon.ledger('remote-send'), { in: sent, delivered: sent, dropped: 0, balanced: true })
})

void t.test(
  'its dispatcher is killed: what was acknowledged arrives, and what another run sends comes behind it',
  async (t) => {
    const { place, collector, daemon } = await begin(t)
    await daemon.write(frames(1, 1000))
    await arrives(daemon, collector, 300)
    daemon.child.kill('SIGKILL')
    await daemon.ended()
    const next = new Daemon(t, place)
    await next.running('remote-send')
    await next.write(frames(2001, 2100))
    await next.until(() => serials(collector).includes(2100), 'the records of the next run')
    t.match(await next.finish(), { code: 0 })
    const seen = serials(collector)
    const before = seen.filter((serial) => serial <= 1000)
    t.same(before, range(1, before.length))
    t.same(seen.slice(before.length), range(2001, 2100))
  },
)

void t.test('a reload takes another collector; with mistakes the old one stays', async (t) => {
  const { place, collector, daemon } = await begin(t)
  await daemon.write(frames(1, 10))
  await arrives(daemon, collector, 10)
  configure(place, ['server = nowhere:0', 'windou = 3'])
  daemon.signal('SIGHUP')
  await daemon.says(['the configuration has mistakes'])
  await daemon.says(['remote-send.conf:5', 'did you mean'])
  await daemon.write(frames(11, 20))
  await arrives(daemon, collector, 20)
  const other = new Collector(t)
  await other.listen()
  for (const [stream, kept] of collector.receiver.streams) other.receiver.streams.set(stream, kept)
  configure(place, [`server = 127.0.0.1:${other.port}`])
  daemon.signal('SIGHUP')
  await daemon.until(() => other.connections === 1 && collector.connections === 0, 'the other one is connected to')
  await daemon.write(frames(21, 30))
  await arrives(daemon, other, 30)
  t.same(serials(other), range(1, 30))
  t.match(await daemon.finish(), { code: 0 })
})

void t.test(
  "the collector's disk: what the admin of this machine wants is done, and no record is given up",
  async (t) => {
    const place = new Place(t)
    place.settings(`self_events = no\n[action note]\npath = /usr/bin/touch\nargs = ${place.path('noted')}\n`)
    const collector = new Collector(t)
    await collector.listen()
    const lines = [`server = 127.0.0.1:${collector.port}`, 'disk_low_action = exec note', 'disk_full_action = suspend']
    remoteSend(place, lines, ['allow = action:note'])
    const daemon = new Daemon(t, place)
    await daemon.running('remote-send')
    await daemon.write(frames(1, 10))
    await arrives(daemon, collector, 10)
    for (const session of collector.receiver.sessions) session.say({ type: 'status', state: 'low' })
    await daemon.until(() => existsSync(place.path('noted')), 'the action is run')
    for (const session of collector.receiver.sessions) session.say({ type: 'status', state: 'full' })
    await daemon.says(['sending stops, as the admin wants', 'disk-full'])
    await daemon.write(frames(11, 20))
    await daemon.until(() => place.size('spool/status.json') > 0 && durableIn(place) === 20, 'all are in the spool')
    t.equal(collector.receiver.lines.length, 10)
    daemon.signalPlugin('remote-send', 'SIGUSR2')
    await arrives(daemon, collector, 20)
    t.match(await daemon.finish(), { code: 0 })
    t.same(serials(collector), range(1, 20))
  },
)

void t.test('what is wrong with the configuration is told with its line, and it is not started again', async (t) => {
  const place = new Place(t)
  remoteSend(place, ['server = 127.0.0.1:1', 'max_bites = 1G'])
  const daemon = new Daemon(t, place)
  await daemon.says(['remote-send.conf:5: max_bites'])
  await daemon.says(['plugin failed'])
  t.equal(daemon.lines('plugin started').length, 1)
  configure(place, ['server = 127.0.0.1:1'])
  daemon.signal('SIGHUP')
  t.match(await daemon.finish(), { code: 0 })
})
