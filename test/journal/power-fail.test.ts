import { test } from 'tap'
import { exploreSeed, NONE, type Sight } from './power-fail.js'

/** More by hand: JOURNAL_SEEDS=4000 node build/test/journal/power-fail.test.js */
const SEEDS = Number(process.env['JOURNAL_SEEDS'] ?? 16)

const SIGHTS: readonly Sight[] = [
  'torn',
  'told',
  'untold',
  'rebuilt',
  'crashed-again',
  'purged',
  'killed',
  'poisoned',
  'rolled',
]

void test('whatever a power failure leaves, nothing that was told is lost and nothing is invented', (t) => {
  let images = 0
  const seen = new Map<Sight, number>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = exploreSeed(seed, NONE)
    images += run.images
    for (const sight of SIGHTS) seen.set(sight, (seen.get(sight) ?? 0) + run.seen[sight])
    if (run.violation !== undefined) t.fail(run.violation)
  }
  t.comment(`${images} images: ${JSON.stringify(Object.fromEntries(seen))}`)
  for (const sight of SIGHTS) t.ok((seen.get(sight) ?? 0) > 0, `${sight} was met`)
  t.end()
})
