import { test } from 'tap'
import { NONE } from './mistaken-work.js'
import { exploreSeed, SIGHTS, type Sight } from './power-fail.js'

/** A small share of what the models suite looks at: two loads that meet everything between them. */
const SEEDS = [16, 17]

void test('whatever a power failure leaves, nothing that was told is lost and nothing is invented', (t) => {
  let images = 0
  const seen = new Map<Sight, number>()
  for (const seed of SEEDS) {
    const run = exploreSeed(seed, NONE)
    images += run.images
    for (const sight of SIGHTS) seen.set(sight, (seen.get(sight) ?? 0) + run.seen[sight])
    if (run.violation !== undefined) t.fail(run.violation)
  }
  t.comment(`${images} images: ${JSON.stringify(Object.fromEntries(seen))}`)
  for (const sight of SIGHTS) t.ok((seen.get(sight) ?? 0) > 0, `${sight} was met`)
  t.end()
})
