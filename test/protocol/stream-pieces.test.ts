// In pieces of any size the same comes out.
import t from 'tap'
import { digestOf, piecesOf } from './listener.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording } from './recordings.js'

const ONE_BYTE_RUN = 2 * 1024 * 1024

for (const name of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS, ...TEXT_RECORDINGS]) {
  void t.test(`${name}: in pieces`, (t) => {
    const bytes = recording(name)
    const opening = bytes.subarray(0, ONE_BYTE_RUN)
    t.equal(digestOf(piecesOf(opening, 1)), digestOf([opening]), 'of 1 byte')
    const whole = digestOf([bytes])
    for (const pieceBytes of [7, 4096, 1024 * 1024]) {
      t.equal(digestOf(piecesOf(bytes, pieceBytes)), whole, `of ${pieceBytes} bytes`)
    }
    t.end()
  })
}
