import { test } from 'tap'
import type { FileOp } from '../../src/journal/file-port.js'
import { explore, type Mutant, type Sight } from './power-fail.js'

/** More by hand: JOURNAL_SEEDS=4000 node build/test/journal/power-fail.test.js */
const SEEDS = Number(process.env['JOURNAL_SEEDS'] ?? 12)
const MUTANT_SEEDS = Number(process.env['JOURNAL_MUTANT_SEEDS'] ?? 60)

const NONE: Mutant = { name: 'none' }

void test('whatever a power failure leaves, nothing that was told is lost and nothing is invented', (t) => {
  let images = 0
  const seen: Partial<Record<Sight, number>> = {}
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = explore(seed, 14, 2, NONE, seed % 2 === 0)
    images += run.images
    for (const [sight, count] of Object.entries(run.seen))
      Object.assign(seen, { [sight]: count + (Reflect.get(seen, sight) ?? 0) })
    if (run.violation !== undefined) {
      t.fail(run.violation)
      break
    }
  }
  t.comment(`${images} images: ${JSON.stringify(seen)}`)
  for (const [sight, count] of Object.entries(seen)) t.ok(count > 0, `${sight} was met`)
  t.end()
})
