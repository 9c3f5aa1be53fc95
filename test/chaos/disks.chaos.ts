// Full disks: a small tmpfs under the spool, and one under the collector's journal, that somebody else fills up. Nothing is restarted.

import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { chaos, restWell } from './chaos.js'
import { Fleet } from './fleet.js'
import type { Site } from './site.js'

const TMPFS_MIB = 48
const MIB = 1024 * 1024
const WITHOUT_MOUNT = process.getuid?.() === 0 ? false : 'only root can mount a tmpfs'

chaos(
  'the disk of a spool fills up, and has room again',
  async (t) => {
    const fleet = await Fleet.make({ senders: 1, send: ['min_fs_free = 0'] })
    t.teardown(() => fleet.end())
    const [sender] = fleet.senders
    if (sender === undefined) return
    small(t, sender.site, 'spool')
    fleet.start()
    for (let round = 0; round < 3; round++) {
      fleet.feed(sender, 200)
      await fleet.arrived()
      fill(sender.site.path('spool'))
      fleet.feed(sender, 500)
      await sender.site.until(
        () => sender.site.read('log').split('the spool has no room').length > round + 1,
        'it is told',
      )
      rmSync(join(sender.site.path('spool'), 'filler'))
      await fleet.arrived()
    }
    await restWell(t, fleet)
  },
  WITHOUT_MOUNT,
)

chaos(
  'the disk of the collector fills up, and has room again',
  async (t) => {
    const fleet = await Fleet.make({ senders: 2, recv: ['min_fs_free = 0', 'low_fs_free = 0'] })
    t.teardown(() => fleet.end())
    const { collector } = fleet
    small(t, collector, 'journal')
    fleet.start()
    for (let round = 0; round < 3; round++) {
      for (const sender of fleet.senders) fleet.feed(sender, 200)
      await fleet.arrived()
      fill(collector.path('journal'))
      for (const sender of fleet.senders) fleet.feed(sender, 500)
      for (const sender of fleet.senders)
        await sender.site.until(() => fleet.settled(sender) >= sender.limit, 'the spool takes it all the same')
      rmSync(join(collector.path('journal'), 'filler'))
      await fleet.arrived()
    }
    await restWell(t, fleet)
  },
  WITHOUT_MOUNT,
)

/** A file system of its own at that place. */
function small(t: Test, site: Site, name: string): void {
  const dir = site.path(name)
  mkdirSync(dir, { mode: 0o700 })
  execFileSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_MIB}m,mode=0700`, 'audispd-chaos', dir])
  t.teardown(() => execFileSync('/usr/bin/umount', ['-l', dir]))
}

/** To the last byte. */
function fill(dir: string): void {
  const filler = join(dir, 'filler')
  const { bavail, bsize } = statfsSync(dir)
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - MIB)))
  // The rest, a page at a time, as far as it goes.
  try {
    for (let more = 0; more < 1024; more++) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' })
  } catch {
    // ENOSPC: full.
  }
}
