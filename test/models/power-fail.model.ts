// Power fails at every operation of a journal under load, also while it recovers from a power failure: 200,000 images, each opened,
// judged and written to. Then each sync left out and each order turned round in turn, and each rule of recovery patched away: every one
// of these mistakes has to show. More by hand: POWER_FAIL_IMAGES=2000000 node build/test/models/power-fail.model.js

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NONE } from '../journal/mistaken-work.js'
import { patchedExplorer, PATCHES } from '../journal/patched-journal.js'
import { exploreSeed, firstViolation, SIGHTS, type Sight } from '../journal/power-fail.js'
import { MUTANTS, REDUNDANT } from '../journal/power-fail-mutants.js'
import { sayAll, type Case } from './say.js'

const IMAGES = Number(process.env['POWER_FAIL_IMAGES'] ?? 200_000)
/** Within so many loads every mistake has to show. */
const SEEDS = 400
const HARMLESS_SEEDS = 12

await sayAll([
  [`${IMAGES} images: nothing that was told is lost, nothing is invented`, exploreAll],
  ...MUTANTS.map((mutant): Case => [`needed: ${mutant.name}`, () => notice(firstViolation(mutant, SEEDS))]),
  ...REDUNDANT.map((mutant): Case => [
    `harmless: ${mutant.name}`,
    () => assert.equal(firstViolation(mutant, HARMLESS_SEEDS).violation, undefined),
  ]),
  ...PATCHES.map((patch): Case => [
    `noticed: ${patch.name}`,
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'patched-journal-'))
      try {
        notice((await patchedExplorer(dir, patch))(NONE, SEEDS))
      } finally {
        rmSync(dir, { recursive: true })
      }
    },
  ]),
])

function exploreAll(): void {
  const seen = new Map<Sight, number>()
  let images = 0
  let seed = 0
  while (images < IMAGES) {
    const run = exploreSeed(++seed, NONE)
    images += run.images
    for (const sight of SIGHTS) seen.set(sight, (seen.get(sight) ?? 0) + run.seen[sight])
    assert.equal(run.violation, undefined)
  }
  process.stdout.write(`# ${images} images of ${seed} loads: ${JSON.stringify(Object.fromEntries(seen))}\n`)
  for (const sight of SIGHTS) assert.ok((seen.get(sight) ?? 0) > IMAGES / 10_000, `${sight} was not met often enough`)
}

function notice({ images, violation }: { readonly images: number; readonly violation: string | undefined }): void {
  assert.ok(violation !== undefined, `nobody notices within ${images} images`)
  process.stdout.write(`# at image ${images}: ${violation.split('\n')[0]}\n`)
}
