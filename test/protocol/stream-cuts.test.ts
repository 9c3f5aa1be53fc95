// However the bytes are cut, the same comes out. The models suite cuts more of them.
import t from 'tap'
import { cutsThatMatter } from './cut-in-two.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording } from './recordings.js'

/** More than a padded frame has. */
const OPENING_BYTES = 10 * 1024

for (const name of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS, ...TEXT_RECORDINGS]) {
  void t.test(`${name}: its first 10 KiB, cut in two at every byte`, (t) => {
    t.same(cutsThatMatter(recording(name).subarray(0, OPENING_BYTES)), [])
    t.end()
  })
}
