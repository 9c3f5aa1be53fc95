// Nobody has to wait for long for a plugin that does not acknowledge.

import t from 'tap'
import { Daemon } from './daemon.js'
import { endAtSigterm, NO_INPUT } from './keeper.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'

void t.test('who has failed, is paused, stands still or does not acknowledge holds nothing up for long', async (t) => {
  const place = new Place(t, 'self_events = no\ndrain_timeout = 1s\n')
  const source = new Puppet(t, place, 'source', ['direction = in'])
  place.dropIn('failed', [`path = ${place.program('bad.sh', '#!/bin/sh\nexit 78\n')}`, 'format = protocol'])
  const paused = new Puppet(t, place, 'paused')
  const stopped = new Puppet(t, place, 'stopped', ['stop_timeout = 1s'])
  const lazy = new Puppet(t, place, 'lazy')
  const daemon = new Daemon(t, place, NO_INPUT)
  await daemon.says(['plugin failed', 'plugin=failed'])
  await source.opens(daemon)
  for (const puppet of [paused, stopped, lazy]) await puppet.opens(daemon, 'READY 1 ack')
  paused.says('COMMAND 1 pause')
  await paused.hears(daemon, 'OK 1')
  await daemon.ready('stopped', 'lazy')
  await daemon.stopPlugin('stopped')
  source.sends(1, 3)
  await lazy.hears(daemon, 'RECORD 3 ')
  await source.hears(daemon, 'ACK 3')
  t.equal(daemon.lines('plugin died').length, 0, 'which none of them is ended for')
  lazy.says('ACK 3')
  daemon.wakePlugin('stopped')
  await endAtSigterm(t, daemon)
})
