import { join } from 'node:path'
import { test } from 'tap'
import { patchedExplore, PATCHES } from './patched-journal.js'
import { explore, type Exploration, type Mutant, type Sight } from './power-fail.js'
import { MUTANTS, REDUNDANT } from './power-fail-mutants.js'

/** A seed is some 250 images. More by hand: JOURNAL_SEEDS=4000 node build/test/journal/power-fail.test.js */
const SEEDS = Number(process.env['JOURNAL_SEEDS'] ?? 16)
/** Within so many seeds every mutant has to be found out. */
const MUTANT_SEEDS = 60
const ROUNDS = 14
const IMAGES_PER_OP = 2

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

const NONE: Mutant = { name: 'none' }

function exploreSeed(seed: number, mutant: Mutant, run: typeof explore = explore): Exploration {
  return run(seed, ROUNDS, IMAGES_PER_OP, mutant, seed % 2 === 0)
}

/** The first violation, after how many images. */
function firstViolation(
  mutant: Mutant,
  seeds: number,
  run: typeof explore = explore,
): { images: number; violation: string | undefined } {
  let images = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const found = exploreSeed(seed, mutant, run)
    images += found.images
    if (found.violation !== undefined) return { images, violation: found.violation }
  }
  return { images, violation: undefined }
}

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

void test('each sync and each order is needed', (t) => {
  for (const mutant of MUTANTS) {
    const { images, violation } = firstViolation(mutant, MUTANT_SEEDS)
    t.ok(violation, `${mutant.name}: ${violation === undefined ? 'nobody notices' : `seen at image ${images}`}`)
  }
  for (const mutant of REDUNDANT) t.equal(firstViolation(mutant, 4).violation, undefined, mutant.name)
  t.end()
})

void test('each rule of recovery is needed', async (t) => {
  const dir = t.testdir()
  for (const [index, patch] of PATCHES.entries()) {
    // A directory each: a module is loaded once a path.
    const { images, violation } = firstViolation(
      NONE,
      MUTANT_SEEDS,
      await patchedExplore(join(dir, String(index)), patch),
    )
    t.ok(violation, `${patch.name}: ${violation === undefined ? 'nobody notices' : `seen at image ${images}`}`)
  }
})
