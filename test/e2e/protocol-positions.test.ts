// Records whose numbers outlast the processes of the plugin that sends them.

import t from 'tap'
import { Daemon } from './daemon.js'
import { endAtSigterm, keeper, kept, NO_INPUT } from './keeper.js'
import { Place } from './place.js'

void t.test('killed fifty times, a plugin with lasting positions repeats nothing and loses nothing', async (t) => {
  const place = new Place(t)
  const kills = 50
  const count = 1_000_000
  keeper(place, 'sink')
  place.plugin(
    'source',
    'counts-to.js',
    [place.path('source'), String(count)],
    ['format = protocol', 'direction = in', 'restart_delay = 10ms..10ms', 'max_restarts = 0'],
  )
  const daemon = new Daemon(t, place, NO_INPUT)
  for (let kill = 0; kill < kills; kill++) {
    const heard = (): string => place.read('source').toString('latin1')
    await daemon.until(
      () => / received=\d+\n(?:.*\n)*?ACK /.test(heard().split('HELLO ')[kill + 1] ?? ''),
      'records pass',
    )
    const pid = daemon.pidOf('source')
    process.kill(pid, 'SIGKILL')
    await daemon.runningAnew('source', pid)
  }
  await endAtSigterm(t, daemon)
  const serials = kept(place, 'sink')
  t.ok(serials.length >= kills)
  t.same(
    serials.findIndex((serial, index) => serial !== index + 1),
    -1,
    'each exactly once, in order',
  )
  t.match(daemon.ledger('source').fields, { taken: String(serials.length), restarts: String(kills) })
})
