// Plugins that send records: as lines, or in the line protocol with acknowledgement.

import t from 'tap'
import { Daemon } from './daemon.js'
import { endAtSigterm, keeper, kept, NO_INPUT } from './keeper.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'
import { frames, range, recordText, serialsIn, textOf } from './records.js'

const WINDOW = 4096
/** What one read may bring beyond the window, in records of counts-to.js, and what a pipe gives up in one go at most. */
const MOST_BEYOND = 2000

/** A plugin that sends `count` records as fast as they are taken from it. */
function counter(place: Place, name: string, count: number, direction: 'in' | 'both'): void {
  const args = [place.path(name), String(count)]
  place.plugin(name, 'counts-to.js', args, ['format = protocol', `direction = ${direction}`])
}

void t.test('lines of a string plugin are records, and who sent them is their source', async (t) => {
  const place = new Place(t)
  const producer = new Puppet(t, place, 'producer', ['format = string', 'direction = in'])
  place.tee('all')
  place.tee('only', ['subscribe = source=producer'])
  place.tee('not', ['subscribe = !source=producer'])
  keeper(place, 'both', ['subscribe = source=producer,auditd'])
  const daemon = new Daemon(t, place)
  await daemon.running('producer', 'all', 'only', 'not', 'both')
  await daemon.write(frames(1, 2))
  await daemon.has('all', textOf(1, 2).length)
  producer.says(recordText(3), 'this is no record', `${recordText(4)}\0\0`, '', recordText(5))
  await daemon.has('all', textOf(1, 5).length)
  t.match(await daemon.says(['plugin sends what is no record']), [/plugin=producer count=1 line="this is no record"/])
  await daemon.write(frames(6, 6))
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('all').equals(textOf(1, 6)))
  t.ok(place.read('only').equals(textOf(3, 5)))
  t.same(serialsIn(place.read('not')).serials, [1, 2, 6])
  t.same(kept(place, 'both'), range(1, 6))
  t.same(producer.heard, [], 'it gets nothing')
  t.match(daemon.ledger('producer').fields, { taken: '3', bad: '1', unsettled: '0' })
})

void t.test('a plugin gets what others send, and never what it has sent itself', async (t) => {
  const place = new Place(t)
  const [one, other] = [
    new Puppet(t, place, 'one', ['direction = both']),
    new Puppet(t, place, 'other', ['direction = both']),
  ]
  const plain = new Puppet(t, place, 'plain', ['format = string', 'direction = both'])
  const daemon = new Daemon(t, place)
  await daemon.running('plain')
  await one.opens(daemon)
  await other.opens(daemon)
  one.says('# only a comment', `RECORD 7 ${recordText(101)}`)
  await one.hears(daemon, 'ACK 7')
  await other.hears(daemon, `RECORD 1 ${recordText(101)}`)
  await daemon.until(() => plain.heard.length === 1, 'the string plugin has it too')
  other.says(`RECORD 1 ${recordText(102)}`)
  await one.hears(daemon, `RECORD 2 ${recordText(102)}`)
  plain.says(recordText(103))
  await one.hears(daemon, `RECORD 3 ${recordText(103)}`)
  await other.hears(daemon, `RECORD 3 ${recordText(103)}`)
  await daemon.write(frames(1, 1))
  await daemon.until(() => plain.heard.length === 3, 'and what others send')
  t.match(await daemon.finish(), { code: 0 })
  t.same(one.seqs, [2, 3, 4])
  t.same(other.seqs, [1, 3, 4])
  t.same(plain.heard, [recordText(101), recordText(102), recordText(1)])
  for (const name of ['one', 'other', 'plain']) {
    t.match(daemon.ledger(name), { in: 4, delivered: 3, filtered: 1, dropped: 0, balanced: true })
  }
})

void t.test('ACK comes when each that acknowledges has done so; with no taker at once', async (t) => {
  const elsewhere = new Place(t)
  const lone = new Puppet(t, elsewhere, 'source', ['direction = in'])
  const alone = new Daemon(t, elsewhere, NO_INPUT)
  await lone.opens(alone)
  lone.sends(1, 5)
  await lone.hears(alone, 'ACK 5')
  await endAtSigterm(t, alone)

  const place = new Place(t)
  const source = new Puppet(t, place, 'source', ['direction = in'])
  const sink = new Puppet(t, place, 'sink')
  place.tee('plain')
  const daemon = new Daemon(t, place, NO_INPUT)
  await source.opens(daemon)
  await sink.opens(daemon, 'READY 1 ack')
  source.sends(1, 3)
  source.says('RECORD 4 this is no record')
  source.sends(5, 6)
  await sink.hears(daemon, 'RECORD 5 ')
  t.same(await source.hears(daemon, 'ERR 4 bad-record '), [
    'ERR 4 bad-record not [node=NAME ]type=NAME msg=audit(sec.msec:serial): ...',
  ])
  t.same(
    source.heard.filter((line) => line.startsWith('ACK ')),
    [],
  )
  sink.says('ACK 2')
  await source.hears(daemon, 'ACK 2')
  sink.says('ACK 3')
  await source.hears(daemon, 'ACK 4')
  t.notOk(source.heard.includes('ACK 3'), 'the bad one is settled with those before it')
  sink.says('ACK 5')
  await source.hears(daemon, 'ACK 6')
  t.equal(source.heard.at(-1), 'ACK 6')
  await endAtSigterm(t, daemon)
  t.equal(source.heard.at(-1), 'STOP')
  t.match(daemon.ledger('sink'), { in: 5, delivered: 5, balanced: true })
  t.same(serialsIn(place.read('plain')).serials, [1, 2, 3, 5, 6])
})

