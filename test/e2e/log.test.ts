// The local log under its dispatcher, killed again and again while files are rotated and compressed: each record once.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { Random } from '../protocol/random.js'
import { Daemon } from './daemon.js'
import { LOG_MAIN, logged, logPlugin } from './log-place.js'
import { Place } from './place.js'
import { frames, range, serialsIn, textOf } from './records.js'

const KILLS = 3
const BURST = 600

function rotate(place: Place): number | null {
  const args = ['-i', process.execPath, LOG_MAIN, '--rotate', place.path('log.conf')]
  return spawnSync('/usr/bin/env', args, { stdio: 'ignore' }).status
}

async function acknowledged(daemon: Daemon, count: number): Promise<void> {
  await daemon.ledgerWhen('log', ({ delivered }) => delivered >= count)
}

for (const [names, compress] of [
  ['simple', 'rotated'],
  ['solaris', 'stream'],
] as const) {
  void t.test(`killed again and again, names = ${names}, compress = ${compress}`, async (t) => {
    const place = new Place(t)
    const size = compress === 'stream' ? [] : ['max_log_file = 64K']
    logPlugin(place, [`names = ${names}`, `compress = ${compress}`, ...size, 'num_logs = 900'])
    const daemon = new Daemon(t, place)
    await daemon.running('log')
    const random = new Random(11)
    let sent = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const pid = daemon.pidOf('log')
      const share = random.below(BURST)
      await daemon.write(frames(sent + 1, sent + share))
      const rest = daemon.write(frames(sent + share + 1, sent + BURST))
      if (compress === 'stream' && random.below(2) === 0) process.kill(pid, 'SIGUSR1')
      process.kill(pid, 'SIGKILL')
      await rest
      sent += BURST
      await daemon.runningAnew('log', pid)
      await daemon.ready('log')
      await acknowledged(daemon, sent)
    }
    t.match(await daemon.finish(), { code: 0 })
    const { serials, torn } = serialsIn(logged(place))
    t.same(torn, [])
    t.same(serials, range(1, sent))
    t.match(daemon.ledger('log'), { in: sent, delivered: sent, dropped: 0, queued: 0, balanced: true })
    const left = readdirSync(place.path('log')).filter((name) => name.includes('not_terminated'))
    t.same(left, [], 'and the end gives the last file its name')
  })
}

void t.test('as a string plugin; --rotate rotates', async (t) => {
  const place = new Place(t)
  logPlugin(place, ['flush = data'], { format: 'string' })
  const daemon = new Daemon(t, place)
  await daemon.running('log')
  await daemon.write(frames(1, 100))
  const isThere = (): boolean => place.read('log/audit.log').length >= textOf(1, 100).length
  await daemon.until(isThere, 'they are there')
  t.equal(rotate(place), 0)
  await daemon.until(() => readdirSync(place.path('log')).includes('audit.log.1'), 'it is rotated')
  await daemon.write(frames(101, 200))
  t.match(await daemon.finish(), { code: 0 })
  t.same(serialsIn(logged(place)), { serials: range(1, 200), torn: [] })
  t.ok(place.size('log/audit.log') > 0)
  t.equal(rotate(place), 69, 'nobody writes it any more')
})

void t.test('a mistake in the configuration: status 78, and the line is told', async (t) => {
  const place = new Place(t)
  logPlugin(place, ['max_log_fil = 3'])
  const daemon = new Daemon(t, place)
  await daemon.says(['log.conf:2: max_log_fil: unknown key', 'did you mean'])
  await daemon.says(['plugin failed', 'plugin=log '])
  t.match(await daemon.finish(), { code: 0 })
})
