// However the bytes of a stream are cut, the same comes out: the first 64 KiB of every recording, cut at every byte.
import assert from 'node:assert/strict'
import { cutsThatMatter } from '../protocol/cut-in-two.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording } from '../protocol/recordings.js'
import { sayAll, type Case } from './say.js'

const OPENING_BYTES = 64 * 1024

await sayAll(
  [...EXACT_RECORDINGS, ...PADDED_RECORDINGS, ...TEXT_RECORDINGS].map((name): Case => [
    `${name}: its first 64 KiB, cut in two at every byte`,
    () => assert.deepEqual(cutsThatMatter(recording(name).subarray(0, OPENING_BYTES)), []),
  ]),
)
