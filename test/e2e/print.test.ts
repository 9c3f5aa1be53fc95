// print under the real dispatcher: as lines, as frames, and where standard output is the protocol's.

import { closeSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'

const RECORDING = readFileSync('test/fixtures/auditd-stream/v2.8.5-enriched-node.bin')
const LOGIN = '2026-11-21T19:09:37.819Z #10872 node1 LOGIN ok auid=auditdemo uid=root pid=8104 ses=22'

void t.test('each format shows the same events', async (t) => {
  const place = new Place(t)
  const path = `path = ${resolve('build/bin/audispd-print')}`
  place.dropIn('lines', [path, 'format = string'])
  place.dropIn('frames', [path, 'format = binary', 'args = --json'])
  // To standard error, and so into the log, which takes the first lines of so many.
  place.dropIn('spoken', [path, 'format = protocol'])
  const stdout = openSync(place.path('out'), 'a')
  const daemon = new Daemon(t, place, { stdout })
  closeSync(stdout)
  await daemon.write(RECORDING)
  await daemon.says(['spoken', LOGIN])
  t.same(await daemon.finish(), { code: 0, signal: null })
  const shown = place.read('out').toString('utf8').split('\n').slice(0, -1)
  const ids = shown
    .filter((line) => line.startsWith('{'))
    .map((line): { time: string; serial: number } => JSON.parse(line))
    .map(({ time, serial }) => `${time} #${serial}`)
  const lines = shown.filter((line) => !line.startsWith('{'))
  t.ok(lines.length > 400 && lines.includes(LOGIN))
  t.same(
    ids,
    lines.map((line) => line.split(' ', 2).join(' ')),
  )
  for (const name of ['lines', 'frames', 'spoken']) t.match(daemon.ledger(name), { balanced: true, dropped: 0 }, name)
})
