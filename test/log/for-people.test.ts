import { Writable } from 'node:stream'
import { test } from 'tap'
import { programName, whenSaid } from '../../src/log/for-people.js'

/** Takes what it is given when it is told to. */
class Hand extends Writable {
  text = ''
  #waiting: (() => void)[] | undefined = []

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    if (this.#waiting === undefined) done()
    else this.#waiting.push(done)
  }

  take(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const done of waiting) done()
  }
}

function isOut(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve()
    })
  })
}

void test('syslog is looked for when something is said, and again when it has gone', async (t) => {
  const hands: Hand[] = []
  let leave = (): void => {}
  const stream = whenSaid((gone) => {
    leave = gone
    const hand = new Hand()
    hand.take()
    hands.push(hand)
    return hand
  })
  await isOut(stream)
  t.equal(hands.length, 0)
  stream.write('one\n')
  stream.write('two\n')
  await isOut(stream)
  leave()
  stream.write('three\n')
  await isOut(stream)
  t.same(
    hands.map(({ text }) => text),
    ['one\ntwo\n', 'three\n'],
  )
})

void test('the last texts are waited for', async (t) => {
  const hand = new Hand()
  const stream = whenSaid(() => hand, 600_000)
  stream.write('last words\n')
  let isDone = false
  const out = isOut(stream).then(() => (isDone = true))
  await new Promise(setImmediate)
  t.equal(isDone, false)
  hand.take()
  t.equal(await out, true)
})

void test('a syslog that takes nothing holds neither the memory nor the end', async (t) => {
  const hand = new Hand()
  const stream = whenSaid(() => hand, 1)
  const text = `${'x'.repeat(1023)}\n`
  for (let count = 0; count < 1000; count++) stream.write(text)
  await isOut(stream)
  t.ok(hand.writableLength > 32 * 1024 && hand.writableLength <= 64 * 1024, String(hand.writableLength))
  t.equal(stream.writableLength, 0)
})

void test('whose words they are', (t) => {
  t.equal(programName('/opt/audispd/build/plugins/filter/main.js'), 'audispd-filter')
  t.equal(programName('/usr/local/lib/siem/siem-feed.mjs'), 'siem-feed')
  t.end()
})
