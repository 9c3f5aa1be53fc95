// audispctl ledger at a real daemon: one event of a million records' is missing, and it is known which; what a queue of ours has
// dropped is told as ours.

import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { test, type Test } from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frame } from './records.js'

/** With this many records each makes fifteen, a group of events. */
const GROUPS = 66_667
const GROUPS_A_WRITE = 1000
/** Of each serial the same number of digits: what a group looks like does not change. */
const FIRST = 1_048_000
const AUDISPCTL = resolve('build/src/ctl/main.js')
/** Events of one to five records, mixed with their neighbours as those are that happen at the same time. */
const MIXED = [1, 2, 3, 4, 5]
  .flatMap((records, event) => Array.from({ length: records }, (_, index) => ({ event, at: event + 0.7 * index })))
  .toSorted((a, b) => a.at - b.at)
  .map(({ event }) => event)
const EVENTS = 5

async function open(t: Test, ...dropIn: readonly string[]): Promise<Daemon> {
  const place = new Place(t)
  place.settings(`self_events = no\ndrain_timeout = 0.1s\ncontrol_socket = ${place.path('control.sock')}\n`)
  // It reads nothing.
  place.dropIn('sleep', ['path = /bin/sleep', 'args = 300', 'stop_timeout = 0.1s', ...dropIn])
  const daemon = new Daemon(t, place)
  await daemon.running('sleep')
  await daemon.says(['control socket is open'])
  return daemon
}

function ledger(
  { place }: Daemon,
  ...args: readonly string[]
): { readonly status: number | null; readonly out: string } {
  // The test runner puts itself into the environment of every child.
  const program = [process.execPath, AUDISPCTL, 'ledger', '--since-start', '-c', place.dir, ...args]
  const { status, stdout } = spawnSync('/usr/bin/env', ['-i', ...program], { encoding: 'utf8' })
  return { status, out: stdout }
}

/** What follows from the daemon's own figures: the kernel of the machine that tests run on has a history of its own. */
function ours(text: string): string {
  return text.replaceAll(/^lost {2}kernel: lost .*\n.*\n/gm, '')
}

/** Writes the events, but for one; returns how many records that were. */
async function writeEvents(daemon: Daemon, groups: number, missing?: number): Promise<number> {
  const one = frame(`type=SYSCALL msg=audit(1700000000.123:${FIRST}): a=1`, 1300)
  const serialAt = one.indexOf(String(FIRST))
  let records = 0
  for (let from = 0; from < groups; from += GROUPS_A_WRITE) {
    const bytes = Buffer.alloc(GROUPS_A_WRITE * MIXED.length * one.length)
    let end = 0
    for (let group = from; group < Math.min(groups, from + GROUPS_A_WRITE); group++) {
      for (const event of MIXED) {
        const serial = FIRST + group * EVENTS + event
        if (serial === missing) continue
        one.copy(bytes, end)
        bytes.write(String(serial), end + serialAt)
        end += one.length
        records++
      }
    }
    await daemon.write(bytes.subarray(0, end))
  }
  return records
}

void test('one event is missing among a million records', async (t) => {
  const daemon = await open(t)
  const missing = FIRST + Math.floor(GROUPS / 2) * EVENTS + 2
  const sent = await writeEvents(daemon, GROUPS, missing)
  t.ok(sent > 1_000_000 - EVENTS)
  await daemon.ledgerWhen('sleep', (found) => found.in === sent)
  const { status, out } = ledger(daemon, '--json')
  t.equal(status, 1)
  const last = FIRST + GROUPS * EVENTS - 1
  const node = { node: '', first: FIRST, last, missing: 1, pending: 0, ranges: [[missing, missing]], restarts: 0 }
  t.match(JSON.parse(out), { door: { records: sent, serials: { nodes: [node], untracked: 0 } }, exitStatus: 1 })
  t.match(ledger(daemon).out, new RegExp(`^\\(none\\) +${FIRST} +${last} +1 +0 +0 {2}${missing}$`, 'm'))
})

void test('what our queue dropped is ours, and nobody else has lost anything', async (t) => {
  const daemon = await open(t, 'q_depth = 1000')
  const sent = await writeEvents(daemon, 5000)
  const { dropped } = await daemon.ledgerWhen('sleep', (found) => found.in === sent)
  t.ok(dropped > 10_000)
  const { status, out } = ledger(daemon)
  t.equal(status, 1)
  t.match(
    ours(out),
    /^lost {2}plugin sleep: [\d,]+ records dropped: queue-full\n {6}.*sleep\.conf: a larger q_depth \(now 1000\)/m,
  )
  t.notMatch(ours(out), /^lost {2}(kernel|auditd|door)/m)
  t.match(ledger(daemon, 'sleep').out, /^lost: by sleep\n/)
  t.equal(ledger(daemon, 'sleep').status, 1)
  t.equal(ledger(daemon, 'nobody').status, 64)
})
