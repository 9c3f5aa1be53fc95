import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as fc from 'fast-check'
import { test, type Test } from 'tap'
import { Fifo, makeFifos, PIECE_BYTES } from '../../src/dispatcher/fifo.js'

const { O_NONBLOCK, O_RDONLY } = constants
/** What a FIFO holds unless somebody makes it larger. */
const PIPE_BYTES = 65_536
/** As root sets it unless fs.pipe-max-size is less. */
const LARGEST_PIPE_BYTES = 1 << 20
const NOBODY = 65_534

const PIECE = Buffer.from('piece')
const DATA = Buffer.from(Array.from({ length: LARGEST_PIPE_BYTES + 1 }, (_, index) => index % 251))

/** Paths of new FIFOs, all made by one process. */
async function makeSome(t: Test, count: number): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'fifo-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const paths = Array.from({ length: count }, (_, index) => join(dir, `${index}`))
  await makeFifos(paths)
  return paths
}

/** An open FIFO, whose child is this test: it reads without waiting. */
async function openOne(t: Test): Promise<{ fifo: Fifo; reader: number }> {
  const [path = ''] = await makeSome(t, 1)
  return openAt(path)
}

function openAt(path: string): { fifo: Fifo; reader: number } {
  const fifo = Fifo.open(path, undefined)
  const reader = openSync(`/proc/self/fd/${fifo.childEnd}`, O_RDONLY | O_NONBLOCK)
  fifo.passedOn()
  return { fifo, reader }
}

/** Writes DATA from `from` on as far as it goes in. */
function fill(fifo: Fifo, from = 0): number {
  let to = from
  for (let count = -1; count !== 0; to += count) count = fifo.write(DATA, to, DATA.length)
  return to
}

function read(fd: number, most: number): Buffer {
  const bytes = Buffer.alloc(most)
  return bytes.subarray(0, readSync(fd, bytes, 0, most, null))
}

/** Every callback that was due has been called. */
async function turn(): Promise<void> {
  await new Promise((done) => {
    setImmediate(done)
  })
}

void test('what goes in is taken at once, until it is full', async (t) => {
  const { fifo, reader } = await openOne(t)
  t.equal(fifo.write(DATA, 5, 105), 100)
  t.same(read(reader, 200), DATA.subarray(5, 105))
  t.equal(fill(fifo), PIPE_BYTES)
  t.equal(fifo.write(DATA, 0, 1), 0)
  t.same(read(reader, 2 * PIPE_BYTES), DATA.subarray(0, PIPE_BYTES))
  t.equal(fifo.readBack(), 0)
  fifo.close()
  closeSync(reader)
})

void test('a piece goes in whole once a reader has made room, and before all else', async (t) => {
  const { fifo, reader } = await openOne(t)
  let written = fill(fifo)
  let got = Buffer.alloc(0)
  for (let round = 0; round < 3; round++) {
    let calls = 0
    const isIn = new Promise<void>((done) => {
      fifo.writeLater(DATA.subarray(written, written + PIECE_BYTES), () => {
        calls++
        done()
      })
    })
    got = Buffer.concat([got, read(reader, PIECE_BYTES - 1)])
    await turn()
    t.equal(calls, 0, 'almost enough room is none')
    got = Buffer.concat([got, read(reader, PIECE_BYTES + 1)])
    await isIn
    written = fill(fifo, written + PIECE_BYTES)
    await turn()
    t.equal(calls, 1)
  }
  t.equal(written, PIPE_BYTES + 3 * 2 * PIECE_BYTES)
  got = Buffer.concat([got, read(reader, 2 * PIPE_BYTES)])
  t.ok(got.equals(DATA.subarray(0, written)))
  fifo.close()
  closeSync(reader)
})

void test('whether anybody reads', async (t) => {
  const [path = ''] = await makeSome(t, 1)
  const fifo = Fifo.open(path, undefined)
  t.ok(fifo.hasReader(), 'the end for the child counts')
  const other = openSync(`/proc/self/fd/${fifo.childEnd}`, O_RDONLY | O_NONBLOCK)
  fifo.passedOn()
  t.ok(fifo.hasReader())
  closeSync(other)
  t.notOk(fifo.hasReader())
  fifo.close()
  t.notOk(fifo.hasReader())
})

void test('nobody reads any more: nothing goes in, and what is in is counted', async (t) => {
  const { fifo, reader } = await openOne(t)
  t.equal(fifo.write(DATA, 0, 1000), 1000)
  t.equal(read(reader, 300).length, 300)
  closeSync(reader)
  t.equal(fifo.write(DATA, 0, 1000), 0, 'as if it were full')
  fifo.writeLater(PIECE, () => t.fail('there is no room'))
  await turn()
  t.equal(fifo.readBack(), 700)
  fifo.close()
})

void test('the reader goes while a piece waits', async (t) => {
  const { fifo, reader } = await openOne(t)
  fill(fifo)
  fifo.writeLater(PIECE, () => t.fail('there is no room'))
  await turn()
  closeSync(reader)
  await turn()
  t.equal(fifo.write(DATA, 0, 1), 0)
  t.equal(fifo.readBack(), PIPE_BYTES)
  fifo.close()
})

