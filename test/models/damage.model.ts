// Damage anywhere in files that were synced: opening never throws but where it is told to stop, invents nothing, and whatever is gone
// stands under a LOSS.

import assert from 'node:assert/strict'
import { failWhileMending, flipEach, flipInDead, harmAtRandom } from '../journal/damaged-journal.js'
import { sayAll } from './say.js'

await sayAll([
  ['each byte of the last segment, flipped', () => assert.deepEqual(flipEach(1), [])],
  ['each byte of the log of a journal that died', () => assert.deepEqual(flipInDead(1), [])],
  ['pieces overwritten, cut off, zeroed; files gone: 10,000 times', () => harmAtRandom(10_000)],
  [
    'power fails while damage is being set aside and entered',
    () => {
      const { images, found } = failWhileMending(40)
      assert.deepEqual(found, [])
      assert.ok(images > 2000)
    },
  ],
])
