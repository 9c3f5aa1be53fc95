// Plugins that are stopped, slow, dead or deaf beside a healthy one: it gets everything, they lose what their own queue does
// not hold, memory stays within the queues, and every loss is counted and told.

import t, { type Test } from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frame, parted, recordText, serialsIn } from './records.js'

const MIB = 1024 * 1024
const RECORDS = 200_000
const RECORD_BYTES = 300
/** Written at once; the healthy plugin is at most this far behind, so that its own queue takes no memory to speak of. */
const CHUNK = 5000
const QUEUE_BYTES = 16 * MIB
/** What the daemon may take beside its full queues. */
const BASE_BYTES = 100 * MIB
const FULL = ['stopped', 'crawling', 'dying', 'deaf'] as const

/** Every thousandth record is of another type. */
const RARE = 1000
const isRare = (n: number): boolean => n % RARE === 0
const textWithRare = (n: number): string =>
  isRare(n) ? recordText(n, RECORD_BYTES).replace('USER_CMD', 'USER_LOGIN') : recordText(n, RECORD_BYTES)

function chunkOf(first: number, last: number): Buffer {
  const parts: Buffer[] = []
  for (let n = first; n <= last; n++) parts.push(frame(textWithRare(n), isRare(n) ? 1112 : 1123))
  return Buffer.concat(parts)
}

function linesOf(first: number, last: number): Buffer {
  const parts: string[] = []
  for (let n = first; n <= last; n++) parts.push(`${textWithRare(n)}\n`)
  return Buffer.from(parts.join(''))
}

/** Writes records first..last no faster than the plugin `healthy` reads them. */
async function flood(daemon: Daemon, first: number, last: number): Promise<void> {
  const already = daemon.place.size('healthy')
  const lineBytes = RECORD_BYTES + 1
  for (let from = first; from <= last; from += CHUNK) {
    await daemon.write(chunkOf(from, Math.min(last, from + CHUNK - 1)))
    await daemon.has('healthy', already + (from - first) * lineBytes)
  }
  await daemon.has('healthy', already + (last - first + 1) * lineBytes)
}

function balanced(t: Test, daemon: Daemon, names: readonly string[]): void {
  for (const name of names) {
    const { delivered, filtered, dropped, queued, ...ledger } = daemon.ledger(name)
    t.equal(ledger.in, delivered + filtered + dropped + queued, `${name}: in = delivered + filtered + dropped + queued`)
    t.ok(ledger.balanced, `${name}: and the daemon finds so too`)
  }
}

