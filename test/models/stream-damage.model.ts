// Streams damaged at random, a hundred thousand times: what is whole comes, and every byte is accounted for.
import assert from 'node:assert/strict'
import { DAMAGES } from '../protocol/damaged-streams.js'
import { sayAll, type Case } from './say.js'

await sayAll(
  DAMAGES.map(({ kind, runs, wrongOf }): Case => [
    `${kind}, damaged ${runs} times`,
    () => assert.deepEqual(wrongOf(runs), []),
  ]),
)
