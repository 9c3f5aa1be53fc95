// A plugin that says nothing is asked whether it lives, and ended when it does not answer.

import t from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, range, recordText } from './records.js'

/** So many seconds that who answers by itself has answered within them, however much the machine has to do. */
const WATCHDOG = ['format = protocol', 'watchdog = 2', 'stop_timeout = 100ms', 'restart_delay = 10ms..10ms']

/** A plugin that answers by itself. */
function answerer(place: Place, name: string, ready: string, lines: readonly string[] = []): void {
  place.plugin(name, 'answers-at-once.sh', [place.path(name), ready], [...WATCHDOG, ...lines])
}

/** The whole lines that it has heard, in all its processes. */
function heardBy(place: Place, name: string): string[] {
  return place.read(name).toString('latin1').split('\n').slice(0, -1)
}

void t.test('who hangs is asked and started anew; who answers is left alone', async (t) => {
  const place = new Place(t)
  for (const name of ['hung', 'alive']) answerer(place, name, 'ack')
  const daemon = new Daemon(t, place)
  await daemon.ready('hung', 'alive')
  const pid = daemon.pidOf('hung')
  await daemon.stopPlugin('hung')
  await daemon.write(frames(1, 3))
  await daemon.says(['plugin died', 'plugin=hung ', 'no PONG within 2 s'])
  await daemon.runningAnew('hung', pid)
  t.match(daemon.lines('plugin cannot be worked with', 'plugin=hung '), [/no PONG within 2 s/])
  await daemon.ledgerWhen('hung', ({ delivered }) => delivered === 3)
  const heard = heardBy(place, 'hung')
  t.same(
    heard.slice(heard.findLastIndex((line) => line.startsWith('HELLO ')) + 1).slice(0, 3),
    range(1, 3).map((n) => `RECORD ${n} ${recordText(n)}`),
    'the next gets what was not acknowledged, and the question is not for it',
  )
  await daemon.until(() => heardBy(place, 'alive').includes('PING 2'), 'the other is asked again')
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.lines('plugin died', 'plugin=alive ').length, 0)
  for (const name of ['hung', 'alive']) t.match(daemon.ledger(name), { in: 3, delivered: 3, balanced: true })
})

void t.test('who is not listened to is not asked', async (t) => {
  const place = new Place(t)
  answerer(place, 'unheard', '', ['direction = in'])
  answerer(place, 'alive', '')
  place.tee('stopped', ['q_depth = 1000', 'overflow_action = block'])
  const daemon = new Daemon(t, place)
  await daemon.running('stopped')
  await daemon.ready('unheard', 'alive')
  await daemon.stopPlugin('stopped')
  const writing = daemon.write(frames(1, 3000))
  await daemon.ledgerWhen('stopped', ({ queued }) => queued >= 1000)
  const pings = (name: string): number => heardBy(place, name).filter((line) => line.startsWith('PING ')).length
  const asked = async (times: number): Promise<void> => {
    const before = pings('alive')
    await daemon.until(() => pings('alive') >= before + times, `the other is asked ${times} times`)
  }
  // A question that was on its way has come by then.
  await asked(1)
  const before = pings('unheard')
  await asked(2)
  t.equal(pings('unheard'), before, 'while the other was asked twice')
  t.equal(daemon.lines('plugin died').length, 0)
  daemon.wakePlugin('stopped')
  await writing
  await daemon.until(() => pings('unheard') > before, 'it is asked again')
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.lines('plugin died').length, 0)
  t.match(daemon.ledger('stopped'), { in: 3000, delivered: 3000 })
})
