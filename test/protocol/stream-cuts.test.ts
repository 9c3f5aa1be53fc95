// However the bytes are cut, the same comes out.
import t from 'tap'
import { StreamReader } from '../../src/protocol/stream.js'
import { ExpectedSequence } from './expected-sequence.js'
import { listenTo } from './listener.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording } from './recordings.js'

const OPENING_BYTES = 64 * 1024

for (const name of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS, ...TEXT_RECORDINGS]) {
  void t.test(`${name}: its first 64 KiB, cut in two at every byte`, (t) => {
    const bytes = recording(name).subarray(0, OPENING_BYTES)
    const { heard } = listenTo([bytes])
    const expected = new ExpectedSequence(
      heard.frames,
      Buffer.from(heard.text, 'latin1'),
      JSON.stringify(heard.troubles),
    )
    const different: number[] = []
    for (let cut = 1; cut < bytes.length; cut++) {
      expected.begin()
      const reader = new StreamReader(expected)
      reader.push(bytes.subarray(0, cut))
      reader.push(bytes.subarray(cut))
      reader.end()
      if (!expected.isComplete) different.push(cut)
    }
    t.same(different, [])
    t.end()
  })
}