void t.test(
  'as much as in-window may be unsettled: then one that sends is not read, one that does both is told',
  async (t) => {
    for (const direction of ['in', 'both'] as const) {
      const place = new Place(t)
      const count = 30_000
      keeper(place, 'sink')
      const daemon = new Daemon(t, place, NO_INPUT)
      await daemon.ready('sink')
      await daemon.stopPlugin('sink')
      counter(place, 'source', count, direction)
      daemon.signal('SIGHUP')
      await daemon.running('source')
      const { fields } = await daemon.ledgerWhen('source', (ledger) => Number(ledger.fields['unsettled']) >= WINDOW)
      const unsettled = Number(fields['unsettled'])
      if (direction === 'both') t.equal(unsettled, WINDOW)
      else t.ok(unsettled < WINDOW + MOST_BEYOND, `${unsettled} are unsettled`)
      if (direction === 'both') await daemon.until(() => place.read('source').includes(' busy '), 'it is told')
      daemon.wakePlugin('sink')
      const isOver = (): boolean => {
        const heard = place.read('source').toString().trimEnd().split('\n')
        return heard.some((line) => line === `ACK ${count}` || line.startsWith(`ERR ${count} busy`))
      }
      await daemon.until(isOver, 'the last is answered')
      await daemon.ledgerWhen('source', (ledger) => ledger.fields['unsettled'] === '0')
      await endAtSigterm(t, daemon)
      const { taken, busy } = daemon.ledger('source').fields
      t.equal(Number(taken) + Number(busy), count, `${direction}: ${busy} were answered busy`)
      t.equal(Number(busy) > 0, direction === 'both')
      t.equal(kept(place, 'sink').length, Number(taken), 'and what was taken has come')
      t.match(daemon.ledger('sink'), { in: Number(taken), delivered: Number(taken), balanced: true })
    }
  },
)

void t.test('a full queue with `block` holds plugins that send', async (t) => {
  const place = new Place(t)
  const count = 10_000
  place.tee('blocks', ['q_depth = 1000', 'overflow_action = block'])
  const lines = new Puppet(t, place, 'lines', ['format = string', 'direction = in'])
  const daemon = new Daemon(t, place, NO_INPUT)
  await daemon.running('blocks', 'lines')
  await daemon.stopPlugin('blocks')
  counter(place, 'source', count, 'in')
  daemon.signal('SIGHUP')
  await daemon.running('source')
  await daemon.ledgerWhen('blocks', ({ queued }) => queued >= 1000)
  lines.sends(1, 1)
  t.ok(Number((await daemon.ledgerNow('source')).fields['taken']) < 2 * MOST_BEYOND + 1000)
  t.equal((await daemon.ledgerNow('lines')).fields['taken'], '0')
  const late = new Puppet(t, place, 'late', ['direction = in'])
  daemon.signal('SIGHUP')
  await late.opens(daemon)
  await daemon.ready('late')
  t.ok((await daemon.ledgerNow('blocks')).queued >= 1000, 'its READY is heard although nobody may send')
  daemon.wakePlugin('blocks')
  await daemon.until(() => place.read('source').includes(`ACK ${count}\n`), 'all are settled')
  await endAtSigterm(t, daemon)
  t.match(daemon.ledger('blocks'), { in: count, delivered: count, dropped: 0, balanced: true })
  t.match(daemon.ledger('lines').fields, { taken: '0', bad: '1' }, 'RECORD 1 … is no record of a string plugin')
})

void t.test('fed by plugins alone it ends at SIGTERM, with everything delivered', async (t) => {
  const place = new Place(t)
  const source = new Puppet(t, place, 'source', ['direction = in'])
  keeper(place, 'sink')
  place.tee('plain')
  const daemon = new Daemon(t, place, NO_INPUT)
  await source.opens(daemon)
  await daemon.running('sink', 'plain')
  source.sends(1, 500)
  await daemon.until(() => kept(place, 'sink').length > 0, 'records pass')
  await source.hears(daemon, 'ACK 500')
  await endAtSigterm(t, daemon)
  t.same(kept(place, 'sink'), range(1, 500))
  t.ok(place.read('plain').equals(textOf(1, 500)))
  t.equal(source.heard.at(-1), 'STOP')
})

void t.test('what is sent behind STOP still reaches everybody', async (t) => {
  const place = new Place(t)
  const says = (n: number): string => `echo "RECORD ${n} ${recordText(n)}"`
  const script = place.program(
    'last.sh',
    `#!/bin/sh\nread hello\necho "READY 1"\nwhile read line; do test "$line" = STOP && break; done\n` +
      `${says(1)}\n${says(2)}\nprintf "RECORD 3 type=USER msg=audit(1.2:3): torn"\n`,
  )
  place.dropIn('source', [`path = ${script}`, 'format = protocol', 'direction = in'])
  place.tee('plain')
  keeper(place, 'sink')
  const daemon = new Daemon(t, place)
  await daemon.running('source', 'plain', 'sink')
  await daemon.ready('source')
  t.match(await daemon.finish(), { code: 0 })
  t.same(kept(place, 'sink'), [1, 2])
  t.ok(place.read('plain').equals(textOf(1, 2)))
  t.equal(daemon.lines('plugin ended in the middle of a line', 'plugin=source').length, 1)
  t.equal(daemon.lines('plugin died').length, 0)
})
