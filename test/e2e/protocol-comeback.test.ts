// What holds for a plugin over a whole run of the dispatcher, also when its drop-in leaves and comes back, and what becomes of
// one that has no voice any more.

import t from 'tap'
import { Daemon } from './daemon.js'
import { endAtSigterm, keeper, kept, NO_INPUT } from './keeper.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'
import { frames, textOf } from './records.js'

void t.test('a plugin that only gets records may have the name of a source', async (t) => {
  const place = new Place(t)
  for (const name of ['auditd', 'self']) place.tee(name)
  const daemon = new Daemon(t, place)
  await daemon.running('auditd', 'self')
  await daemon.write(frames(1, 5))
  t.match(await daemon.finish(), { code: 0 })
  for (const name of ['auditd', 'self']) t.ok(place.read(name).equals(textOf(1, 5)), name)
})

void t.test('who comes back in the same run may say from= as far as HELLO says', async (t) => {
  const place = new Place(t)
  const puppet = new Puppet(t, place, 'siem')
  const daemon = new Daemon(t, place)
  await daemon.write(frames(1, 5))
  await puppet.opens(daemon, 'READY 1 ack')
  await puppet.hears(daemon, 'RECORD 5 ')
  puppet.says('ACK 5')
  await daemon.ledgerWhen('siem', ({ delivered }) => delivered === 5)
  puppet.dropIn(['active = no'])
  daemon.signal('SIGHUP')
  await daemon.says(['plugin stopped', 'plugin=siem'])
  await daemon.write(frames(6, 9))
  puppet.dropIn([])
  daemon.signal('SIGHUP')
  const [, hello = ''] = await puppet.hears(daemon, 'HELLO ', 2)
  t.match(hello, / next=10 /)
  puppet.says('READY 1 ack from=6')
  await daemon.write(frames(10, 10))
  await puppet.hears(daemon, 'RECORD 10 ')
  puppet.says('ACK 10')
  t.match(await daemon.finish(), { code: 0 })
  t.same(puppet.seqs, [1, 2, 3, 4, 5, 10])
  t.same(daemon.lines('cannot be worked with'), [])
})

void t.test('lasting positions last as long as the run, whatever becomes of the drop-in', async (t) => {
  const place = new Place(t)
  const puppet = new Puppet(t, place, 'source', ['direction = in'])
  keeper(place, 'sink')
  const daemon = new Daemon(t, place, NO_INPUT)
  await daemon.running('sink')
  await puppet.opens(daemon, 'READY 1 positions')
  puppet.sends(1, 5)
  await puppet.hears(daemon, 'ACK 5')
  puppet.dropIn(['direction = both'])
  daemon.signal('SIGHUP')
  const [, hello = ''] = await puppet.hears(daemon, 'HELLO ', 2)
  t.match(hello, / received=5$/)
  puppet.says('READY 1 positions')
  puppet.sends(4, 6)
  await puppet.hears(daemon, 'ACK 6')
  await endAtSigterm(t, daemon)
  t.same(kept(place, 'sink'), [1, 2, 3, 4, 5, 6])
})

void t.test(
  'one that has closed its stdout and should acknowledge is started again; any other is told of',
  async (t) => {
    const place = new Place(t)
    const closes = (ready: string): string =>
      `#!/bin/sh\nread -r hello\necho '${ready}'\nexec >&-\nwhile read -r line; do :; done\n`
    for (const [name, ready] of [
      ['acks', 'READY 1 ack'],
      ['mute', 'READY 1'],
    ] as const) {
      place.dropIn(name, [`path = ${place.program(`${name}.sh`, closes(ready))}`, 'format = protocol'])
    }
    const daemon = new Daemon(t, place)
    await daemon.says(['plugin died', 'plugin=acks ', 'closed its stdout'])
    await daemon.says(['plugin has closed its stdout; it is not heard any more', 'plugin=mute'])
    t.equal(daemon.lines('plugin died', 'plugin=mute').length, 0)
    t.match(await daemon.finish(), { code: 0 })
  },
)

void t.test('a READY that comes too late counts for nothing', async (t) => {
  const place = new Place(t)
  const late =
    '#!/usr/bin/perl\n$SIG{TERM} = sub { $| = 1; print qq(READY 1 ack\\nRECORD 1 x\\n); exit 0 };\nsleep 1 while 1;\n'
  const lines = ['ready_timeout = 100ms', 'restart_delay = 1h..1h', 'format = protocol']
  place.dropIn('late', [`path = ${place.program('late.pl', late)}`, ...lines])
  const daemon = new Daemon(t, place)
  await daemon.write(frames(1, 3))
  await daemon.says(['plugin died', 'plugin=late ', 'no READY within 0.1 s'])
  t.same(daemon.lines('cannot be worked with'), [], 'it is judged once')
  t.match(await daemon.ledgerNow('late'), { in: 3, queued: 3, delivered: 0 })
  daemon.signal('SIGTERM')
  await daemon.says(['asked to stop'])
  daemon.signal('SIGTERM')
  t.match(await daemon.ended(), { code: 0 })
})
