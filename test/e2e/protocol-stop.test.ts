// How plugins of the line protocol are told of a reload and of their end.

import t from 'tap'
import { Daemon, isAlive } from './daemon.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'
import { frames, range, recordText } from './records.js'

/** Whole pages of a FIFO are no multiple of it, so that a full one ends within a record. */
const LONG_BYTES = 60_000
const PROTOCOL = 'format = protocol'

async function reload(daemon: Daemon, name: string, change: string): Promise<void> {
  daemon.signal('SIGHUP')
  await daemon.says(['drop-in read', `plugin=${name} `, `change=${change}`])
}

void t.test('removed by a reload: STOP comes last, and what is acknowledged after it counts', async (t) => {
  const place = new Place(t)
  place.plugin('late', 'acks-at-stop.js', [place.path('late')], [PROTOCOL])
  place.tee('neighbour')
  const daemon = new Daemon(t, place)
  await daemon.running('late', 'neighbour')
  await daemon.write(frames(1, 100))
  await daemon.until(() => place.read('late').includes('RECORD 100 '), 'it has heard the hundredth')
  t.match(await daemon.ledgerNow('late'), { delivered: 0, queued: 100 })
  place.removeDropIn('late')
  daemon.signal('SIGHUP')
  await daemon.says(['plugin stopped', 'plugin=late'])
  await daemon.says([' ledger ', 'plugin=late '], 2)
  t.match(daemon.ledger('late'), { in: 100, delivered: 100, dropped: 0, queued: 0, balanced: true })
  const heard = place.read('late').toString().trimEnd().split('\n')
  t.match(heard.at(0), /^HELLO /)
  t.match(heard.at(-1), /^STOP$/)
  t.equal(heard.length, 102)
  await daemon.write(frames(101, 110))
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('neighbour'), { in: 110, delivered: 110, dropped: 0 })
  t.equal(place.read('late').toString().trimEnd().split('\n').length, 102, 'nothing comes after STOP')
})

void t.test('who defies STOP gets SIGTERM, and then SIGKILL', async (t) => {
  const place = new Place(t)
  place.plugin('defiant', 'defies-stop.js', [], [PROTOCOL, 'stop_timeout = 1s'])
  const daemon = new Daemon(t, place)
  await daemon.running('defiant')
  await daemon.write(frames(1, 5))
  await daemon.ledgerWhen('defiant', ({ delivered }) => delivered === 5)
  const pid = daemon.pidOf('defiant')
  place.removeDropIn('defiant')
  daemon.signal('SIGHUP')
  await daemon.says(['plugin stopped', 'plugin=defiant'])
  t.notOk(isAlive(pid))
  const asked = daemon.lines('plugin says', 'asked by').map((line) => /asked by ([\w ]+)/.exec(line)?.[1])
  t.same(asked, ['STOP', 'the end of input', 'SIGTERM'])
  t.equal(daemon.lines('plugin died').length, 0, 'its end was asked for')
  t.match(await daemon.finish(), { code: 0 })
})

void t.test('unchanged it is told RELOAD, changed it is stopped and keeps what it has not acknowledged', async (t) => {
  const place = new Place(t)
  const puppet = new Puppet(t, place, 'siem')
  const daemon = new Daemon(t, place)
  await puppet.hears(daemon, 'HELLO ')
  puppet.says('READY 1 ack')
  await daemon.write(frames(1, 9))
  await puppet.hears(daemon, 'RECORD 9 ')
  puppet.says('ACK 4')
  await daemon.ledgerWhen('siem', ({ delivered }) => delivered === 4)
  await reload(daemon, 'siem', 'kept')
  await puppet.hears(daemon, 'RELOAD')
  t.equal(daemon.lines('plugin started', 'plugin=siem ').length, 1)
  puppet.dropIn(['env.CHANGED = yes'])
  await reload(daemon, 'siem', 'restarted')
  const [, hello] = await puppet.hears(daemon, 'HELLO ', 2)
  t.match(hello, / next=5 /)
  t.same(puppet.heard.slice(-2), ['STOP', hello])
  await daemon.write(frames(10, 12))
  puppet.says('READY 1 ack')
  await puppet.hears(daemon, 'RECORD 12 ')
  t.same(puppet.seqs, [...range(1, 9), ...range(5, 12)], 'with the same seqs, once, before what is new')
  puppet.says('ACK 12')
  t.match(await daemon.finish(), { code: 0 })
  t.equal(puppet.heard.at(-1), 'STOP')
  t.match(daemon.ledger('siem'), { in: 12, delivered: 12, dropped: 0, balanced: true })
  t.equal(daemon.lines('plugin died').length, 0)
})

void t.test('stopped in the middle of a long record: that is finished before STOP', async (t) => {
  const place = new Place(t)
  const puppet = new Puppet(t, place, 'siem', ['stop_timeout = 30s'])
  const daemon = new Daemon(t, place)
  await puppet.hears(daemon, 'HELLO ')
  puppet.says('READY 1')
  const longRecords = range(2, 5)
    .map((n) => `${recordText(n, LONG_BYTES)}\n`)
    .join('')
  await daemon.write(Buffer.from(`${recordText(1)}\n`))
  await puppet.hears(daemon, 'RECORD 1 ')
  await daemon.stopPlugin('siem')
  await daemon.write(Buffer.from(longRecords))
  // By then as much of them has been written as goes into the FIFO, whatever it holds on this machine, and a piece waits for room.
  const { delivered } = await daemon.ledgerWhen('siem', (ledger) => ledger.in === 5)
  t.ok(delivered < 4, 'of the long ones at least one waits behind the one that has been begun')
  place.removeDropIn('siem')
  daemon.signal('SIGHUP')
  await daemon.says(['drop-in read', 'plugin=siem', 'change=stopped'])
  daemon.wakePlugin('siem')
  await daemon.says(['plugin stopped', 'plugin=siem'])
  const heard = puppet.heard.slice(1)
  const last = delivered + 1
  t.same(
    heard.slice(0, -1),
    range(1, last).map((n) => `RECORD ${n} ${recordText(n, n === 1 ? 120 : LONG_BYTES)}`),
  )
  t.equal(heard.at(-1), 'STOP', 'behind what had been begun, and nothing else')
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('siem'), { in: 5, delivered: last, dropped: 5 - last, balanced: true })
})
