// The time of day jumps by years, forwards and back, under either end, while records pass: libfaketime moves it, and leaves alone the
// clock that only goes forward.

import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { chaos, restWell } from './chaos.js'
import { Fleet } from './fleet.js'
import type { Site } from './site.js'

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
const STEPS = ['+10y', '-10y', '+1d', '-30y', '+25y', '+0']

chaos(
  'the time of day jumps by years under either end',
  async (t) => {
    const fleet = await Fleet.make({ senders: 2 })
    t.teardown(() => fleet.end())
    const [moved] = fleet.senders
    if (moved === undefined) return
    const clocks = [
      [fleet.collector, 'remote-recv'],
      [moved.site, 'remote-send'],
    ] as const
    for (const [site, plugin] of clocks) moveClock(site, plugin)
    fleet.start()
    for (const step of STEPS) {
      for (const [site] of clocks) {
        setClock(site, step)
        for (const sender of fleet.senders) fleet.feed(sender, 200)
        await fleet.arrived()
      }
      // And once at a start, from the other time. In order, so that no new segment is begun: what is kept of older ones depends on
      // their age, and that on the time of day.
      for (const [site, plugin] of clocks) site.killPlugin(plugin, 'SIGTERM')
      for (const { proxy } of fleet.senders) proxy.cutAll('reset')
    }
    await restWell(t, fleet)
  },
  existsSync(LIBRARY) ? false : 'libfaketime is not installed',
)

function moveClock(site: Site, plugin: string): void {
  setClock(site, '+0')
  const variables = [
    `LD_PRELOAD=${LIBRARY}`,
    `FAKETIME_TIMESTAMP_FILE=${site.path('clock')}`,
    'FAKETIME_NO_CACHE=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
  ]
  site.write(`${plugin}.always`, `under="/usr/bin/env ${variables.join(' ')}"\n`)
}

function setClock(site: Site, step: string): void {
  writeFileSync(site.path('clock.new'), step)
  renameSync(site.path('clock.new'), site.path('clock'))
}