void t.test('a healthy plugin among others that stand still', async (t) => {
  const place = new Place(t, `q_depth = 10000000\nq_bytes = ${QUEUE_BYTES}\ndrain_timeout = 100ms\n`)
  place.tee('healthy')
  place.tee('stopped')
  place.plugin('crawling', 'reads-one-a-second.pl', [place.path('crawling')], ['stop_timeout = 100ms'])
  place.plugin('dying', 'dies-at-once.sh', ['1'], ['max_restarts = 0', 'format = binary'])
  place.plugin('deaf', 'closes-its-stdin.sh', [], ['stop_timeout = 100ms', 'overflow_action = drop-oldest'])
  place.tee('picky', ['subscribe = type=USER_LOGIN'])
  const all = ['healthy', 'picky', ...FULL]
  const daemon = new Daemon(t, place)
  await daemon.running(...all)
  await daemon.stopPlugin('stopped')
  await daemon.stopPlugin('picky')
  const before = [place.size('stopped'), place.size('picky')]

  await flood(daemon, 1, RECORDS)
  t.same([place.size('stopped'), place.size('picky')], before, 'those that are stopped have not moved')
  t.ok(serialsIn(place.read('crawling')).serials.length < RECORDS / 1000, 'nor has the slow one, to speak of')
  const most = daemon.memory('VmHWM')
  t.ok(most < FULL.length * QUEUE_BYTES + BASE_BYTES, `memory: ${Math.round(most / MIB)} MiB`)

  await daemon.ledgerNow('stopped')
  await daemon.until(() => all.every((name) => daemon.lines(' ledger ', `plugin=${name} `).length === 1), 'all ledgers')
  balanced(t, daemon, all)
  for (const name of FULL) {
    const { dropped, queued, fields } = daemon.ledger(name)
    t.ok(dropped > RECORDS / 2 && queued > 0, `${name}: ${dropped} dropped, ${queued} wait`)
    t.equal(fields['dropped.queue-full'], String(dropped))
    t.equal(daemon.lines('queue is full', `plugin=${name} `).length, 1, `${name}: said once`)
  }
  t.match(daemon.ledger('healthy'), { dropped: 0, queued: 0 })
  const rare = RECORDS / RARE
  const { filtered, ...picky } = daemon.ledger('picky')
  t.equal(picky.in - filtered, rare, 'what was not asked for is filtered')
  t.match(picky, { dropped: 0 }, 'and takes no room')

  daemon.wakePlugin('stopped')
  const [recovered = ''] = await daemon.says(['queue has room again', 'plugin=stopped '])
  const lost = Number(/lost=(\d+)/.exec(recovered)?.[1])
  t.equal(lost, (await daemon.ledgerNow('stopped')).dropped, 'recovery is told with the total')
  const isTold = (name: string, op: string): boolean => place.read(name).includes(`op=${op} plugin=stopped`)
  await daemon.until(() => isTold('healthy', 'loss-end') && isTold('stopped', 'loss-end'), 'everyone is told')
  await flood(daemon, RECORDS + 1, RECORDS + CHUNK)
  // At the end nothing that waits has time.
  await daemon.ledgerWhen('stopped', ({ queued }) => queued === 0)
  daemon.wakePlugin('picky')
  t.match(await daemon.finish(), { code: 0 })

  const healthy = parted(place.read('healthy'))
  t.ok(healthy.others.equals(linesOf(1, RECORDS + CHUNK)), 'the healthy plugin has every record, in order')
  t.same(
    healthy.own.filter((text) => text.startsWith('op=loss-begin ')).toSorted(),
    FULL.map((name) => `op=loss-begin plugin=${name} reason=queue-full res=failed`).toSorted(),
    'and has been told of each loss once',
  )
  t.same(
    healthy.own.filter((text) => text.startsWith('op=loss-end ')),
    [`op=loss-end plugin=stopped lost=${lost} res=failed`],
  )
  const stopped = parted(place.read('stopped'))
  t.same(
    stopped.own.filter((text) => /^op=loss-\w+ plugin=stopped /.test(text)),
    ['op=loss-begin plugin=stopped reason=queue-full res=failed', `op=loss-end plugin=stopped lost=${lost} res=failed`],
    'the one that lost them is told too, once it has room',
  )
  const first = stopped.others.length / (RECORD_BYTES + 1) - CHUNK
  t.ok(
    stopped.others.equals(Buffer.concat([linesOf(1, first), linesOf(RECORDS + 1, RECORDS + CHUNK)])),
    `drop-newest: it has the first ${first} and all after its recovery`,
  )
  balanced(t, daemon, all)
})

void t.test('a stopped plugin that asked for one record in a thousand keeps no more than these', async (t) => {
  const place = new Place(t, 'self_events = no\n')
  place.tee('healthy')
  place.tee('picky', ['subscribe = type=USER_LOGIN'])
  const daemon = new Daemon(t, place)
  await daemon.running('healthy', 'picky')
  await daemon.stopPlugin('picky')
  await flood(daemon, 1, 2 * CHUNK)
  const before = daemon.memory('VmRSS')
  await flood(daemon, 2 * CHUNK + 1, 2 * RECORDS)
  const grown = daemon.memory('VmHWM') - before
  // They lie at least one in every piece of memory that records are kept in: 120 MB of them.
  t.ok(grown < 48 * MIB, `memory has grown by ${Math.round(grown / MIB)} MiB`)
  daemon.wakePlugin('picky')
  t.match(await daemon.finish(), { code: 0 })
  const rare = Array.from({ length: (2 * RECORDS) / RARE }, (_, index) => `${textWithRare((index + 1) * RARE)}\n`)
  t.equal(place.read('picky').toString(), rare.join(''), 'each of them, as it was')
  balanced(t, daemon, ['picky', 'healthy'])
})
