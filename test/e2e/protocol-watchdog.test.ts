// A plugin that says nothing is asked whether it lives, and ended when it does not answer.

import t from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'
import { frames, range } from './records.js'

const WATCHDOG = ['watchdog = 1', 'stop_timeout = 100ms']

void t.test('who hangs is asked and started anew; who answers is left alone', async (t) => {
  const place = new Place(t)
  const hung = new Puppet(t, place, 'hung', WATCHDOG)
  const alive = new Puppet(t, place, 'alive', WATCHDOG)
  const daemon = new Daemon(t, place)
  for (const puppet of [hung, alive]) {
    await puppet.hears(daemon, 'HELLO ')
    puppet.says('READY 1 ack')
  }
  await daemon.write(frames(1, 3))
  await hung.hears(daemon, 'RECORD 3 ')
  await alive.hears(daemon, 'RECORD 3 ')
  const pid = daemon.pidOf('hung')
  process.kill(-pid, 'SIGSTOP')
  await alive.hears(daemon, 'PING 1')
  alive.says('PONG 1')
  await daemon.says(['plugin died', 'plugin=hung ', 'no PONG within 1 s'])
  await daemon.runningAnew('hung', pid)
  t.match(daemon.lines('plugin cannot be worked with', 'plugin=hung '), [/no PONG within 1 s/])
  await hung.hears(daemon, 'HELLO ', 2)
  hung.says('READY 1 ack')
  await hung.hears(daemon, 'RECORD 3 ', 2)
  t.same(hung.seqs, [...range(1, 3), ...range(1, 3)], 'the next gets what was not acknowledged')
  t.notOk(hung.heard.includes('PING 1'), 'the question is not for the next')
  await alive.hears(daemon, 'PING 2')
  alive.says('PONG 2', 'ACK 3')
  hung.says('ACK 3')
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.lines('plugin died', 'plugin=alive ').length, 0)
  for (const name of ['hung', 'alive']) t.match(daemon.ledger(name), { in: 3, delivered: 3, balanced: true })
})

void t.test('who is not listened to is not asked', async (t) => {
  const place = new Place(t)
  const unheard = new Puppet(t, place, 'unheard', [...WATCHDOG, 'direction = in'])
  const alive = new Puppet(t, place, 'alive', WATCHDOG)
  place.tee('stopped', ['q_depth = 1000', 'overflow_action = block'])
  const daemon = new Daemon(t, place)
  for (const puppet of [unheard, alive]) {
    await puppet.hears(daemon, 'HELLO ')
    puppet.says('READY 1')
  }
  await daemon.running('stopped')
  await daemon.stopPlugin('stopped')
  const writing = daemon.write(frames(1, 3000))
  let queued = 0
  while (queued < 1000) ({ queued } = await daemon.ledgerNow('stopped'))
  for (let n = 1; n <= 3; n++) {
    await alive.hears(daemon, `PING ${n}`)
    alive.says(`PONG ${n}`)
  }
  t.equal(unheard.heard.filter((line) => line.startsWith('PING ')).length, 0, 'while the other was asked three times')
  t.equal(daemon.lines('plugin died').length, 0)
  process.kill(daemon.pidOf('stopped'), 'SIGCONT')
  await writing
  await unheard.hears(daemon, 'PING 1')
  unheard.says('PONG 1')
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('stopped'), { in: 3000, delivered: 3000 })
})
