import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { makeFifos } from '../../src/dispatcher/fifo.js'
import { StderrReader } from '../../src/dispatcher/stderr-reader.js'
import { FakeClock } from './fake-clock.js'

/** A reader beside what it says, whose plugin is this test. */
class Bench {
  readonly clock = new FakeClock()
  readonly lines: string[] = []
  readonly leftOut: number[] = []
  readonly reader: StderrReader
  readonly writer: number
  #wake: () => void = () => {}

  private constructor(path: string) {
    const sink = {
      line: (text: string) => {
        this.lines.push(text)
        this.#wake()
      },
      leftOut: (count: number) => this.leftOut.push(count),
    }
    this.reader = StderrReader.open(path, undefined, sink, this.clock)
    this.writer = openSync(`/proc/self/fd/${this.reader.childEnd}`, constants.O_WRONLY)
  }

  static async open(t: Test): Promise<Bench> {
    const dir = mkdtempSync(join(tmpdir(), 'stderr-'))
    t.teardown(() => rmSync(dir, { recursive: true }))
    const path = join(dir, 'err')
    await makeFifos([path])
    const bench = new Bench(path)
    t.notOk(existsSync(path), 'its path is gone once it is open')
    return bench
  }

  write(bytes: Buffer | string): void {
    writeSync(this.writer, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
  }

  async until(count: number): Promise<void> {
    while (this.lines.length < count) {
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
  }

  /** The process is gone. */
  async end(): Promise<void> {
    closeSync(this.writer)
    this.reader.passedOn()
    await this.reader.finish()
  }
}

/** The event loop has been round: what was there to read has been read. */
async function turn(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

function numbered(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('')
}

void test('lines are passed on as they come', async (t) => {
  const bench = await Bench.open(t)
  bench.write('one\ntw')
  await bench.until(1)
  bench.write('o\n\nthree\r\n')
  await bench.until(3)
  t.same(bench.lines, ['one', 'two', 'three\r'], 'but for empty ones')
  await bench.end()
  t.same(bench.leftOut, [])
})

void test('what is left when the process is gone is there at once, the unfinished line too', async (t) => {
  const bench = await Bench.open(t)
  bench.write('first\n')
  await bench.until(1)
  bench.write('last words\nand mor')
  await bench.end()
  t.same(bench.reader.lastLines, ['first', 'last words', 'and mor'])
  t.same(bench.lines, ['first', 'last words', 'and mor'])
})

void test('so many lines in so much time; the rest is counted, and the last are kept whatever was logged', async (t) => {
  const bench = await Bench.open(t)
  bench.clock.pass(100_000)
  bench.write(numbered(0, 60))
  await bench.until(50)
  bench.clock.pass(10_000)
  bench.write(numbered(60, 61))
  await bench.until(51)
  t.same(bench.leftOut, [10])
  t.equal(bench.lines.at(-1), 'line 60')
  bench.write(numbered(61, 200))
  await bench.end()
  t.equal(bench.lines.length, 100)
  t.same(bench.leftOut, [10, 90])
  t.same(bench.reader.lastLines, numbered(180, 200).trimEnd().split('\n'))
})

void test('bytes that are no text', async (t) => {
  const bench = await Bench.open(t)
  bench.write(Buffer.from([0x61, 0xff, 0x62, 0x0a]))
  await bench.until(1)
  t.same(bench.lines, ['a\ufffdb'])
  await bench.end()
})

void test('a line that is too long is cut', async (t) => {
  const bench = await Bench.open(t)
  bench.write(`${'a'.repeat(4096)}\n${'b'.repeat(4097)}\n${'c'.repeat(30_000)}\n`)
  await bench.until(3)
  t.same(bench.lines, ['a'.repeat(4096), `${'b'.repeat(4096)}…`, `${'c'.repeat(4096)}…`])
  await bench.end()
})

void test('a line without an end is said in pieces, and what follows it is a line again', async (t) => {
  const bench = await Bench.open(t)
  for (const piece of ['a'.repeat(3000), 'b'.repeat(3000), 'c']) {
    bench.write(piece)
    await turn()
  }
  bench.write('\nafter\n')
  await bench.end()
  t.same(bench.lines, ['a'.repeat(3000), `${'b'.repeat(3000)}c`, 'after'])
})

void test('what goes on writing is not waited for', async (t) => {
  const bench = await Bench.open(t)
  const writer = spawn('/usr/bin/yes', [], { stdio: ['ignore', bench.writer, 'ignore'] })
  await bench.until(50)
  await bench.end()
  t.ok(bench.reader.lastLines.length === 20)
  writer.kill('SIGKILL')
  await once(writer, 'exit')
})

void test('a program that opens its stderr anew writes to the same place', async (t) => {
  const bench = await Bench.open(t)
  const shell = spawn('/bin/sh', ['-c', 'echo oops >/dev/stderr'], {
    stdio: ['ignore', 'ignore', bench.reader.childEnd],
  })
  await once(shell, 'exit')
  await bench.end()
  t.same(bench.lines, ['oops'])
})

void test('nothing stays open', async (t) => {
  const before = readdirSync('/proc/self/fd').length
  for (let count = 0; count < 3; count++) await (await Bench.open(t)).end()
  await turn()
  t.equal(readdirSync('/proc/self/fd').length, before)
})
