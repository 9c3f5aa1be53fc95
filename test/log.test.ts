import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { test, type Test } from 'tap'
import { makeFifos } from '../src/dispatcher/fifo.js'
import { openLog, renderLine } from '../src/log.js'

const LOG_MODULE = fileURLToPath(new URL('../src/log.js', import.meta.url))
const LOGGER = resolve('test/fixtures/logs-on-demand.js')
const EXITING = resolve('test/fixtures/exits-while-it-logs.js')
/** What does not end by then never does. */
const PATIENCE_MS = 60_000
/** Several times what a pipe holds and what the log keeps back. */
const MANY_LINES = 5000
const TIME = '2026-11-21T22:01:53.000Z'

function rendered(fields: object, withTime = true): string {
  return renderLine(JSON.stringify({ level: 30, time: TIME, ...fields }), withTime)
}

void test('a line: time, level, what happened, and the variables', (t) => {
  t.equal(
    rendered({ plugin: 'siem', restartInMs: 4000, msg: 'plugin died; restarting' }),
    `${TIME} info plugin died; restarting plugin=siem restartInMs=4000\n`,
  )
  t.equal(rendered({ msg: 'x', ok: true, none: null }, false), 'x ok=true none=null\n', 'syslog has a time of its own')
  const levels = [10, 20, 30, 40, 50, 60].map((level) => rendered({ level, msg: '' }).split(' ')[1])
  t.same(levels, ['debug', 'debug', 'info', 'warn', 'error', 'fatal'])
  t.equal(renderLine('"no object"', true), '"no object"\n')
  t.end()
})

void test('what is plain stands bare, anything else quoted', (t) => {
  const cases: readonly (readonly [value: unknown, written: string])[] = [
    ['siem', 'siem'],
    ['/usr/sbin/x-1.2_3:4@5%6+7,8', '/usr/sbin/x-1.2_3:4@5%6+7,8'],
    ['', '""'],
    ['two words', '"two words"'],
    ['a=b', '"a=b"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['back\\slash', '"back\\\\slash"'],
    ['grün', '"grün"'],
    [['a b', 'c'], '["a b","c"]'],
    [{ a: 1 }, '{"a":1}'],
  ]
  for (const [value, written] of cases) t.equal(rendered({ value, msg: 'm' }, false), `m value=${written}\n`)
  t.end()
})

void test('nothing that a terminal would act on gets through, and a line is one line', (t) => {
  t.equal(rendered({ msg: 'a\u001b[2Jb', value: '\u009b31m\u007f\n' }, false), 'a\\x1b[2Jb value="\\x9b31m\\x7f\\n"\n')
  // What turns text round, or breaks a line, in a terminal.
  t.equal(rendered({ msg: 'a', value: 'b\u202ec\u2028' }, false), 'a value="b\\u{202e}c\\u{2028}"\n')
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (message, value) => {
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
      const line = rendered({ msg: text(message), value: text(value) })
      return !/\p{Cc}/u.test(line.slice(0, -1)) && line.endsWith('\n')
    }),
    { numRuns: 300 },
  )
  t.end()
})

void test('a file, and another one once it has been rotated', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'log-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'log')
  const heard: string[] = []
  const opened = openLog({ to: 'file', path }, 'info', (json) => heard.push(json))
  const { log } = opened
  t.equal(opened.target, `file:${path}`)
  log.info('first')
  log.debug('not at this level')
  await until(() => readFileSync(path, 'utf8') !== '')
  renameSync(path, `${path}.1`)
  opened.reopen()
  log.warn({ why: 'rotated' }, 'second')
  await until(() => existsSync(path) && readFileSync(path, 'utf8') !== '')
  log.error('third')
  await opened.close()
  log.info('after the end')
  t.match(readFileSync(`${path}.1`, 'utf8'), /^\S+ info first\n$/)
  t.match(readFileSync(path, 'utf8'), /^\S+ warn second why=rotated\n\S+ error third\n$/)
  t.match(heard.join(''), /"msg":"first"}\n.*"why":"rotated","msg":"second"}\n.*third.*\n.*after/)
  t.equal(statSync(path).mode & 0o007, 0, 'which is not for everybody')
})

