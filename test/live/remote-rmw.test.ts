// To a real auditd in its own protocol, through everything that breaks. auditd stores again what comes again, so each test says how often
// that may be.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test, type Test } from 'tap'
import { FaultProxy } from '../chaos/fault-proxy.js'
import type { SenderOptions } from '../../src/remote/rmw/sender-input.js'
import { shortDir } from './audisp-remote.js'
import { ENVIRONMENT, missingPrograms, whyNoNamespace } from './kernel.js'
import { ManagedSender } from './managed-sender.js'
import { AUDITD_PORT, RemoteAuditd } from './remote-auditd.js'
import { program } from './scene.js'
import { until } from './until.js'

const WINDOW = 256
/** An auditd that is slow to answer keeps its connection. */
const PATIENT = { answerMs: 30_000 }
const INSIDE = 'AUDISPD_TEST_IN_ITS_OWN_NET'

const skip = whyNoNamespace() || missingPrograms('auditd', 'timeout', 'ip', 'mount')

if (process.env[INSIDE] === undefined && skip === '') {
  const file = fileURLToPath(import.meta.url)
  const env = { ...process.env, [INSIDE]: 'yes' }
  void test('in a network of its own', (t) => t.spawn(program('in-its-own-net.sh'), [process.execPath, file], { env }))
} else {
  void test('pipelined, in order, each once', { skip }, async (t) => {
    const { auditd, sender } = await pair(t, {}, PATIENT)
    await sender.append(records(1, 3000))
    for (let from = 3001; from <= 6000; from += 100) await sender.append(records(from, from + 99))
    await sender.allAcked()
    t.ok(auditd.records().join() === wanted(6000).join(), 'all of it, as it is')
    t.same(sender.says, ['well'])
    t.equal(sender.uplink.status.connections, 1)
  })

  void test('what auditd would cut, and the longest that it keeps', { skip }, async (t) => {
    const { auditd, sender } = await pair(t, {}, PATIENT)
    const long = (bytes: number): string => `type=USER msg=audit(1.000:1): ${'x'.repeat(bytes - 30)}`
    await sender.append([long(8953), long(8954), long(8955), ...records(1, 2)])
    await sender.allAcked()
    const stored = auditd.records()
    t.same([stored[0] === long(8953), stored[1] === long(8954), stored.slice(3)], [true, true, wanted(2)])
    t.match(stored[2], /'op=journal-loss reason=too-long first=3 last=3 lost=1 res=failed'$/)
    t.equal(sender.uplink.status.connections, 1)
  })

  void test('a type that auditd swallows without an answer holds nothing up', { skip }, async (t) => {
    const { auditd, sender } = await pair(t, { distribute_network: 'yes' }, PATIENT)
    await sender.append([
      'type=1320 msg=audit(1.000:1): ',
      'type=UNKNOWN[1320] msg=audit(1.000:1): ',
      ...records(1, 20),
    ])
    await sender.allAcked()
    t.same(auditd.records().slice(-16), wanted(20))
    await sender.append(['type=UNKNOWN[1320] msg=audit(1.000:1): '])
    await sender.allAcked()
    t.equal(sender.uplink.status.connections, 1)
  })

  void test('auditd stops for a while', { skip }, async (t) => {
    const { auditd, sender } = await pair(t)
    await sender.append(records(1, 100))
    await sender.allAcked()
    auditd.signal('SIGSTOP')
    await sender.append(records(101, 2000))
    await until(
      'several connections',
      () => sender.uplink.status.lastError === 'no answer' && sender.says.includes('network-failure'),
    )
    auditd.signal('SIGCONT')
    await sender.allAcked()
    check(t, auditd, 2000, WINDOW)
  })

  void test('auditd is restarted and killed', { skip }, async (t) => {
    const { auditd, sender } = await pair(t)
    let sent = 0
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      await sender.append(records(sent + 1, sent + 3000))
      sent += 3000
      await until('some of it', () => auditd.records().length > wanted(sent - 3000).length)
      await auditd.end(signal)
      await sender.append(records(sent + 1, sent + 100))
      sent += 100
      await auditd.start()
    }
    await sender.allAcked()
    check(t, auditd, sent, 4 * WINDOW)
  })

  void test('connections are cut at any byte', { skip }, async (t) => {
    const dir = shortDir(t)
    const auditd = new RemoteAuditd(t, dir)
    await auditd.start()
    const proxy = await FaultProxy.listen(AUDITD_PORT)
    t.teardown(() => proxy.close())
    const cuts = 40
    proxy.faultsOf = (connection) => {
      if (connection >= cuts) return {}
      const direction = connection % 3 === 0 ? 'down' : 'up'
      const kind = connection % 2 === 0 ? 'reset' : 'end'
      return { cut: { direction, kind, afterBytes: connection * (direction === 'up' ? 131 : 16) + (connection % 16) } }
    }
    const sender = await ManagedSender.start(t, dir, proxy.port)
    await sender.append(records(1, 2000))
    await sender.allAcked()
    await sender.append(records(2001, 2100))
    await sender.allAcked()
    t.ok(proxy.cuts > 20, `${proxy.cuts} cuts`)
    // auditd takes what a connection ends within for a whole record: those are its own pieces, and no record of ours.
    const stored = auditd.records()
    const whole = new Set(wanted(2100))
    t.same(new Set(stored.filter((line) => whole.has(line))), whole, 'nothing is lost')
    const pieces = stored.filter((line) => !whole.has(line))
    t.ok(
      pieces.every((piece) => wanted(2100).some((line) => line.startsWith(piece))),
      'and nothing is invented',
    )
    t.ok(stored.length - whole.size <= (cuts + 1) * WINDOW, `${stored.length - whole.size} again or in pieces`)
  })

  void test('its disk is full, and is not any more', { skip }, async (t) => {
    for (const disk_full_action of ['IGNORE', 'SUSPEND']) {
      const disk = smallDisk(t, '300k')
      const auditd = new RemoteAuditd(t, shortDir(t), disk, { disk_full_action })
      await auditd.start()
      const sender = await ManagedSender.start(t, shortDir(t), AUDITD_PORT)
      await sender.append(records(1, 500))
      await sender.allAcked()
      writeFileSync(join(disk, 'filler'), Buffer.alloc(170 * 1024))
      await sender.append(records(501, 5000))
      const said = disk_full_action === 'IGNORE' ? 'disk-full' : 'disk-error'
      await until(
        () => `${said}: ${sender.says.join()}`,
        () => sender.says.includes(said),
      )
      const { ackedSeq } = sender.uplink.status
      t.ok(ackedSeq >= 500 && ackedSeq < 5000, `${ackedSeq} of 5000`)
      rmSync(join(disk, 'filler'))
      if (disk_full_action === 'SUSPEND') {
        await auditd.end()
        await auditd.start()
      }
      await sender.allAcked()
      const stored = auditd.records()
      // The write that failed leaves the beginning of a record in auditd's log, and what it stores next is glued to that.
      const whole = new Set(wanted(5000))
      const found = stored.filter((line) => whole.has(line))
      t.same(new Set(found), whole, `${disk_full_action}: nothing is lost`)
      t.ok(found.length - whole.size <= (disk_full_action === 'IGNORE' ? 1 : WINDOW), 'and hardly anything comes twice')
      await auditd.end()
    }
  })
}

