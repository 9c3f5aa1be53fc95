import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type Test } from 'tap'

const PRINT = resolve('build/plugins/print/main.js')
const DAEMON = resolve('build/src/main.js')
const AUDISPCTL = resolve('build/src/ctl/main.js')
/** As SIGUSR1 does before a program can listen to it. */
const OPENS = ['--import', 'data:text/javascript,import inspector from "node:inspector"; inspector.open(0)']
const WANTS = ['--inspect=127.0.0.1:0']
const RECORD = 'type=USER msg=audit(1.000:1): a\n'

class Program {
  readonly child: ChildProcess
  words = ''
  #printed = 0

  constructor(t: Test, args: readonly string[]) {
    this.child = spawn('/usr/bin/env', ['-u', 'NODE_OPTIONS', process.execPath, ...args])
    t.teardown(() => this.child.kill('SIGKILL'))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.words += text
    })
    this.child.stdout?.on('data', (bytes: Buffer) => {
      this.#printed += bytes.length
    })
  }

  async debuggerPort(): Promise<number> {
    return Number(await this.says(/Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/))
  }

  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.words)
      if (found !== null) return found[1] ?? ''
      if (this.child.stderr !== null) await once(this.child.stderr, 'data')
    }
  }

  /** One record more has been shown. */
  async printed(): Promise<void> {
    const before = this.#printed
    this.child.stdin?.write(RECORD)
    while (this.#printed === before && this.child.stdout !== null) await once(this.child.stdout, 'data')
  }

  async ended(): Promise<unknown> {
    const ended = once(this.child, 'close')
    this.child.stdin?.end()
    return (await ended)[0]
  }
}

void test('a debugger that was opened while a plugin started is closed', async (t) => {
  const program = new Program(t, [...OPENS, PRINT])
  const port = await program.debuggerPort()
  await program.printed()
  t.notOk(await isOpen(port))
  t.equal(await program.ended(), 0)
})

void test('so it is with the daemon', async (t) => {
  const dir = t.testdir({ 'audispd.conf': 'log_level = info\n', 'audispd.d': {}, run: {} })
  const program = new Program(t, [...OPENS, DAEMON, '-c', dir, '--run-dir', `${dir}/run`])
  const port = await program.debuggerPort()
  await program.says(/ started /)
  t.notOk(await isOpen(port))
  t.equal(await program.ended(), 0)
})

void test('and with audispctl', async (t) => {
  // Short enough for the path of a socket.
  const dir = mkdtempSync(join(tmpdir(), 'audispd-'))
  const server = createServer().listen(join(dir, 'socket'))
  t.teardown(() => {
    server.close()
    rmSync(dir, { recursive: true })
  })
  const asked = once(server, 'connection')
  // It waits for a greeting that does not come.
  const program = new Program(t, [...OPENS, AUDISPCTL, 'tap', '--socket', join(dir, 'socket')])
  const port = await program.debuggerPort()
  await asked
  t.notOk(await isOpen(port))
  program.child.kill('SIGKILL')
})

void test('SIGUSR1 opens none', async (t) => {
  const program = new Program(t, [PRINT])
  await program.printed()
  program.child.kill('SIGUSR1')
  await program.printed()
  t.equal(await program.ended(), 0)
  t.notMatch(program.words, /Debugger/)
})

void test('one that is asked for stays', async (t) => {
  const program = new Program(t, [...WANTS, PRINT])
  const port = await program.debuggerPort()
  await program.printed()
  t.ok(await isOpen(port))
  program.child.kill('SIGKILL')
})

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', () => done(false))
  })
}
