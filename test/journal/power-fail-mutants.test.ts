import { test } from 'tap'
import { firstViolation } from './power-fail.js'
import { MUTANTS, REDUNDANT } from './power-fail-mutants.js'

/** In the first loads most mistakes show; the models suite has all of them. */
const SEEDS = 3

for (const mutant of MUTANTS.filter(({ isRare }) => isRare !== true)) {
  void test(`needed: ${mutant.name}`, (t) => {
    const { images, violation } = firstViolation(mutant, SEEDS)
    t.ok(violation, violation === undefined ? 'nobody notices' : `seen at image ${images}`)
    t.end()
  })
}

for (const mutant of REDUNDANT) {
  void test(`harmless: ${mutant.name}`, (t) => {
    t.equal(firstViolation(mutant, 1).violation, undefined)
    t.end()
  })
}
