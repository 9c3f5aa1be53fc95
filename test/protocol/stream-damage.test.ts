// A part of what damaged-streams.ts does; the models suite does all of it.
import t from 'tap'
import { DAMAGES } from './damaged-streams.js'

/** So much of it. */
const SHARE = 1 / 10

for (const { kind, runs, wrongOf } of DAMAGES) {
  const some = runs * SHARE
  void t.test(`${kind}, damaged ${some} times`, (t) => {
    t.same(wrongOf(some), [])
    t.end()
  })
}
