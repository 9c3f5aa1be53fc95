// From stock audisp-remote, in its own protocol, through everything that breaks: every record is there, and none twice where the same
// process sends it again.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test, type Test } from 'tap'
import { FaultProxy, type Cut } from '../chaos/fault-proxy.js'
import { AudispRemote, run, sampleRecord, sampleRecords, shortDir, STUBBORN } from './audisp-remote.js'
import { Feeder } from './feeder.js'
import { missingPrograms, whyNoNamespace } from './kernel.js'
import { RmwCollector } from './rmw-collector.js'
import { program } from './scene.js'
import { until } from './until.js'

const INSIDE = 'AUDISPD_TEST_IN_ITS_OWN_NET'

const skip = whyNoNamespace() || missingPrograms('audisp-remote', 'ausearch', 'aureport', 'timeout', 'ip', 'mount')

if (process.env[INSIDE] === undefined && skip === '') {
  const file = fileURLToPath(import.meta.url)
  const env = { ...process.env, [INSIDE]: 'yes' }
  void test('in a network of its own', (t) => t.spawn(program('in-its-own-net.sh'), [process.execPath, file], { env }))
} else {
  if (skip === '') AudispRemote.showConfiguration()

  void test('all of it in order, as ausearch and aureport read it', { skip }, async (t) => {
    const dir = shortDir(t)
    const collector = await collectorIn(t, join(dir, 'journal'))
    const remote = new AudispRemote(t, { port: collector.port })
    remote.feed(1, 500)
    await until('all of it', () => collector.durable === 500)
    await remote.end()
    t.same(await collector.lines(), sampleRecords(1, 500))
    const log = join(dir, 'journal', 'remote.log')
    const found = run('ausearch', '-if', log, '--raw').trimEnd().split('\n')
    t.same(found, sampleRecords(1, 500))
    const report = run('aureport', '-if', log, '--event')
    t.equal(report.split('\n').filter((line) => / USER /.test(line)).length, 500, 'aureport counts every event')
    t.match(run('aureport', '-if', log, '--summary'), /^Number of events: 500$/m)
  })

  void test('cut within records and answers, closed and reset', { skip }, async (t) => {
    const dir = shortDir(t)
    const collector = await collectorIn(t, join(dir, 'journal'))
    const proxy = await FaultProxy.listen(collector.port)
    t.teardown(() => proxy.close())
    const cuts: readonly Cut[] = [
      ...[5, 16, 40, 70, 86, 87, 102, 150, 300].map((afterBytes): Cut => ({
        direction: 'up',
        kind: 'end',
        afterBytes,
      })),
      ...[0, 1, 15, 16, 17, 40, 160].map((afterBytes): Cut => ({ direction: 'down', kind: 'end', afterBytes })),
      { direction: 'up', kind: 'reset', afterBytes: 110 },
      { direction: 'down', kind: 'reset', afterBytes: 3 },
    ]
    proxy.faultsOf = (connection) => {
      const cut = cuts[connection]
      return cut === undefined ? {} : { cut }
    }
    const feeder = new Feeder(t, proxy.port, () => collector.durable)
    // It reconnects when there is something to send.
    await feeder.until(
      () => `${proxy.cuts} cuts`,
      () => {
        if (proxy.cuts >= cuts.length && feeder.fed >= 100) return true
        if (feeder.hasArrived || feeder.isIdle) feeder.feed(1)
        return false
      },
    )
    await feeder.until('all of it', () => feeder.hasArrived)
    const { fed } = feeder
    await feeder.end()
    t.same(
      await collector.lines(),
      sampleRecords(1, fed),
      `${fed} records through ${proxy.cuts} cuts, each once, in order`,
    )
    t.ok(collector.repeated > 3, `${collector.repeated} came again`)
  })

  void test('the collector ends and comes back, again and again', { skip }, async (t) => {
    const dir = shortDir(t)
    let collector = await RmwCollector.start(join(dir, 'journal'))
    t.teardown(() => collector.end())
    const { port } = collector
    const feeder = new Feeder(t, port, () => collector.durable)
    for (let round = 0; round < 6; round++) {
      const before = feeder.fed
      feeder.feed(200)
      await feeder.until('some of it', () => collector.durable > before)
      await collector.end()
      collector = await RmwCollector.start(join(dir, 'journal'), port)
    }
    await feeder.until('all of it', () => feeder.hasArrived)
    const { fed } = feeder
    await feeder.end()
    t.same(await collector.lines(), sampleRecords(1, fed))
  })

  void test('audisp-remote is killed: what its queue file gives again is kept, and counted', { skip }, async (t) => {
    const dir = shortDir(t)
    const collector = await collectorIn(t, join(dir, 'journal'))
    const keys = { port: collector.port, mode: 'forward', queue_file: join(dir, 'queue'), queue_depth: 2048 }
    let remote = new AudispRemote(t, keys)
    let fed = 0
    const kills = 5
    for (let kill = 0; kill < kills; kill++) {
      remote.feed(fed + 1, fed + 300)
      fed += 300
      await until('some of it', () => collector.durable > fed - 200)
      await remote.end('SIGKILL')
      // What it had not read by then is lost, and nobody's to promise.
      remote = new AudispRemote(t, keys)
    }
    remote.feed(fed + 1, ++fed)
    const log = join(dir, 'journal', 'remote.log')
    await until('the last', () => readFileSync(log, 'latin1').includes(sampleRecord(fed)), 30_000)
    await remote.end()
    const lines = await collector.lines()
    const again = lines.length - new Set(lines).size
    t.ok(again <= collector.likelyRepeated && again <= kills, `${again} twice, ${collector.likelyRepeated} counted`)
    t.ok(lines.includes(sampleRecord(fed)))
  })

  void test('a full disk: it waits, and nothing is dropped', { skip }, async (t) => {
    const dir = shortDir(t)
    const disk = smallDisk(t, dir, '2m')
    const collector = await RmwCollector.start(join(disk, 'journal'), 0, 600 * 1024)
    t.teardown(() => collector.end())
    const drops = { disk_full_action: 'ignore', disk_error_action: 'ignore' }
    const remote = new AudispRemote(t, { ...STUBBORN, ...drops, port: collector.port })
    remote.feed(1, 100)
    await until('the first', () => collector.durable === 100)
    writeFileSync(join(disk, 'filler'), Buffer.alloc(1600 * 1024))
    await until('the full disk', () => collector.logs.some((text) => text.startsWith('the disk takes nothing')))
    remote.feed(101, 300)
    rmSync(join(disk, 'filler'))
    let fed = 300
    // It tries again when it is given something.
    await until('more', () => {
      if (collector.durable <= 300) remote.feed(fed + 1, ++fed)
      return collector.durable > 300
    })
    await until('all of it', () => collector.durable === fed)
    await remote.end()
    t.same(await collector.lines(), sampleRecords(1, fed))
  })
}

async function collectorIn(t: Test, dir: string): Promise<RmwCollector> {
  const collector = await RmwCollector.start(dir)
  t.teardown(() => collector.end())
  return collector
}

/** A directory with so much room. */
function smallDisk(t: Test, dir: string, size: string): string {
  const disk = join(dir, 'disk')
  mkdirSync(disk)
  run('mount', '-t', 'tmpfs', '-o', `size=${size},mode=750`, 'none', disk)
  t.teardown(() => {
    run('umount', '-l', disk)
  })
  return disk
}
