// A dispatcher in memory, for tests of plugins: it says what a test tells it to say, and notes what the plugin answers.

import { PassThrough, Writable } from 'node:stream'
import { readCommand } from '../protocol/command.js'
import { errLine, helloLine, lostLine, okLine, readPluginLine, type LostReason } from '../protocol/line.js'
import { LineSplitter } from '../protocol/line-splitter.js'
import type { PluginDefinition } from './plugin-definition.js'
import { runPlugin } from './run-plugin.js'
import { CommandError } from './sdk-error.js'
import type { PluginSignal } from './surroundings.js'
import { TestClock } from './test-clock.js'

const LF = 0x0a
const LF_BYTES = Buffer.from('\n')

/** A command that the plugin has sent; its arguments decoded. */
export interface TestCommand {
  /** What its answer begins with. */
  readonly tag: string
  /** `stats`, `notify` and so on. */
  readonly name: string
  /** Decoded, as UTF-8. */
  readonly args: readonly string[]
}

/** A record that the plugin has sent. */
export interface TestRecord {
  /** Its number. */
  readonly n: number
  /** The record itself, as UTF-8. */
  readonly record: string
}

/** How the dispatcher of a test behaves. */
export interface TestDispatcherOptions {
  /** Keys of HELLO beside, or instead of, `plugin=test run=… next=1 in-window=4096`. */
  readonly hello?: Readonly<Record<string, string | number>>
  /**
   * The result of a command. A CommandError that it throws is answered with ERR; after undefined the test writes the
   * answer itself. Without it every command is answered with OK.
   */
  readonly answer?: (command: TestCommand) => string | undefined
  /** False: records of the plugin are settled by `settle` alone, and not as they come. */
  readonly settles?: boolean
}

/** Runs the plugin with a dispatcher in memory, without a process. HELLO is said at once. */
export function testPlugin(plugin: PluginDefinition, options: TestDispatcherOptions = {}): TestDispatcher {
  return new TestDispatcher(plugin, options)
}

/** The dispatcher of a test. Made by `testPlugin`. */
export class TestDispatcher {
  readonly #options: TestDispatcherOptions
  readonly #input = new PassThrough()
  readonly #signals = new Map<PluginSignal, () => void>()
  readonly #splitter: LineSplitter
  readonly #clock = new TestClock()
  #waiters: { readonly isMet: () => boolean; readonly wake: () => void }[] = []
  #next: number
  #settled = 0
  #isOver = false

  /** The options of READY; undefined until it has come. */
  ready: readonly string[] | undefined
  /** Every ACK, in order. */
  readonly acks: number[] = []
  /** Every RECORD, in order. */
  readonly records: TestRecord[] = []
  /** Every COMMAND, in order. */
  readonly commands: TestCommand[] = []
  /** Every PONG, in order. */
  readonly pongs: number[] = []
  /** What a real dispatcher would have objected to. */
  readonly violations: string[] = []
  /** What the plugin has written to stderr. */
  complaints = ''
  /** Resolves with the exit status. */
  readonly status: Promise<number>

