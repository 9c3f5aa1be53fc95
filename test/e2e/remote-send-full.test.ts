// remote-send on a disk that is full, and what becomes of records meanwhile. The disk is a small tmpfs of the test's own.

import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import t from 'tap'
import type { Test } from 'tap'
import { Collector } from './collector.js'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, range } from './records.js'
import { remoteSend } from './remote-send-place.js'

const SIZE = '6m'
const BLOCK = 4096

/** False where this user may not mount. */
function mountSmall(test: Test, dir: string): boolean {
  mkdirSync(dir)
  const { status } = spawnSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', dir])
  test.teardown(() => spawnSync('/usr/bin/umount', ['-l', dir]))
  return status === 0
}

/** Takes all room but so much. */
function fill(place: Place, leftBytes: number): void {
  const { bavail, bsize } = statfsSync(place.path('disk'))
  writeFileSync(place.path('disk/ballast'), Buffer.alloc(Math.max(BLOCK, bavail * bsize - leftBytes)))
}

async function scene(
  test: Test,
  lines: readonly string[],
): Promise<{ place: Place; collector: Collector; daemon: Daemon } | undefined> {
  const place = new Place(test)
  if (!mountSmall(test, place.path('disk'))) {
    test.pass('a small disk', { skip: 'mounting is not allowed here' })
    return undefined
  }
  const collector = new Collector(test)
  await collector.listen()
  remoteSend(place, [
    `server = 127.0.0.1:${collector.port}`,
    `spool_dir = ${place.path('disk/spool')}`,
    'min_fs_free = 0',
    ...lines,
  ])
  const daemon = new Daemon(test, place)
  await daemon.running('remote-send')
  await daemon.write(frames(1, 100))
  await daemon.until(() => collector.receiver.lines.length >= 100, 'the first records are at the collector')
  return { place, collector, daemon }
}

/** What stands at the collector: serials, and of each LOSS its reason and how many it tells of. */
function contents(collector: Collector): (number | string)[] {
  return collector.receiver.lines.map((line) => {
    const [, serial] = /^type=USER_CMD msg=audit\(1700000000\.000:(\d+)\)/.exec(line) ?? []
    const [, reason, lost] = /op=journal-loss reason=(\S+) .*lost=(\w+)/.exec(line) ?? []
    return serial === undefined ? `${reason} ${lost}` : Number(serial)
  })
}

void t.test('block: a full disk holds records back, and all arrive when there is room', async (t) => {
  const { place, collector, daemon } = (await scene(t, ['on_full = block'])) ?? {}
  if (place === undefined || collector === undefined || daemon === undefined) return
  fill(place, 64 * 1024)
  await daemon.write(frames(101, 1500, 1000))
  await daemon.says(['the spool has no room', 'block'])
  t.ok(collector.receiver.lines.length < 1500)
  const pid = daemon.pidOf('remote-send')
  process.kill(pid, 'SIGKILL')
  await daemon.runningAnew('remote-send', pid)
  rmSync(place.path('disk/ballast'))
  await daemon.until(() => collector.receiver.lines.length >= 1500, 'all are at the collector')
  t.match(await daemon.finish(), { code: 0 })
  t.same(contents(collector), range(1, 1500))
  t.match(daemon.ledger('remote-send'), { in: 1500, delivered: 1500, dropped: 0 })
})

void t.test('drop_newest: what the disk has no room for is counted, and the count arrives in its place', async (t) => {
  const { place, collector, daemon } = (await scene(t, ['on_full = drop_newest'])) ?? {}
  if (place === undefined || collector === undefined || daemon === undefined) return
  await collector.close()
  fill(place, 64 * 1024)
  await daemon.write(frames(101, 1500, 1000))
  await daemon.says(['the spool has no room', 'drop_newest'])
  rmSync(place.path('disk/ballast'))
  await daemon.says(['the spool has room again'])
  await daemon.write(frames(1501, 1510))
  await collector.listen()
  await daemon.until(() => contents(collector).includes(1510), 'the last one is at the collector')
  t.match(await daemon.finish(), { code: 0 })
  const seen = contents(collector)
  const records = seen.filter((item) => typeof item === 'number')
  const lost = seen.flatMap((item) => (typeof item === 'string' ? [Number(item.replace('spool-full ', ''))] : []))
  t.ok(lost.length >= 1 && lost.every((count) => count > 0), `${lost.join(', ')} were dropped`)
  t.equal(records.length + lost.reduce((sum, count) => sum + count, 0), 1510)
  t.same(
    records,
    [...new Set(records)].toSorted((a, b) => a - b),
  )
  t.match(daemon.ledger('remote-send'), { in: 1510, dropped: 0 })
})
