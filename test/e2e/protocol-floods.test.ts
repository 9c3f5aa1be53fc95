// Plugins that send as fast as they may: two that flood each other, one of them stopped for a while, and a million records
// into one that acknowledges. Nothing stands still for ever, everything is settled, and memory has its bounds.

import { writeFileSync } from 'node:fs'
import t from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'

const MIB = 1024 * 1024
const FLOOD = 60_000
const MILLION = 1_000_000

void t.test('two that flood each other, one of them stopped for a while', async (t) => {
  for (const policy of ['drop-newest', 'block']) {
    const place = new Place(t)
    const gate = place.path('gate')
    for (const name of ['one', 'other']) {
      place.plugin(
        name,
        'floods-and-acks.js',
        [place.path(name), String(FLOOD), gate],
        ['format = protocol', 'direction = both', 'q_depth = 5000', `overflow_action = ${policy}`],
      )
    }
    const daemon = new Daemon(t, place, { args: ['--input', 'none'] })
    await daemon.running('one', 'other')
    await daemon.until(() => place.size('one') > 0 && place.size('other') > 0, 'both are in full flow')
    await daemon.stopPlugin('one')
    // However far they have come: half of it they send only now.
    writeFileSync(gate, '')
    await daemon.ledgerWhen('other', ({ fields }) => fields['unsettled'] !== '0')
    t.pass(`${policy}: a stopped plugin holds the other up`)
    daemon.wakePlugin('one')
    for (const name of ['one', 'other']) {
      await daemon.until(() => place.read(name).includes(`settled ${FLOOD}\n`), `${policy}: all of ${name} is settled`)
    }
    daemon.signal('SIGTERM')
    t.match(await daemon.ended(), { code: 0 })
    for (const name of ['one', 'other']) {
      t.equal(place.read(name).toString(), `settles\nsettled ${FLOOD}\ngot ${FLOOD} up to ${FLOOD} in order\n`, policy)
      t.match(daemon.ledger(name), { in: 2 * FLOOD, delivered: FLOOD, filtered: FLOOD, dropped: 0, balanced: true })
      t.match(daemon.ledger(name).fields, { taken: String(FLOOD), busy: '0', unsettled: '0' })
    }
  }
})

void t.test('a million records from one plugin to another that acknowledges', async (t) => {
  const place = new Place(t)
  place.plugin(
    'sender',
    'floods-and-acks.js',
    [place.path('sender'), String(MILLION)],
    ['format = protocol', 'direction = in'],
  )
  place.plugin('taker', 'floods-and-acks.js', [place.path('taker'), '0'], ['format = protocol'])
  const daemon = new Daemon(t, place, { args: ['--input', 'none'] })
  await daemon.running('sender', 'taker')
  const idle = daemon.memory('VmHWM')
  await daemon.until(() => place.read('sender').includes('settled'), 'the million is settled')
  t.ok(daemon.memory('VmHWM') - idle < 64 * MIB, 'in bounded memory')
  daemon.signal('SIGTERM')
  t.match(await daemon.ended(), { code: 0 })
  t.equal(daemon.ledger('taker').fields['restarts'], '0')
  t.equal(place.read('taker').toString(), `got ${MILLION} up to ${MILLION} in order\n`)
  t.match(daemon.ledger('taker'), { in: MILLION, delivered: MILLION, dropped: 0, queued: 0, balanced: true })
  t.match(daemon.ledger('sender').fields, { taken: String(MILLION), unsettled: '0' })
})
