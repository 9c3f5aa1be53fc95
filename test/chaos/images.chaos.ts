// Real directories set back, copied and emptied: either end restored from a backup, wiped, a sender cloned, both ends set back; taken
// from machines that stand still and from running ones.

import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { chaos, restWell } from './chaos.js'
import { copyDir, Fleet, readDir, type Sender } from './fleet.js'

const RECORDS = 300

chaos('a sender set back to an old copy of its spool', async (t) => {
  const fleet = await begun(1)
  t.teardown(() => fleet.end())
  const sender = only(fleet)
  const backup = join(fleet.dir, 'backup')
  await sender.site.end('SIGTERM')
  copyDir(sender.site.path('spool'), backup)
  sender.site.start()
  await arrive(fleet, RECORDS)
  await sender.site.end('SIGTERM')
  copyDir(backup, sender.site.path('spool'))
  sender.site.start()
  await arrive(fleet, RECORDS)
  const verdict = await restWell(t, fleet)
  t.equal(verdict.streams, 2, 'it goes on under a new id')
  t.equal(verdict.records, 3 * RECORDS + 1)
})

chaos('a sender set back to a copy that was taken while it ran', async (t) => {
  const fleet = await begun(1, true)
  t.teardown(() => fleet.end())
  const sender = only(fleet)
  const backup = join(fleet.dir, 'backup')
  fleet.feed(sender, 10 * RECORDS)
  await sender.site.until(() => fleet.settled(sender) > 2 * RECORDS, 'it is in the middle of it')
  copyDir(sender.site.path('spool'), backup)
  await arrive(fleet, 0)
  await sender.site.crash()
  copyDir(backup, sender.site.path('spool'))
  sender.site.start()
  await arrive(fleet, RECORDS)
  const verdict = await restWell(t, fleet)
  t.ok(verdict.streams <= 2)
})

chaos('a sender wiped', async (t) => {
  const fleet = await begun(1)
  t.teardown(() => fleet.end())
  const { site } = only(fleet)
  await site.end('SIGTERM')
  rmSync(site.path('spool'), { recursive: true })
  site.start()
  await arrive(fleet, RECORDS)
  const verdict = await restWell(t, fleet)
  t.equal(verdict.streams, 2)
  t.equal(verdict.records, 2 * RECORDS + 1)
})

chaos('a sender cloned, and both run', async (t) => {
  const fleet = await begun(1)
  t.teardown(() => fleet.end())
  const original = only(fleet)
  // Its disk is copied with something that the collector has not got yet.
  await fleet.collector.end('SIGTERM')
  fleet.feed(original, RECORDS)
  await original.site.until(() => fleet.settled(original) >= original.limit, 'all is in the spool')
  await original.site.end('SIGTERM')
  const clone = await fleet.addSender('s2', original)
  copyDir(original.site.path('spool'), clone.site.path('spool'))
  fleet.start()
  await arrive(fleet, RECORDS)
  const verdict = await restWell(t, fleet)
  t.ok(verdict.streams >= 2, 'from where they part each has an id of its own')
  t.equal(verdict.records, 4 * RECORDS + 2, 'what both had came once')
})

chaos('a collector restored from a backup, stopped and running', async (t) => {
  for (const isRunning of [false, true]) {
    const fleet = await begun(2, isRunning)
    t.teardown(() => fleet.end())
    const { collector } = fleet
    const backup = join(fleet.dir, 'backup')
    if (!isRunning) await collector.end('SIGTERM')
    for (const sender of fleet.senders) fleet.feed(sender, isRunning ? 5 * RECORDS : 0)
    copyDir(collector.path('journal'), backup)
    collector.start()
    await arrive(fleet, RECORDS)
    await collector.crash()
    copyDir(backup, collector.path('journal'))
    fleet.forgetConsumer()
    collector.start()
    await arrive(fleet, RECORDS)
    const verdict = await restWell(t, fleet)
    t.equal(verdict.holes, 0, 'the senders still had all of it')
    t.equal(verdict.streams, 2)
  }
})

