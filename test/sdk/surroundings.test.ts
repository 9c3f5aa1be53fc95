// Plugins as processes: stdin is a FIFO, as under the dispatcher.

import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { until } from './auditd.js'

const LF = '\n'

/** The dispatcher's side of a plugin's pipes. */
class Child {
  readonly #child: ChildProcess
  readonly #stdin: Writable
  readonly #waiters: (() => void)[] = []
  /** What it has said, line by line. */
  readonly said: string[] = []
  complaints = ''
  readonly ended: Promise<number | string>

  /** `stdin`: a FIFO, as audispd gives it, or one of a pair of sockets, as auditd does. */
  constructor(
    program: string,
    args: readonly string[] = [],
    nodeArgs: readonly string[] = [],
    stdin: 'fifo' | 'socket' = 'fifo',
  ) {
    const path = fileURLToPath(new URL(`processes/${program}.js`, import.meta.url))
    const { reader, writer } = fifo()
    // What Node calls a pipe is a pair of sockets.
    const stdio: StdioOptions = [stdin === 'fifo' ? reader : 'pipe', 'pipe', 'pipe']
    this.#child = spawn(process.execPath, [...nodeArgs, path, ...args], { stdio })
    closeSync(reader)
    this.#stdin = this.#child.stdin ?? new Socket({ fd: writer, readable: false, writable: true })
    if (stdin === 'socket') closeSync(writer)
    let rest = ''
    this.#child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split(LF)
      rest = lines.pop() ?? ''
      this.said.push(...lines)
      this.#wake()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.complaints += text))
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (status, signal) => {
        // What it has not read goes with it.
        this.#stdin.destroy()
        resolve(status ?? signal ?? 'never started')
        this.#wake()
      })
    })
  }

  write(bytes: string | Buffer): void {
    this.#stdin.write(bytes)
  }

  end(): void {
    this.#stdin.end()
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Nobody reads what it says. */
  closeOutput(): void {
    this.#child.stdout?.destroy()
  }

  /** Resolves with the line once it has been said, or with undefined if the child ends before. */
  async line(pattern: RegExp): Promise<string | undefined> {
    for (;;) {
      const found = this.said.find((line) => pattern.test(line))
      if (found !== undefined || this.#child.exitCode !== null) return found
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

/** Both ends of a new FIFO, each with a description of its own. */
function fifo(): { readonly reader: number; readonly writer: number } {
  const dir = mkdtempSync(join(tmpdir(), 'sdk-'))
  const path = join(dir, 'fifo')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  rmSync(dir, { recursive: true })
  return { reader, writer }
}

async function opened(program: string, args: readonly string[] = [], nodeArgs: readonly string[] = []): Promise<Child> {
  const child = new Child(program, args, nodeArgs)
  child.write('HELLO 1 plugin=test run=r next=1\n')
  await child.line(/^READY/)
  return child
}

function records(first: number, last: number): string {
  let lines = ''
  for (let seq = first; seq <= last; seq++) lines += `RECORD ${seq} ${'x'.repeat(240)}\n`
  return lines
}

void test('many records are acknowledged by batches, with and without a just-in-time compiler', async (t) => {
  for (const nodeArgs of [[], ['--jitless']]) {
    const child = await opened('does-as-records-say', [], nodeArgs)
    t.same(child.said, ['READY 1 ack'])
    child.write(records(1, 20_000))
    await child.line(/^ACK 20000$/)
    const acks = child.said.length - 1
    t.ok(acks < 1000, `${acks} acknowledgements`)
    child.write('STOP\n')
    t.equal(await child.ended, 0)
    t.match(child.complaints, /20000 records\n$/)
  }
})

void test('the end of input is as good as STOP', async (t) => {
  const child = await opened('does-as-records-say')
  child.write(records(1, 3))
  child.end()
  t.equal(await child.ended, 0)
  t.equal(child.said.at(-1), 'ACK 3')
  t.equal(child.complaints, '3 records\n')
})

void test('PING is answered while a handler is busy; SIGTERM lets it finish', async (t) => {
  const child = await opened('does-as-records-say')
  child.write('RECORD 1 wait\n')
  const command = await child.line(/^COMMAND/)
  child.write('RECORD 2 x\nPING 5\n')
  t.equal(await child.line(/^PONG/), 'PONG 5')
  child.kill('SIGTERM')
  // A signal may come after what is written later.
  await until(() => child.complaints.includes('SIGTERM\n'))
  child.write('PING 6\n')
  t.equal(await child.line(/^PONG 6/), 'PONG 6')
  t.equal(child.said.filter((line) => line.startsWith('ACK')).length, 0)
  child.write(`OK ${command?.split(' ')[1] ?? ''}\n`)
  t.equal(await child.ended, 0)
  t.same(
    child.said.filter((line) => line.startsWith('ACK')),
    ['ACK 1'],
  )
})

void test('SIGTERM in the middle of a line', async (t) => {
  const child = await opened('does-as-records-say')
  child.write('RECORD 1 x\nPING 1\nRECORD 2 half of')
  await child.line(/^PONG/)
  child.kill('SIGTERM')
  t.equal(await child.ended, 0)
  t.equal(child.said.at(-1), 'ACK 1')
})

void test('HUP is a reload', async (t) => {
  const child = await opened('does-as-records-say')
  child.kill('SIGHUP')
  t.match(await child.line(/^COMMAND/), /^COMMAND \S+ notify info reloaded$/)
  child.kill('SIGTERM')
  t.ok(await child.line(/^COMMAND/))
  child.end()
  t.equal(await child.ended, 0)
})

void test('a handler that throws: its stack, and 70', async (t) => {
  const child = await opened('does-as-records-say')
  child.write('RECORD 1 throw\n')
  t.equal(await child.ended, 70)
  t.match(child.complaints, /^Error: as the record said\n +at /)
  t.same(child.said, ['READY 1 ack'])
})

void test('what a plugin prints is no line of the protocol', async (t) => {
  const child = await opened('does-as-records-say')
  child.write('RECORD 1 print\n')
  await child.line(/^ACK 1$/)
  child.write('RECORD 2 print\nSTOP\n')
  t.equal(await child.ended, 0)
  t.same(child.said, ['READY 1 ack', 'ACK 1', 'ACK 2'])
  const [notice, ...printed] = child.complaints.split(LF)
  t.match(notice, /^what this plugin writes to standard output, as console\.log does, goes to standard error: /)
  const each = ['ls', 'COMMAND x action halt', 'COMMAND y reload', 'written']
  t.same(printed, [...each, ...each, '2 records', ''])
})

void test('two plugins in one process: what is wrong is said', async (t) => {
  const child = await opened('does-as-records-say')
  child.write('RECORD 1 twice\n')
  t.equal(await child.ended, 70)
  t.match(child.complaints, /^Error: runPlugin is called twice: a process is one plugin/)
})

void test('nobody reads what it says: it ends with 0', async (t) => {
  const child = await opened('does-as-records-say')
  child.closeOutput()
  child.write('RECORD 1 x\n')
  t.equal(await child.ended, 0)
})

void test('stdin that is a file', async (t) => {
  const path = fileURLToPath(new URL('processes/does-as-records-say.js', import.meta.url))
  const transcript = join(t.testdir({ transcript: 'HELLO 1\nRECORD 1 x\n' }), 'transcript')
  const stdin = openSync(transcript, 'r')
  const child = spawn(process.execPath, [path], { stdio: [stdin, 'ignore', 'pipe'] })
  closeSync(stdin)
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const status = await new Promise((resolve) => child.on('close', resolve))
  t.equal(status, 65)
  t.equal(complaints, 'the dispatcher broke the line protocol: RECORD before READY\n')
})

void test('an input plugin is never ahead of its window', async (t) => {
  const child = new Child('sends-records', ['1000'])
  child.write('HELLO 1 plugin=test run=r next=1 in-window=100\n')
  for (let n = 99; n < 1000; n += 99) {
    await child.line(new RegExp(`^RECORD ${n} `))
    child.write(`PING ${n}\n`)
    await child.line(new RegExp(`^PONG ${n}$`))
    t.equal(child.said.filter((line) => line.startsWith('RECORD')).length, n)
    child.write(`ACK ${n}\n`)
  }
  await child.line(/^RECORD 1000 /)
  child.write('ACK 1000\n')
  t.match(await child.line(/^COMMAND/), /notify info settled%201000$/)
  child.write('STOP\n')
  t.equal(await child.ended, 0)
})

void test("under auditd: lines through a FIFO, and standard output is the plugin's own", async (t) => {
  const child = new Child('does-as-records-say', [], ['--jitless'])
  child.write('type=A msg=audit(1.000:1): a\nprint\n')
  await child.line(/^COMMAND y reload$/)
  child.write('type=A msg=audit(1.000:2): a\n'.repeat(20_000))
  child.end()
  t.equal(await child.ended, 0)
  t.same(child.said, ['ls', 'COMMAND x action halt', 'COMMAND y reload'])
  t.match(child.complaints, /written\n20002 records\n$/)
})

void test('under auditd: frames through a socket, read to their end after SIGTERM', async (t) => {
  for (const dataBytes of [undefined, 8970]) {
    const frames = Buffer.concat(Array.from({ length: 1000 }, () => frame('type=A msg=audit(1.000:1): a', dataBytes)))
    const child = new Child('does-as-records-say', [], ['--jitless'], 'socket')
    child.write(frame('print', dataBytes))
    await child.line(/^COMMAND y reload$/)
    child.kill('SIGHUP')
    await until(() => child.complaints.includes('INFO: reloaded\n'))
    child.write(frames)
    child.kill('SIGTERM')
    child.write(frames)
    child.end()
    t.equal(await child.ended, 0)
    t.match(child.complaints, /written\nINFO: reloaded\n2001 records\n$/, `data of ${dataBytes} bytes`)
  }
})

function frame(payload: string, dataBytes = payload.length): Buffer {
  const bytes = Buffer.alloc(16 + dataBytes)
  for (const [index, word] of [1, 16, 1006, payload.length].entries()) bytes.writeUInt32LE(word, index * 4)
  bytes.write(payload, 16)
  return bytes
}
