import { Writable } from 'node:stream'
import { test } from 'tap'
import { Output } from '../../src/sdk/output.js'

/** A pipe that is full after each write until it is told otherwise. */
class SlowPipe extends Writable {
  readonly writes: string[] = []
  #done: (() => void) | undefined

  constructor() {
    super({ highWaterMark: 1 })
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.toString('latin1'))
    this.#done = done
  }

  /** The reader takes what was written. */
  drain(): void {
    const done = this.#done
    this.#done = undefined
    done?.()
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

void test('what is said in one turn is one write, with the newest acknowledgement only', async (t) => {
  const pipe = new SlowPipe()
  const output = new Output(pipe, () => t.fail('somebody reads'))
  output.line('READY 1 ack\n')
  output.ack(1)
  output.record(1, Buffer.from('type=\xff', 'latin1'))
  await Promise.resolve()
  output.ack(7)
  await turn()
  t.same(pipe.writes, ['READY 1 ack\nRECORD 1 type=\xff\nACK 7\n'])
})

void test('while the pipe is full acknowledgements wait, and become one', async (t) => {
  const pipe = new SlowPipe()
  const output = new Output(pipe, () => t.fail('somebody reads'))
  output.ack(1)
  await turn()
  t.ok(output.isFull)
  output.ack(2)
  await turn()
  output.ack(3)
  await turn()
  pipe.drain()
  await turn()
  t.same(pipe.writes, ['ACK 1\n', 'ACK 3\n'])
  pipe.drain()
  await turn()
  t.notOk(output.isFull)
  t.same(pipe.writes.length, 2, 'once')
})

void test('room comes when the pipe has drained', async (t) => {
  const pipe = new SlowPipe()
  const output = new Output(pipe, () => t.fail('somebody reads'))
  await output.room()
  output.line('a\n')
  await turn()
  let hasRoom = false
  const room = output.room().then(() => (hasRoom = true))
  await turn()
  t.notOk(hasRoom)
  pipe.drain()
  await room
  t.ok(hasRoom)
})

void test('what was written is not written over, however much follows', async (t) => {
  const pipe = new SlowPipe()
  const output = new Output(pipe, () => t.fail('somebody reads'))
  const records = Array.from({ length: 1000 }, (_, index) => String(index).padEnd(400, 'x'))
  for (const [index, record] of records.entries()) output.record(index + 1, Buffer.from(record))
  output.line(`${'y'.repeat(200_000)}\n`)
  const end = output.end()
  for (let turns = 0; turns < 50; turns++) {
    pipe.drain()
    await turn()
  }
  await end
  const expected = records.map((record, index) => `RECORD ${index + 1} ${record}\n`).join('')
  t.ok(pipe.writes.join('') === `${expected}${'y'.repeat(200_000)}\n`)
})

void test('the end takes the last acknowledgement along', async (t) => {
  const pipe = new SlowPipe()
  const output = new Output(pipe, () => t.fail('somebody reads'))
  output.ack(1)
  await turn()
  output.ack(2)
  let isOver = false
  const end = output.end().then(() => (isOver = true))
  await turn()
  t.notOk(isOver)
  for (let turns = 0; turns < 5; turns++) {
    pipe.drain()
    await turn()
  }
  await end
  t.same(pipe.writes.slice(0, 2), ['ACK 1\n', 'ACK 2\n'])
})

void test('when nobody reads that is told once, nobody waits, and nothing throws', async (t) => {
  let gone = 0
  const pipe = new SlowPipe()
  const output = new Output(pipe, () => gone++)
  output.line('a\n')
  await turn()
  const room = output.room()
  pipe.destroy(new Error('write EPIPE'))
  await room
  output.line('b\n')
  output.ack(1)
  await turn()
  await output.end()
  t.equal(gone, 1)
})
