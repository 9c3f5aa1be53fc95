import { test } from 'tap'
import { patchedExplorer, PATCHES } from './patched-journal.js'
import { NONE } from './power-fail.js'

/** Within so many loads every mistake has to show. */
const SEEDS = 30

for (const patch of PATCHES) {
  void test(`noticed: ${patch.name}`, async (t) => {
    const firstViolation = await patchedExplorer(t.testdir(), patch)
    const { images, violation } = firstViolation(NONE, SEEDS)
    t.ok(violation, violation === undefined ? 'nobody notices' : `seen at image ${images}`)
  })
}
