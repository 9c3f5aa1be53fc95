import { test } from 'tap'
import { printable, Transcript } from '../../../src/ctl/conformance/transcript.js'
import { FakeClock } from '../../dispatcher/fake-clock.js'

void test('what was said around a moment', (t) => {
  const transcript = new Transcript(new FakeClock())
  const marks = Array.from({ length: 10_000 }, (_, index) => transcript.said('D', `line ${index}`))
  const shown = transcript.around(marks[9000] ?? 0).map(({ text }) => text)
  t.equal(shown.length, 25)
  t.equal(shown[0], 'line 8988')
  t.equal(shown[12], 'line 9000')
  t.equal(shown[24], 'line 9012')
  t.equal(transcript.around(marks[9999] ?? 0).length, 13, 'there is nothing behind the end')
  t.same(transcript.around(marks[5] ?? 0), [], 'what was long ago is forgotten')
  t.end()
})

void test('nothing that a terminal would act upon', (t) => {
  t.equal(printable(Buffer.from('\x1b[2Jred\x9b\r\ttab', 'latin1')), '\\x1b[2Jred\\x9b\\x0d\\x09tab')
  t.equal(printable(Buffer.alloc(500, 'a')), `${'a'.repeat(120)}… (500 bytes)`)
  t.end()
})
