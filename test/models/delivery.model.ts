// Every state that a queue of the dispatcher and its plugin can come to, and the way to a good end from each.
import assert from 'node:assert/strict'
import { explore, nameOf, SCOPES } from '../dispatcher/delivery-model.js'
import { sayAll, type Case } from './say.js'

await sayAll(
  SCOPES.map((scope): Case => [
    nameOf(scope),
    () => {
      const states = explore(scope)
      process.stdout.write(`# ${states} states\n`)
      assert.ok(states > 500)
    },
  ]),
)