chaos('a collector wiped, and one whose senders keep nothing that is acknowledged', async (t) => {
  const fleet = await Fleet.make({ senders: 2, send: ['retain_after_ack = 0'] })
  fleet.areNumbersSeqs = true
  t.teardown(() => fleet.end())
  fleet.start()
  await arrive(fleet, RECORDS)
  const { collector } = fleet
  const oldest = fleet.senders.map(oldestSegment)
  for (let kill = 0; kill < 3; kill++) {
    // A new process begins a new segment, so that older ones can be freed.
    for (const { site } of fleet.senders) {
      const pid = await site.pluginRuns('remote-send')
      site.killPlugin('remote-send')
      await site.pluginRuns('remote-send', pid)
    }
    await arrive(fleet, RECORDS)
  }
  for (const [index, sender] of fleet.senders.entries()) {
    // It is freed a while after it was acknowledged.
    await sender.site.until(() => oldestSegment(sender) !== oldest[index], 'the oldest segment is freed')
  }
  await collector.end('SIGTERM')
  rmSync(collector.path('journal'), { recursive: true })
  fleet.forgetConsumer()
  collector.start()
  await arrive(fleet, RECORDS)
  const verdict = await restWell(t, fleet)
  t.ok(verdict.holes > 0 && verdict.covered > 0, 'what nobody has any more stands under a HOLE')
})

chaos('both ends set back', async (t) => {
  const fleet = await begun(2)
  t.teardown(() => fleet.end())
  const { collector } = fleet
  for (const site of fleet.sites) await site.end('SIGTERM')
  cpSync(fleet.dir, `${fleet.dir}.backup`, { recursive: true })
  t.teardown(() => rmSync(`${fleet.dir}.backup`, { recursive: true, force: true }))
  fleet.start()
  await arrive(fleet, RECORDS)
  for (const site of fleet.sites) await site.crash()
  copyDir(join(`${fleet.dir}.backup`, 'collector', 'journal'), collector.path('journal'))
  for (const sender of fleet.senders) {
    const { site } = sender
    // What it had acknowledged since is gone with its disk, and with the collector's.
    fleet.excuse(sender, await readDir(join(`${fleet.dir}.backup`, site.name, 'spool')))
    copyDir(join(`${fleet.dir}.backup`, site.name, 'spool'), site.path('spool'))
  }
  fleet.forgetConsumer()
  fleet.start()
  await arrive(fleet, RECORDS)
  const verdict = await restWell(t, fleet)
  t.equal(verdict.records, 4 * RECORDS + 2)
})

chaos("a collector's journal set back under a living dispatcher", async (t) => {
  // Two, as what is sent again comes in another order between them.
  const fleet = await begun(2)
  t.teardown(() => fleet.end())
  const { collector } = fleet
  const backup = join(fleet.dir, 'backup')
  await collector.end('SIGTERM')
  copyDir(collector.path('journal'), backup)
  collector.start()
  await arrive(fleet, RECORDS)
  // Its process cannot start until the journal is exchanged.
  const pid = await collector.pluginRuns('remote-recv')
  collector.write('remote-recv.always', 'exit 75\n')
  process.kill(pid, 'SIGKILL')
  await collector.until(() => collector.read('log').includes('exit status 75'), 'it does not start')
  copyDir(backup, collector.path('journal'))
  fleet.forgetConsumer()
  rmSync(collector.path('remote-recv.always'))
  await arrive(fleet, RECORDS)
  const verdict = await restWell(t, fleet)
  const consumed = new Set(
    collector
      .read('sink')
      .split('\n')
      .map((line) => line.slice(line.indexOf(' ') + 1)),
  )
  const missed = verdict.reading.blocks.flatMap(({ lines }) => lines).filter((line) => !consumed.has(line))
  t.same(missed, [], 'the consumer has all of it, whatever positions were used before')
})

/** Fed and arrived. */
async function begun(senders: number, isTorn = false): Promise<Fleet> {
  // A copy of running files may not be of one moment: that is damage, and told.
  const lines = isTorn ? ['on_damage = skip'] : []
  const fleet = await Fleet.make({ senders, send: lines, recv: lines })
  fleet.start()
  await arrive(fleet, RECORDS)
  return fleet
}

function only({ senders }: Fleet): Sender {
  const [sender] = senders
  if (sender === undefined) throw new Error('no sender')
  return sender
}

function oldestSegment({ site }: Sender): string | undefined {
  return readdirSync(site.path('spool'))
    .filter((name) => name.endsWith('.log'))
    .toSorted()[0]
}

async function arrive(fleet: Fleet, count: number): Promise<void> {
  for (const sender of fleet.senders) fleet.feed(sender, count)
  await fleet.arrived()
}
