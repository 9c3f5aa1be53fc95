import { StreamReader } from '../../src/protocol/stream.js'
import { ExpectedSequence } from './expected-sequence.js'
import { listenTo } from './listener.js'

/** At which of all places the bytes, cut in two there, come to something else than whole. */
export function cutsThatMatter(bytes: Buffer): number[] {
  const { heard } = listenTo([bytes])
  const expected = new ExpectedSequence(heard.frames, Buffer.from(heard.text, 'latin1'), JSON.stringify(heard.troubles))
  const different: number[] = []
  for (let cut = 1; cut < bytes.length; cut++) {
    expected.begin()
    const reader = new StreamReader(expected)
    reader.push(bytes.subarray(0, cut))
    reader.push(bytes.subarray(cut))
    reader.end()
    if (!expected.isComplete) different.push(cut)
  }
  return different
}