async function pair(
  t: Test,
  keys: Readonly<Record<string, string | number>> = {},
  options: Partial<SenderOptions> = {},
): Promise<{ readonly auditd: RemoteAuditd; readonly sender: ManagedSender }> {
  const dir = shortDir(t)
  const auditd = new RemoteAuditd(t, dir, dir, keys)
  await auditd.start()
  return { auditd, sender: await ManagedSender.start(t, dir, AUDITD_PORT, options) }
}

/** Every fifth is the end of an event. */
function record(n: number): string {
  return n % 5 === 0
    ? `type=EOE msg=audit(1700000000.000:${n}): `
    : `type=USER msg=audit(1700000000.000:${n}): pid=${n}`
}

function records(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => record(from + index))
}

/** What of the first so many auditd is to have. */
function wanted(to: number): string[] {
  return records(1, to).filter((line) => !line.startsWith('type=EOE'))
}

function check(t: Test, auditd: RemoteAuditd, sent: number, mayRepeat: number): void {
  const stored = auditd.records()
  const again = stored.length - new Set(stored).size
  t.same(new Set(stored), new Set(wanted(sent)), 'nothing is lost, nothing invented')
  t.ok(again <= mayRepeat, `${again} of ${stored.length} again`)
}

/** A directory with so much room. */
function smallDisk(t: Test, size: string): string {
  const dir = join(shortDir(t), 'disk')
  mkdirSync(dir, { recursive: true })
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=750`, 'none', dir], {
    env: ENVIRONMENT,
  })
  if (status !== 0) throw new Error('no small disk')
  chmodSync(dir, 0o750)
  t.teardown(() => {
    spawnSync('umount', ['-l', dir], { env: ENVIRONMENT })
  })
  return dir
}
