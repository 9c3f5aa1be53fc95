// audispctl's daily verbs at a real daemon: one after the other, as an admin would in an afternoon.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, textOf } from './records.js'

const MAIN = resolve('build/src/ctl/main.js')
const WHY = 'this plugin does not want to live: 7'

interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** The test runner puts itself into the environment of every child. */
function audispctl(place: Place, ...args: readonly string[]): Promise<Ran> {
  const command = ['-i', process.execPath, MAIN, ...args, '-c', place.dir]
  return new Promise((done) => {
    execFile('/usr/bin/env', command, { encoding: 'utf8' }, (error, out, err) => {
      done({ status: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
    })
  })
}

void test('an afternoon with a plugin that does not want to live', async (t) => {
  const place = new Place(t)
  place.settings(`self_events = no\ncontrol_socket = ${place.path('control.sock')}\n`)
  place.tee('siem')
  // What speaks the protocol counts as running when it says so, however slow the machine is.
  place.plugin('dies', 'dies-at-once.sh', ['7'], ['active = no', 'format = protocol'])
  t.match(await audispctl(place, 'status'), { status: 3, err: /audispd does not answer on .*\n.*audispctl doctor/ })

  const daemon = new Daemon(t, place)
  await daemon.running('siem')
  await daemon.says(['control socket is open'])
  t.match(await audispctl(place, 'status'), {
    status: 0,
    out: /^well: audispd .* nothing lost\n\nPLUGIN .*\nsiem +running/,
  })

  const enabled = await audispctl(place, 'enable', 'dies')
  t.match(enabled, { status: 1, out: /^changed .*dies\.conf: active = yes\n$/, err: /^dies: .*exit status 7/ })
  t.match(enabled.err, `    ${WHY}\n`, 'its last words are told')
  t.match(readFileSync(place.dropInPath('dies'), 'utf8'), /^active = yes\n.*\nactive = yes\n/s)
  t.match(await audispctl(place, 'logs', 'dies'), { status: 0, out: new RegExp(`dies: .*${WHY}`) })
  t.match(await audispctl(place, 'disable', 'dies'), { status: 0, out: /\ndies: stopped\n$/ })

  t.match(await audispctl(place, 'stop', 'siem'), { status: 0, out: 'siem: stopped\n' })
  await daemon.write(frames(1, 3))
  await daemon.ledgerWhen('siem', ({ dropped }) => dropped === 3)
  t.match(await audispctl(place, 'start', 'siem'), { status: 0, out: /^siem: running, pid \d+\n$/ })
  await daemon.write(frames(4, 5))
  await daemon.ledgerWhen('siem', ({ delivered }) => delivered === 2)
  const { status, out } = await audispctl(place, 'status', 'siem', '--json')
  t.equal(status, 1, 'records were lost, if on purpose')
  t.match(JSON.parse(out), {
    plugins: [{ name: 'siem', state: 'running', in: 5, delivered: 2, dropped: { stopped: 3 }, droppedTotal: 3 }],
    findings: [{ level: 'warn', plugin: 'siem' }],
    exitStatus: 1,
  })

  place.dropIn('siem', ['pth = /x'])
  t.match(await audispctl(place, 'reload'), {
    status: 1,
    out: /^siem +invalid$/m,
    err: /siem\.conf:2: pth: unknown key/,
  })
  await daemon.finish()
  t.ok(place.read('siem').equals(textOf(4, 5)))
})
