// Plugins that acknowledge, killed again and again at random moments under load. One that keeps on disk how far it came has
// every record exactly once; one that keeps nothing has each at least once, and twice only what it had not acknowledged.

import t from 'tap'
import { Random } from '../protocol/random.js'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, range, serialsIn } from './records.js'

const KILLS = 50
/** Records written between two kills: several times what a FIFO holds. */
const BURST = 1200
const SEED = 20_260
const RESTARTS = ['format = protocol', 'restart_delay = 10ms..10ms', 'max_restarts = 0']

/**
 * Kills `name` while records pass, at an instant that the random number chooses, and waits until its next process has
 * acknowledged something: a record that is first in line at four deaths is held to be what kills.
 */
async function killUnderLoad(daemon: Daemon, name: string, sent: number, random: Random): Promise<number> {
  const pid = daemon.pidOf(name)
  const share = random.below(BURST)
  await daemon.write(frames(sent + 1, sent + share))
  const rest = daemon.write(frames(sent + share + 1, sent + BURST))
  process.kill(pid, 'SIGKILL')
  await rest
  await daemon.runningAnew(name, pid)
  const before = await daemon.ledgerNow(name)
  const all = sent + BURST
  if (before.delivered < all) await daemon.ledgerWhen(name, ({ delivered }) => delivered > before.delivered)
  return all
}

void t.test('killed fifty times, one that keeps what it acknowledges has each record exactly once', async (t) => {
  const place = new Place(t)
  place.plugin('keeps', 'keeps-what-it-acks.js', [place.path('keeps')], RESTARTS)
  place.tee('neighbour')
  const daemon = new Daemon(t, place)
  await daemon.running('keeps', 'neighbour')
  const random = new Random(SEED)
  let sent = 0
  for (let kill = 0; kill < KILLS; kill++) {
    sent = await killUnderLoad(daemon, 'keeps', sent, random)
  }
  t.match(await daemon.finish(), { code: 0 })
  const lines = place.read('keeps').toString('latin1').trimEnd().split('\n')
  const seqs = lines.map((line) => Number(line.slice(0, line.indexOf(' '))))
  t.ok(
    seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0)),
    'seqs rise strictly over all processes',
  )
  const { serials, torn } = serialsIn(
    Buffer.from(`${lines.map((line) => line.slice(line.indexOf(' ') + 1)).join('\n')}\n`),
  )
  t.same(torn, [])
  t.equal(serials.length, sent)
  t.ok(
    serials.every((serial, index) => serial === index + 1),
    'each record exactly once, in order',
  )
  t.equal(place.size('keeps.lost'), 0, 'and none is told to be lost')
  t.match(daemon.ledger('keeps'), { in: sent, delivered: sent, dropped: 0, queued: 0, balanced: true })
  t.equal(Number(daemon.ledger('keeps').fields['restarts']), KILLS)
  t.match(daemon.ledger('neighbour'), { in: sent, delivered: sent, balanced: true })
})

void t.test('killed thirty times, one that keeps nothing gets again only what it had not acknowledged', async (t) => {
  const place = new Place(t)
  place.plugin('forgets', 'keeps-nothing.js', [place.path('forgets')], RESTARTS)
  const daemon = new Daemon(t, place)
  await daemon.running('forgets')
  const random = new Random(SEED)
  let sent = 0
  for (let kill = 0; kill < 30; kill++) {
    sent = await killUnderLoad(daemon, 'forgets', sent, random)
  }
  t.match(await daemon.finish(), { code: 0 })
  const seen = new Set<number>()
  let owner = ''
  /** What the dispatcher must have heard: a process says each ACK before it goes on, so only its last may not have come. */
  let heard = 0
  let said = 0
  const again: number[] = []
  for (const line of place.read('forgets').toString('latin1').split('\n')) {
    // The end of a line may be missing where a process was killed.
    const match = /^(\d+) (?:acks (\d+)|(\d+) type=USER_CMD msg=audit\(1700000000\.000:(\d+)\): n=\4 x+)$/.exec(line)
    if (match === null) continue
    const [, pid = '', ack, seq, serial] = match
    if (pid === owner) heard = Math.max(heard, said)
    else said = 0
    owner = pid
    if (ack !== undefined) said = Number(ack)
    if (seq === undefined) continue
    seen.add(Number(serial))
    if (Number(seq) <= heard) again.push(Number(seq))
  }
  t.same(again, [], 'nothing comes again that was acknowledged')
  t.same(
    [...seen].toSorted((a, b) => a - b),
    range(1, sent),
    'each at least once',
  )
  t.match(daemon.ledger('forgets'), { in: sent, delivered: sent, dropped: 0, queued: 0, balanced: true })
})