void test('a file that cannot be written: said where it can be', async (t) => {
  const args = [LOGGER, LOG_MODULE, '0', '/no/such/directory/log']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  t.match(
    text,
    /^\S+ error log = file:\/no\/such\/directory\/log cannot be written; logging here instead error=.*ENOENT/,
  )
})

void test('an exit that waits for nothing is not spoiled by a file that is not open yet, or cannot be written', async (t) => {
  for (const path of [join(t.testdir(), 'log'), '/dev/full']) {
    const stdio = ['ignore', 'ignore', 'pipe'] as const
    const child = spawn(process.execPath, [EXITING, LOG_MODULE, path], { stdio: [...stdio], timeout: PATIENCE_MS })
    let text = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    t.same(await once(child, 'close'), [42, null], path)
    t.equal(text, '')
  }
})

/** A program whose log nobody reads unless the test does. */
class Unread {
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  #reader: number
  #text = ''

  private constructor(reader: number, stderr: number) {
    this.#reader = reader
    this.child = spawn(process.execPath, [LOGGER, LOG_MODULE, String(MANY_LINES)], { stdio: ['pipe', 'pipe', stderr] })
    closeSync(stderr)
    this.exited = once(this.child, 'exit')
  }

  static async start(t: Test): Promise<Unread> {
    const dir = mkdtempSync(join(tmpdir(), 'log-'))
    t.teardown(() => rmSync(dir, { recursive: true }))
    const path = join(dir, 'stderr')
    await makeFifos([path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const unread = new Unread(reader, openSync(path, constants.O_WRONLY))
    t.teardown(() => unread.child.kill('SIGKILL'))
    return unread
  }

  /** Waits until it has said that; returns what it has said since the last time. */
  async says(word: string): Promise<string> {
    const { stdout } = this.child
    let text = ''
    if (stdout === null) return text
    while (!text.includes(word)) text += String((await once(stdout, 'data'))[0])
    return text
  }

  /** For a line more. One at a time: of many that wait the last would be dropped too, and nothing would tell of it. */
  async ask(): Promise<void> {
    this.child.stdin?.write('please\n')
    await this.says('logged')
  }

  /** What has come so far. */
  read(): string {
    const bytes = Buffer.alloc(65_536)
    for (;;) {
      const count = readNow(this.#reader, bytes)
      if (count === 0) return this.#text
      this.#text += bytes.toString('utf8', 0, count)
    }
  }
}

void test('a log that nobody reads holds nothing up; what is dropped is counted and said', async (t) => {
  const unread = await Unread.start(t)
  await unread.says('logged')
  let asked = 0
  while (!unread.read().includes('please')) {
    await unread.ask()
    asked++
  }
  unread.child.stdin?.end()
  const [, counted] = /dropped (\d+)\./.exec(await unread.says('.')) ?? []
  t.same(await unread.exited, [0, null])
  const text = unread.read()
  const came = text.match(/^\S+ info line \d+/gm)?.length ?? 0
  const dropped = [...text.matchAll(/^\S+ warn log lines dropped: nobody read them lines=(\d+)$/gm)]
  t.ok(came < MANY_LINES)
  const told = dropped.reduce((sum, [, lines]) => sum + Number(lines), 0)
  t.equal(came + told, MANY_LINES + asked)
  t.equal(Number(counted), told)
})

void test('nor does it hold the end up', async (t) => {
  const unread = await Unread.start(t)
  await unread.says('logged')
  unread.child.stdin?.end()
  t.same(await unread.exited, [0, null])
  const args = [LOGGER, LOG_MODULE, String(MANY_LINES)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  t.same(await once(child, 'exit'), [0, null], 'a socket')
  child.stderr.destroy()
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((done) => {
      setImmediate(done)
    })
  }
}

function readNow(fd: number, into: Buffer): number {
  try {
    return readSync(fd, into, 0, into.length, null)
  } catch {
    // EAGAIN: there is nothing yet.
    return 0
  }
}
