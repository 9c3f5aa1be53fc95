// The small part of delivery-model.ts; the models suite explores all of it.
import { test } from 'tap'
import { explore, nameOf, SCOPES } from './delivery-model.js'

const MOST_SEQS = 2

void test('in every order of events, nothing is lost untold, repeated, or held for ever', { timeout: 120_000 }, (t) => {
  for (const scope of SCOPES) {
    const small = { ...scope, seqs: Math.min(scope.seqs, MOST_SEQS) }
    const states = explore(small)
    t.comment(`${nameOf(small)}: ${states} states`)
    t.ok(states > 200, `${nameOf(small)}: ${states} states`)
  }
  t.end()
})
