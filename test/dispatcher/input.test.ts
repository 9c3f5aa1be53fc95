import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { makeFifos } from '../../src/dispatcher/fifo.js'
import { openInput, type Input } from '../../src/dispatcher/input.js'

const READ_BYTES = 65_536

function place(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'input-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  return join(dir, 'in')
}

/** What came in, and how it ended. */
class Taken {
  readonly input: Input
  readonly ended: Promise<string>
  readonly ends: string[] = []
  sizes: number[] = []
  #bytes = Buffer.alloc(0)
  #wake: () => void = () => {}

  constructor(fd: number) {
    let end: (error: string) => void = () => {}
    this.ended = new Promise((resolve) => {
      end = resolve
    })
    this.input = openInput(
      fd,
      (chunk) => {
        this.sizes.push(chunk.length)
        this.#bytes = Buffer.concat([this.#bytes, chunk])
        // It is the reader's own buffer, and valid only now.
        chunk.fill('?')
        this.#wake()
      },
      (error) => {
        this.ends.push(error)
        end(error)
      },
    )
  }

  get text(): string {
    return this.#bytes.toString()
  }

  async bytes(count: number): Promise<void> {
    while (this.#bytes.length < count) {
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
  }
}

/** The event loop has been round: what was there to read has been read. */
async function turn(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

async function openPipe(t: Test): Promise<{ taken: Taken; writer: number }> {
  const path = place(t)
  await makeFifos([path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { taken: new Taken(reader), writer: openSync(path, constants.O_WRONLY) }
}

void test('a pipe: what comes, as it comes, and its end', async (t) => {
  const { taken, writer } = await openPipe(t)
  writeSync(writer, 'one')
  await taken.bytes(3)
  writeSync(writer, 'two')
  await taken.bytes(6)
  t.equal(taken.text, 'onetwo')
  writeSync(writer, Buffer.alloc(READ_BYTES, 'x'))
  await taken.bytes(6 + READ_BYTES)
  t.ok(taken.sizes.every((size) => size <= READ_BYTES))
  t.same(taken.ends, [])
  writeSync(writer, 'last')
  closeSync(writer)
  t.equal(await taken.ended, '')
  t.ok(taken.text.endsWith('xlast'))
  await turn()
  t.same(taken.ends, [''], 'once')
})

void test('held back it reads nothing, and nothing is lost', async (t) => {
  const { taken, writer } = await openPipe(t)
  writeSync(writer, 'a')
  await taken.bytes(1)
  taken.input.pause()
  writeSync(writer, 'b')
  closeSync(writer)
  await turn()
  t.equal(taken.text, 'a')
  t.same(taken.ends, [])
  taken.input.resume()
  await taken.ended
  t.equal(taken.text, 'ab')
})

void test('closed it reads no more and does not tell of an end', async (t) => {
  const { taken, writer } = await openPipe(t)
  writeSync(writer, 'a')
  await taken.bytes(1)
  taken.input.close()
  await turn()
  t.throws(() => writeSync(writer, 'b'), { code: 'EPIPE' }, 'nobody reads')
  closeSync(writer)
  await turn()
  t.same(taken.ends, [])
  t.equal(taken.text, 'a')
})

void test('a file', async (t) => {
  const path = place(t)
  const text = 'type=EOE msg=audit(1.000:1): \n'.repeat(10_000)
  writeFileSync(path, text)
  const taken = new Taken(openSync(path, 'r'))
  t.equal(await taken.ended, '')
  t.equal(taken.text, text)
  t.ok(taken.sizes.every((size) => size <= READ_BYTES))
})

void test('nothing at all, and what cannot be read', async (t) => {
  const nothing = new Taken(openSync('/dev/null', 'r'))
  t.equal(await nothing.ended, '')
  t.equal(nothing.text, '')
  const directory = new Taken(openSync('/', 'r'))
  t.match(await directory.ended, /EISDIR/)
  t.same(directory.ends.length, 1)
})
