import { test } from 'tap'
import { firstViolation } from './power-fail.js'
import { MUTANTS, REDUNDANT } from './power-fail-mutants.js'

/** Within so many loads every mistake has to show. */
const SEEDS = 30

for (const mutant of MUTANTS) {
  void test(`needed: ${mutant.name}`, (t) => {
    const { images, violation } = firstViolation(mutant, SEEDS)
    t.ok(violation, violation === undefined ? 'nobody notices' : `seen at image ${images}`)
    t.end()
  })
}

for (const mutant of REDUNDANT) {
  void test(`harmless: ${mutant.name}`, (t) => {
    t.equal(firstViolation(mutant, 3).violation, undefined)
    t.end()
  })
}