  constructor(plugin: PluginDefinition, options: TestDispatcherOptions) {
    this.#options = options
    const hello = { plugin: 'test', run: '00000000-0000-4000-8000-000000000000', next: 1, 'in-window': 4096 }
    const keys: Readonly<Record<string, string | number>> = { ...hello, ...options.hello }
    this.#next = Number(keys['next'])
    this.#splitter = new LineSplitter({
      lines: (bytes, start, end) => {
        for (let at = start; at < end; at = bytes.indexOf(LF, at) + 1) this.#take(bytes, at, bytes.indexOf(LF, at))
      },
      tooLong: () => {
        this.violations.push('a line over the limit')
      },
    })
    this.status = this.#run(plugin)
    this.write(helloLine(keys))
  }

  /** The highest seq that was acknowledged, 0 if none was. */
  get acked(): number {
    return this.acks.at(-1) ?? 0
  }

  /** Sends records, in one write; returns the seq of the last one. */
  send(...records: (string | Buffer)[]): number {
    const lines = records.flatMap((record) => [Buffer.from(`RECORD ${this.#next++} `), bytesOf(record), LF_BYTES])
    this.write(Buffer.concat(lines))
    return this.#next - 1
  }

  /** Says that the next `count` records are lost; returns the seq of the last one. */
  lost(count: number, reason: LostReason = 'queue-full'): number {
    const first = this.#next
    this.#next += Math.max(1, count)
    this.write(lostLine({ count, first, last: this.#next - 1, reason }))
    return this.#next - 1
  }

  /** So many milliseconds go by: for open events, and at the end for a `main` that does not return. */
  pass(ms: number): void {
    this.#clock.pass(ms)
  }

  /** Writes to the plugin's stdin whatever it is. */
  write(bytes: string | Buffer): void {
    this.#input.write(bytes)
  }

  /** Asks for a PONG of this number: see `pongs`. */
  ping(n: number): void {
    this.write(`PING ${n}\n`)
  }

  /** RELOAD. */
  reload(): void {
    this.write('RELOAD\n')
  }

  /** STOP, and the end of input. Resolves with the exit status. */
  async stop(): Promise<number> {
    this.write('STOP\n')
    return this.end()
  }

  /** The end of input without STOP. Resolves with the exit status. */
  async end(): Promise<number> {
    this.#input.end()
    return this.status
  }

  /** What the process would be sent. */
  signal(name: PluginSignal): void {
    this.#signals.get(name)?.()
  }

  /** All records of the plugin up to n are settled. */
  settle(n: number): void {
    this.#settled = n
    this.write(`ACK ${n}\n`)
  }

  /** A record of the plugin is not taken. */
  refuse(n: number, code: 'bad-record' | 'busy', text = 'for a test'): void {
    this.write(errLine(String(n), code, text))
  }

  /** Resolves when the condition holds; it is asked after each line of the plugin. Rejects if the plugin ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#isOver) throw new Error(`the plugin has ended before: ${condition.toString()}; ${this.complaints}`)
      await new Promise<void>((wake) => this.#waiters.push({ isMet: condition, wake }))
    }
  }

  /** Resolves when all up to and including seq is acknowledged. */
  async acknowledged(seq: number): Promise<void> {
    await this.until(() => this.acked >= seq)
  }

  async #run(plugin: PluginDefinition): Promise<number> {
    const status = await runPlugin(plugin, {
      input: this.#input,
      output: written((chunk) => {
        this.#splitter.push(chunk)
      }),
      error: written((chunk) => {
        this.complaints += chunk.toString('utf8')
      }),
      exit: () => {},
      clock: this.#clock,
      onSignal: (signal, listener) => this.#signals.set(signal, listener),
    })
    this.#isOver = true
    this.#wake()
    return status
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const line = readPluginLine(bytes, start, end)
    switch (line.verb) {
      case '':
        return
      case 'wrong':
        this.violations.push(`${line.why}: ${line.text}`)
        break
      case 'READY':
        if (this.ready !== undefined) this.violations.push('READY twice')
        this.ready = line.options
        break
      case 'ACK':
        if (line.seq <= this.acked) this.violations.push(`ACK ${line.seq} after ACK ${this.acked}`)
        if (line.seq >= this.#next) this.violations.push(`ACK ${line.seq}, but the last was ${this.#next - 1}`)
        this.acks.push(line.seq)
        break
      case 'PONG':
        this.pongs.push(line.n)
        break
      case 'RECORD':
        this.records.push({ n: line.n, record: bytes.toString('utf8', line.start, line.end) })
        if (this.#options.settles ?? true) this.settle(Math.max(line.n, this.#settled))
        break
      case 'COMMAND':
        this.#answer(bytes, line.start, line.end)
        break
      default:
        line satisfies never
    }
    this.#wake()
  }

  #answer(bytes: Buffer, start: number, end: number): void {
    const command = readCommand(bytes, start, end)
    if (command.kind !== 'command') {
      this.violations.push(command.text)
      return
    }
    const { tag, name } = command
    const asked = { tag, name, args: command.args.map((arg) => arg.toString('utf8')) }
    this.commands.push(asked)
    try {
      const result = this.#options.answer === undefined ? '' : this.#options.answer(asked)
      if (result !== undefined) this.write(okLine(tag, result))
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.write(`ERR ${tag} ${error.code} ${error.message}\n`)
    }
  }

  #wake(): void {
    const met = this.#waiters.filter(({ isMet }) => this.#isOver || isMet())
    if (met.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter))
    for (const { wake } of met) wake()
  }
}

function bytesOf(record: string | Buffer): Buffer {
  return typeof record === 'string' ? Buffer.from(record) : record
}

function written(take: (chunk: Buffer) => void): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      take(chunk)
      done()
    },
  })
}
