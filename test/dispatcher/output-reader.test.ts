import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { OutputReader } from '../../src/dispatcher/output-reader.js'

const PIPE_BYTES = 65_536

/** A reader, and the end that a plugin would write to. */
function bench(t: Test) {
  const path = join(t.testdir(), 'out')
  execFileSync('/usr/bin/mkfifo', [path])
  const heard: Buffer[] = []
  const reader = OutputReader.open(path, undefined, (chunk) => heard.push(Buffer.from(chunk)))
  t.notOk(existsSync(path), 'it has no name any more')
  const end = openSync(`/proc/self/fd/${reader.childEnd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  reader.passedOn()
  const text = (): string => Buffer.concat(heard).toString('latin1')
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await turn()
  }
  return { reader, end, heard, text, until }
}

void test('what is written is heard, and the end of one writer is not the end of all', async (t) => {
  const { reader, end, text, until } = bench(t)
  writeSync(end, 'one ')
  await until(() => text() === 'one ')
  const anew = openSync(`/proc/self/fd/${end}`, constants.O_WRONLY)
  writeSync(anew, 'two ')
  closeSync(anew)
  await until(() => text() === 'one two ')
  writeSync(end, 'three')
  await until(() => text() === 'one two three')
  closeSync(end)
  reader.finish()
  t.equal(text(), 'one two three')
})

void test('paused, nothing is heard and the pipe fills; resumed, everything is', async (t) => {
  const { reader, end, text, until } = bench(t)
  writeSync(end, 'begin')
  await until(() => text() === 'begin')
  reader.pause()
  const full = Buffer.alloc(PIPE_BYTES, 'x')
  t.equal(writeSync(end, full), PIPE_BYTES)
  for (let n = 0; n < 20; n++) await turn()
  t.equal(text(), 'begin')
  t.throws(() => writeSync(end, full), { code: 'EAGAIN' }, 'whoever writes has to wait')
  reader.resume()
  await until(() => text().length === 'begin'.length + PIPE_BYTES)
  closeSync(end)
  reader.finish()
})

void test('at the end everything that was left is heard, also when it was paused', async (t) => {
  const { reader, end, text } = bench(t)
  reader.pause()
  writeSync(end, 'the last words')
  closeSync(end)
  reader.finish()
  t.equal(text(), 'the last words')
  reader.finish()
  await turn()
  t.equal(text(), 'the last words', 'once')
})

void test('a writer that is still there does not hold up the end', async (t) => {
  const { reader, end, text } = bench(t)
  writeSync(end, 'x')
  reader.finish()
  t.equal(text(), 'x')
  t.throws(
    () => {
      writeSync(end, 'nobody')
    },
    { code: 'EPIPE' },
  )
  closeSync(end)
  await turn()
})

void test('an end that came by itself', async (t) => {
  const { reader, end, text, until } = bench(t)
  writeSync(end, 'all')
  closeSync(end)
  await until(() => text() === 'all')
  for (let n = 0; n < 20; n++) await turn()
  reader.pause()
  reader.resume()
  reader.finish()
  t.equal(text(), 'all')
})
