// In pieces of any size the same comes out.
import t from 'tap'
import { digestOf, piecesOf } from './listener.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording } from './recordings.js'

/** So much in pieces of single bytes; the rest has nothing that these have not. */
const ONE_BYTE_RUN = 256 * 1024
const SEVEN_BYTES_RUN = 2 * 1024 * 1024

for (const name of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS, ...TEXT_RECORDINGS]) {
  void t.test(`${name}: in pieces`, (t) => {
    const bytes = recording(name)
    const opening = bytes.subarray(0, ONE_BYTE_RUN)
    t.equal(digestOf(piecesOf(opening, 1)), digestOf([opening]), 'of 1 byte')
    const longer = bytes.subarray(0, SEVEN_BYTES_RUN)
    t.equal(digestOf(piecesOf(longer, 7)), digestOf([longer]), 'of 7 bytes')
    const whole = digestOf([bytes])
    for (const pieceBytes of [4096, 1024 * 1024]) {
      t.equal(digestOf(piecesOf(bytes, pieceBytes)), whole, `of ${pieceBytes} bytes`)
    }
    t.end()
  })
}
