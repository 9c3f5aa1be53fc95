import { test } from 'tap'
import { patchedExplorer, PATCHES } from './patched-journal.js'
import { NONE } from './mistaken-work.js'

/** Within so many loads these mistakes have to show; the models suite has all of them. */
const SEEDS = 2

for (const patch of PATCHES.filter(({ isRare }) => isRare !== true)) {
  void test(`noticed: ${patch.name}`, async (t) => {
    const firstViolation = await patchedExplorer(t.testdir(), patch)
    const { images, violation } = firstViolation(NONE, SEEDS)
    t.ok(violation, violation === undefined ? 'nobody notices' : `seen at image ${images}`)
  })
}