void test('the end of input: what is in it can be read, then the end; the rest is counted', async (t) => {
  const { fifo, reader } = await openOne(t)
  fifo.write(DATA, 0, 1000)
  fifo.end()
  t.notOk(fifo.hasReader(), 'which says nothing any more')
  t.equal(fifo.write(DATA, 0, 1), 0)
  fifo.writeLater(PIECE, () => t.fail('it has ended'))
  t.same(read(reader, 400), DATA.subarray(0, 400))
  t.equal(fifo.readBack(), 600)
  t.equal(fifo.readBack(), 0, 'and is gone')
  t.equal(read(reader, 1).length, 0, 'the end')
  fifo.close()
  closeSync(reader)
})

void test('the end of input while a piece waits: it never goes in', async (t) => {
  const { fifo, reader } = await openOne(t)
  fill(fifo)
  fifo.writeLater(PIECE, () => t.fail('there is no room'))
  await turn()
  fifo.end()
  await turn()
  t.equal(read(reader, 2 * PIPE_BYTES).length, PIPE_BYTES)
  t.equal(read(reader, 1).length, 0)
  t.equal(fifo.readBack(), 0)
  fifo.close()
  closeSync(reader)
})

void test('a piece that goes in at once is in, though the input ends in the same breath', async (t) => {
  const { fifo, reader } = await openOne(t)
  let calls = 0
  fifo.writeLater(PIECE, () => calls++)
  fifo.end()
  await turn()
  t.equal(calls, 1)
  t.same(read(reader, 100), PIECE)
  fifo.close()
  closeSync(reader)
})

void test('whatever was written and read, the rest is known to the byte', async (t) => {
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('write' as const, 'read' as const), bytes: fc.nat(40_000) }),
    fc.record({ do: fc.constantFrom('fill' as const, 'write-later' as const, 'turn' as const) }),
  )
  const runs = 100
  const paths = await makeSome(t, runs)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(2), async (steps, ending) => {
      const { fifo, reader } = openAt(paths.pop() ?? '')
      let written = 0
      let taken = 0
      let isWaiting = false
      for (const each of steps) {
        if (each.do === 'read' && taken < written) taken += read(reader, each.bytes).length
        else if (each.do === 'turn' || isWaiting) await turn()
        else if (each.do === 'write') written += fifo.write(DATA, 0, each.bytes)
        else if (each.do === 'fill') written += fill(fifo)
        else if (each.do === 'write-later') {
          isWaiting = true
          fifo.writeLater(PIECE, () => {
            isWaiting = false
            written += PIECE.length
          })
        }
      }
      if (ending === 0) await turn()
      if (ending < 2) fifo.end()
      closeSync(reader)
      await turn()
      assert.equal(fifo.readBack(), written - taken)
      fifo.close()
    }),
    { numRuns: runs, endOnFailure: true },
  )
})

void test('a child has a description of its own, so that ours never waits', async (t) => {
  const [path = ''] = await makeSome(t, 1)
  const fifo = Fifo.open(path, undefined)
  const child = spawn('/bin/sh', ['-c', 'head -c 1000 >/dev/null; echo; exec sleep 1000'], {
    stdio: [fifo.childEnd, 'pipe', 'inherit'],
  })
  fifo.passedOn()
  fifo.write(DATA, 0, 1000)
  await once(child.stdout ?? child, 'data')
  t.equal(fill(fifo), PIPE_BYTES, 'as much as goes in and not a byte more')
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.notOk(fifo.hasReader())
  t.equal(fifo.readBack(), PIPE_BYTES)
  fifo.close()
})

void test('a plugin may make its stdin larger', async (t) => {
  const [path = ''] = await makeSome(t, 1)
  const fifo = Fifo.open(path, undefined)
  const args = [resolve('test/fixtures/plugins/enlarges-its-stdin.pl'), String(LARGEST_PIPE_BYTES)]
  const child = spawn('/usr/bin/perl', args, { stdio: [fifo.childEnd, 'pipe', 'inherit'] })
  fifo.passedOn()
  await once(child.stdout ?? child, 'data')
  t.equal(fill(fifo), LARGEST_PIPE_BYTES)
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.equal(fifo.readBack(), LARGEST_PIPE_BYTES)
  fifo.close()
})

void test('its path is gone once it is open; only its owner may open it again', async (t) => {
  const [path = '', gone = ''] = await makeSome(t, 2)
  t.equal(statSync(path).mode & 0o7777, 0o600)
  const isRoot = process.geteuid?.() === 0
  const fifo = Fifo.open(path, isRoot ? { uid: NOBODY, gid: NOBODY } : undefined)
  t.notOk(existsSync(path))
  if (isRoot) t.match(fstatSync(fifo.childEnd), { uid: NOBODY, gid: NOBODY })
  fifo.passedOn()
  fifo.close()
  rmSync(gone)
  t.throws(() => Fifo.open(gone, undefined), { code: 'ENOENT' })
  await t.rejects(makeFifos(['/no/such/directory/fifo']))
})

void test('nothing stays open', async (t) => {
  const paths = await makeSome(t, 2)
  const before = readdirSync('/proc/self/fd').length
  for (const path of paths) {
    const { fifo, reader } = openAt(path)
    fill(fifo)
    fifo.writeLater(PIECE, () => {})
    fifo.readBack()
    if (path === paths[0]) fifo.end()
    fifo.close()
    fifo.close()
    closeSync(reader)
    await turn()
  }
  t.equal(readdirSync('/proc/self/fd').length, before)
})
