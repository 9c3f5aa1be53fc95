import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { test, type Test } from 'tap'
import { NODE_LOG_DISK } from '../../../plugins/log/log-disk.js'
import { LogStream } from '../../../plugins/log/log-stream.js'
import type { LogConfig } from '../../../plugins/log/config.js'
import { DyingDisk } from './dying-disk.js'
import { line, lines, LogPlace, textOf } from './log-place.js'

const READ_BYTES = 65_536

/** A FIFO, and its log. */
class Pipe {
  readonly place: LogPlace
  readonly stream: LogStream
  readonly disk = new DyingDisk()

  constructor(t: Test, changes: Partial<LogConfig> = {}) {
    this.place = new LogPlace(t)
    execFileSync('/usr/bin/mkfifo', [this.place.path('audit.log')])
    const { clock, said } = this.place
    const host = { disk: this.disk, clock, log: (_level: string, text: string) => void said.push(text) }
    this.stream = new LogStream(host, { config: this.place.config(changes), gid: 0 }, 'fifo')
    t.teardown(() => this.stream.close())
  }

  reader(): number {
    return openSync(this.place.path('audit.log'), constants.O_RDONLY | constants.O_NONBLOCK)
  }
}

function read(fd: number, bytes = READ_BYTES): string {
  const buffer = Buffer.alloc(bytes)
  return buffer.toString('latin1', 0, readSync(fd, buffer))
}

void test('a FIFO without a reader waits; then everything comes', async (t) => {
  const pipe = new Pipe(t)
  await t.rejects(pipe.stream.append(lines(1, 3)), { code: 'no-reader' })
  const reader = pipe.reader()
  await pipe.stream.append(lines(1, 3))
  t.equal(read(reader), textOf(1, 3))
  closeSync(reader)
})

void test('a reader goes in the midst of a record: the next one gets that record whole, and all behind it', async (t) => {
  const pipe = new Pipe(t)
  for (const bytes of [0, 1, 60, 61, 62, 130, 305]) {
    const first = pipe.reader()
    await pipe.stream.append(lines(1, 3))
    await pipe.stream.append(lines(4, 5))
    const seen = bytes === 0 ? '' : read(first, bytes)
    closeSync(first)
    await t.rejects(pipe.stream.append(lines(6, 7)), { code: 'no-reader' })
    await t.rejects(pipe.stream.append(lines(6, 7)), { code: 'no-reader' }, 'nobody is there yet')
    const next = pipe.reader()
    await pipe.stream.append(lines(6, 7))
    const whole = seen.split('\n').length - 1
    t.equal(read(next), textOf(whole + 1, 7), `${bytes} bytes were read`)
    closeSync(next)
    await t.rejects(pipe.stream.append(lines(8, 8)), { code: 'no-reader' })
    // Leaves nothing for the next round.
    const last = pipe.reader()
    await pipe.stream.append(lines(8, 8))
    t.equal(read(last), line(8))
    closeSync(last)
    await t.rejects(pipe.stream.append(lines(9, 9)), { code: 'no-reader' })
    const end = pipe.reader()
    await pipe.stream.append(lines(9, 9))
    read(end)
    closeSync(end)
  }
})

void test('pieces are of a size that the kernel writes whole or not at all', async (t) => {
  const pipe = new Pipe(t)
  const reader = pipe.reader()
  const sizes: number[] = []
  pipe.disk.onWrite = (bytes) => void sizes.push(bytes)
  await pipe.stream.append(lines(1, 300))
  t.ok(Math.max(...sizes) <= 4096 && sizes.length > 2, sizes.join(' '))
  t.equal(read(reader), textOf(1, 300))
  closeSync(reader)
})

void test('a full FIFO is waited for; a reader that never reads is none, and gets the rest when it does', async (t) => {
  const pipe = new Pipe(t)
  const reader = pipe.reader()
  // The first record is longer than what the kernel takes in one piece.
  const big = lines(1, 40, 9000)
  const failed = t.rejects(pipe.stream.append(big), { code: 'no-reader' })
  await during(failed, () => pipe.place.clock.pass(200))
  let seen = ''
  await during(pipe.stream.append(big), async () => {
    seen += readSome(reader)
    await pipe.place.clock.pass(50)
  })
  seen += readSome(reader)
  t.equal(seen, big.bytes.toString())
  closeSync(reader)
})

