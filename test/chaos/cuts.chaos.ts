// The connection ends behind each byte of its opening, of a DATA frame and of what comes back; and it ends in all the other ways that
// a network has.

import { chaos, restWell } from './chaos.js'
import type { CutKind, Direction, Faults } from './fault-proxy.js'
import { Fleet, type Sender } from './fleet.js'

/** Side by side, each with its share of the bytes. */
const SENDERS = 4
/** Further than the opening and the first frames of either direction go: a HELLO has some 500 bytes, a DATA here up to 1500. */
const UP_BYTES = 2000
const DOWN_BYTES = 500

chaos('cut at every byte of a handshake and of a DATA frame', async (t) => {
  const fleet = await Fleet.make({ senders: SENDERS })
  t.teardown(() => fleet.end())
  fleet.start()
  const cuts = [
    ...Array.from({ length: UP_BYTES }, (_, n) => ({ direction: 'up', afterBytes: n }) as const),
    ...Array.from({ length: DOWN_BYTES }, (_, n) => ({ direction: 'down', afterBytes: n }) as const),
  ]
  await Promise.all(
    fleet.senders.map((sender, index) =>
      cutAll(
        fleet,
        sender,
        cuts.filter((_, n) => n % SENDERS === index),
      ),
    ),
  )
  const made = fleet.senders.reduce((sum, { proxy }) => sum + proxy.cuts, 0)
  const accepted = fleet.senders.reduce((sum, { proxy }) => sum + proxy.accepted, 0)
  t.comment(`cuts=${made} connections=${accepted}`)
  t.equal(made, cuts.length, 'each byte was the last of a connection')
  await restWell(t, fleet)
})

/** One cut a connection, until all are made; records are there to be sent all the time. */
async function cutAll(
  fleet: Fleet,
  sender: Sender,
  cuts: readonly { readonly direction: Direction; readonly afterBytes: number }[],
): Promise<void> {
  const { site, proxy } = sender
  let made = 0
  proxy.faultsOf = () => {
    const cut = cuts[made]
    return cut === undefined ? {} : { cut: { ...cut, kind: made % 2 === 0 ? 'reset' : 'end' } }
  }
  proxy.onCut = () => {
    made++
  }
  await site.until(() => {
    // There is always something to be sent: a connection that idles never comes to its byte.
    if (fleet.settled(sender) >= sender.limit) fleet.feed(sender, 5)
    return made >= cuts.length
  }, 'every byte was cut at')
}

const WAYS: readonly { readonly name: string; readonly kind: CutKind; readonly direction: Direction }[] = [
  { name: 'reset', kind: 'reset', direction: 'up' },
  { name: 'closed', kind: 'end', direction: 'up' },
  { name: 'half-open', kind: 'half-open', direction: 'up' },
  { name: 'stalled', kind: 'stall', direction: 'up' },
  { name: 'deaf', kind: 'silence', direction: 'up' },
  { name: 'dumb', kind: 'silence', direction: 'down' },
]

chaos('half-open, stalled, deaf, dumb and reset connections, all at once', async (t) => {
  const fleet = await Fleet.make({ senders: WAYS.length })
  t.teardown(() => fleet.end())
  fleet.start()
  await feedAndArrive(fleet, 500)
  const before = fleet.senders.map(({ proxy }) => proxy.accepted)
  // In the middle of the stream, all in their own way; then nothing is told, and each end has to notice by itself.
  for (const [index, sender] of fleet.senders.entries()) {
    const way = WAYS[index]
    if (way === undefined) continue
    fleet.feed(sender, 500)
    sender.proxy.cutAll(way.kind, way.direction)
  }
  await restWell(t, fleet)
  t.comment(fleet.senders.map(({ proxy }, index) => `${WAYS[index]?.name ?? ''}=${proxy.accepted}`).join(' '))
  t.ok(
    fleet.senders.every(({ proxy }, index) => proxy.accepted > (before[index] ?? 0)),
    'each has connected again',
  )
})

const LINES: readonly Faults[] = [
  { delayMs: 200 },
  { bytesPerSecond: 7000 },
  { pieceBytes: 1 },
  { gatherMs: 100 },
  { delayMs: 20, pieceBytes: 61 },
]

chaos('slow, late, split and gathered lines', async (t) => {
  const fleet = await Fleet.make({ senders: LINES.length })
  t.teardown(() => fleet.end())
  for (const [index, { proxy }] of fleet.senders.entries()) proxy.faultsOf = () => LINES[index] ?? {}
  fleet.start()
  await feedAndArrive(fleet, 150)
  await restWell(t, fleet)
})

async function feedAndArrive(fleet: Fleet, count: number): Promise<void> {
  for (const sender of fleet.senders) fleet.feed(sender, count)
  for (const { site, limit } of fleet.senders) {
    const last = ` p=${site.name} n=${limit} `
    await fleet.collector.until(() => fleet.collector.read('sink').includes(last), `the consumer has ${last}`)
  }
}
