// Ten thousand connections that do nothing: one more than there may be is refused with a reason, who sends goes on, and memory is bounded.

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { Daemon } from '../e2e/daemon.js'
import { endAtSigterm, NO_INPUT } from '../e2e/keeper.js'
import { Place } from '../e2e/place.js'
import { PlaySender } from '../e2e/play-sender.js'
import { freePort } from '../free-port.js'

t.setTimeout(200_000)

const RECV = resolve('build/plugins/remote-recv/main.js')
const CROWD = resolve('build/test/live/crowd-program.js')
const WANTED = 10_000
/** Files that each program has open besides. */
const OTHER_FILES = 300
/** Both ends of what a sender may have underway are bounded by receive_budget; this is for the rest, by connection. */
const MAX_KIB = 512 * 1024
const RAISE = `ulimit -n ${WANTED + OTHER_FILES} 2>/dev/null || ulimit -n $(ulimit -Hn)`

void t.test('ten thousand idle connections, or as many as files may be open', async (t) => {
  const place = new Place(t)
  const port = await freePort()
  const lines = [
    `listen = 127.0.0.1:${port}`,
    'transport = tcp',
    'allow_file = none',
    `journal_dir = ${place.path('journal')}`,
    'min_fs_free = 0',
    'low_fs_free = 0',
    'max_connections = 1024',
    'max_streams = 4096',
    `max_sessions = ${WANTED}`,
  ]
  writeFileSync(place.path('remote-recv.conf'), [...lines, ''].join('\n'))
  const run = `${RAISE}\nexec ${process.execPath} ${RECV} ${place.path('remote-recv.conf')}`
  const program = place.program('remote-recv', `#!/bin/sh\n${run}\n`)
  place.dropIn('remote-recv', [`path = ${program}`, 'format = protocol', 'direction = in'])
  const daemon = new Daemon(t, place, NO_INPUT)
  await daemon.says(['listening for senders'])
  const pid = daemon.pidOf('remote-recv')
  const files = Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1])
  const count = Math.min(WANTED, files - OTHER_FILES)
  const before = kibOf(pid)

  const good = new PlaySender(() => port, 'a', 0).begin()
  t.teardown(() => {
    good.close()
  })
  const goesOn = async (): Promise<void> => {
    good.add(10)
    await daemon.until(() => good.acked === good.last, 'its records are acknowledged')
  }
  await goesOn()

  const args = ['-c', `${RAISE}\nexec "$@"`, 'sh', process.execPath, CROWD, String(port), String(count)]
  const crowd = spawn('/usr/bin/env', ['-i', '/bin/sh', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => crowd.kill('SIGKILL'))
  let said = ''
  crowd.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  // Meanwhile the good one never stops.
  await daemon.doUntil(() => said.includes('refused'), 'the crowd has tried', goesOn)
  const [open, refused] = [...said.matchAll(/ (\d+)$/gm)].map(([, number]) => Number(number))
  t.comment(`${open} are open, ${refused} refused, ${good.last} records meanwhile, ${kibOf(pid) - before} KiB more`)
  // The good one is one of them.
  t.equal(open, Math.min(count, WANTED - 1))
  t.equal(refused, count - Math.min(count, WANTED - 1))
  if (refused !== undefined && refused > 0)
    t.ok(await daemon.says(['a sender was refused', 'reason=too-many-sessions']), 'one too many')
  await goesOn()
  t.ok(kibOf(pid) < MAX_KIB, `${kibOf(pid)} KiB`)
  t.equal(good.connections, 1, 'the good one has the connection that it began with')
  t.same(good.wrong, [])

  crowd.kill('SIGKILL')
  await goesOn()
  await endAtSigterm(t, daemon)
})

/** What of its memory is in use now. */
function kibOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