void test('a reader goes in the midst of a long record that is not written whole either', async (t) => {
  const pipe = new Pipe(t)
  const first = pipe.reader()
  const big = lines(1, 12, 9000)
  const failed = t.rejects(pipe.stream.append(big), { code: 'no-reader' })
  await during(failed, () => pipe.place.clock.pass(200))
  const seen = read(first, 20_000)
  closeSync(first)
  await t.rejects(pipe.stream.append(big), { code: 'no-reader' })
  const next = pipe.reader()
  let rest = ''
  await during(pipe.stream.append(big), async () => {
    rest += readSome(next)
    await pipe.place.clock.pass(50)
  })
  rest += readSome(next)
  const whole = seen.slice(0, seen.lastIndexOf('\n') + 1)
  t.equal(whole + rest, big.bytes.toString())
  closeSync(next)
})

void test('what was taken back and nobody came for is told at the end', async (t) => {
  const pipe = new Pipe(t)
  const reader = pipe.reader()
  await pipe.stream.append(lines(1, 3))
  closeSync(reader)
  await t.rejects(pipe.stream.append(lines(4, 4)), { code: 'no-reader' })
  await pipe.stream.close()
  t.same(pipe.place.said, [
    'records that nobody had read were taken back from the FIFO',
    'records were taken back from the FIFO, and nobody came to read them',
  ])
})

/** A device that takes so many bytes, and then is at its end. A plain file stands in for it. */
function tape(t: Test, place: LogPlace, changes: Partial<LogConfig>): { disk: DyingDisk; stream: LogStream } {
  const disk = new DyingDisk()
  writeFileSync(place.path('audit.log'), '')
  const host = { disk, clock: place.clock, log: (_level: string, text: string) => void place.said.push(text) }
  const stream = new LogStream(host, { config: place.config(changes), gid: 0 }, 'device')
  t.teardown(() => stream.close())
  return { disk, stream }
}

void test('the end of a medium: the next one begins with the record that did not fit', async (t) => {
  const place = new LogPlace(t)
  const { disk, stream } = tape(t, place, {})
  disk.roomBytes = 200
  const five = lines(1, 5)
  await t.rejects(stream.append(five), { code: 'medium' })
  t.equal(readFileSync(place.path('audit.log'), 'latin1'), textOf(1, 5).slice(0, 200))
  await t.rejects(stream.append(five), { code: 'medium' }, 'and nothing more is written on this one')
  writeFileSync(place.path('audit.log'), '')
  disk.roomBytes = Infinity
  stream.rotate()
  await stream.append(five)
  t.equal(readFileSync(place.path('audit.log'), 'latin1'), textOf(4, 5))
})

void test('block_size: every write has that size, and what fills it up is no record', async (t) => {
  const place = new LogPlace(t)
  const { disk, stream } = tape(t, place, { blockBytes: 200 })
  const sizes: number[] = []
  disk.onWrite = (bytes) => void sizes.push(bytes)
  await stream.append(lines(1, 5))
  await stream.append(lines(6, 6, 500))
  t.same([...new Set(sizes)], [200])
  const text = readFileSync(place.path('audit.log'), 'latin1')
  t.equal(text.length % 200, 0)
  t.equal(text.replaceAll(/\n+/g, '\n'), textOf(1, 5) + line(6, 500))
})

/** The clock of a test goes on only by its hand: does so again and again until the work is done. */
async function during(work: Promise<unknown>, goOn: () => Promise<void>): Promise<void> {
  const over = { is: false }
  const ended = work.then(() => (over.is = true))
  while (!over.is) await goOn()
  await ended
}

/** What a FIFO holds, nothing when it is empty. */
function readSome(fd: number): string {
  try {
    return read(fd)
  } catch {
    // EAGAIN.
    return ''
  }
}

void test('a device is seen to be one', (t) => {
  t.equal(NODE_LOG_DISK.look('/dev/null')?.kind, 'device')
  t.equal(NODE_LOG_DISK.look('/dev/does-not-exist'), undefined)
  t.end()
})
