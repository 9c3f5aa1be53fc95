// One process of the plugin under test, in the surroundings that the dispatcher gives it. Nothing moves but in until():
// so a plugin whose output the kit does not read is one that really nobody reads.

import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { describeExit, startChild, type Exit } from '../../dispatcher/child.js'
import { until, type Clock } from '../../dispatcher/clock.js'
import { Fifo, makeFifos } from '../../dispatcher/fifo.js'
import { groupLives, holdersOf, signalGroup, signalProcess } from '../../dispatcher/process-table.js'
import { OutputFifo } from './output-fifo.js'
import type { Transcript } from './transcript.js'
import type { Workplace } from './workplace.js'

const IDLE_MS = 1
const GONE_POLL_MS = 1
const GONE_LIMIT_MS = 2000
/** Bytes read from one FIFO in a turn, so that the other ones and the deadline have their turn too. */
const TURN_BYTES = 1024 * 1024
/** What env(1), by which plugins are started, ends with when it cannot start one; and how it says why. */
const ENV_FAILED = new Set([126, 127])
const ENV_SAYS = /^\/usr\/bin\/env: (.*)/
const FIRST_WORDS_BYTES = 512

/** No process of the plugin came to be; the message says why. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

export interface ProgramUnderTest {
  readonly path: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface PluginWorld {
  readonly program: ProgramUnderTest
  readonly workplace: Workplace
  readonly transcript: Transcript
  readonly clock: Clock
}

export interface OutputSink {
  /** Bytes of the plugin's stdout, valid only during the call. */
  out(bytes: Buffer): void
  /** Bytes of its stderr. */
  err(bytes: Buffer): void
}

interface Outgoing {
  readonly bytes: Buffer
  readonly onWritten: () => void
  written: number
}

export class PluginUnderTest {
  readonly pid: number
  readonly #world: PluginWorld
  readonly #sink: OutputSink
  readonly #stdinPath: string
  readonly #stdin: Fifo
  readonly #stdout: OutputFifo
  readonly #stderr: OutputFifo
  #outgoing: Outgoing[] = []
  #exit: Exit | undefined
  #firstWords = ''
  #endsInput = false
  #isInputEnded = false
  #writtenBytes = 0
  /** Whether its stdout is read. */
  isHeard = true
  /** At most so many bytes are written in a turn. */
  pieceBytes = Infinity
  /** How long a reader has for a piece before the next. */
  pieceMs = IDLE_MS

  private constructor(world: PluginWorld, sink: OutputSink, stdinPath: string, ends: Ends, pid: number) {
    this.#world = world
    this.#sink = sink
    this.#stdinPath = stdinPath
    this.#stdin = ends.stdin
    this.#stdout = ends.stdout
    this.#stderr = ends.stderr
    this.pid = pid
  }

  /** Throws CannotStart when no process comes to be. */
  static async start(world: PluginWorld, sink: OutputSink): Promise<PluginUnderTest> {
    const { workplace, program, transcript } = world
    const [stdinPath, stdoutPath, stderrPath] = ['.in', '.out', '.err'].map((suffix) => workplace.newPath(suffix))
    if (stdinPath === undefined || stdoutPath === undefined || stderrPath === undefined) throw new Error('no paths')
    await makeFifos([stdinPath, stdoutPath, stderrPath])
    const ends = {
      stdin: Fifo.open(stdinPath, undefined),
      stdout: OutputFifo.open(stdoutPath),
      stderr: OutputFifo.open(stderrPath),
    }
    const stdio = { stdin: ends.stdin.childEnd, stdout: ends.stdout.childEnd, stderr: ends.stderr.childEnd }
    return new Promise((resolve, reject) => {
      const child = startChild({ ...program, owner: undefined }, stdio, (exit) => {
        if (started !== undefined) started.#exited(exit)
        else {
          closeAll(ends)
          reject(new CannotStart(exit.error ?? 'it ended before it had begun'))
        }
      })
      for (const end of Object.values(ends)) end.passedOn()
      const started = child.pid === undefined ? undefined : new PluginUnderTest(world, sink, stdinPath, ends, child.pid)
      if (started === undefined) return
      workplace.began(started.pid)
      transcript.said('-', `process ${started.pid} is started`)
      resolve(started)
    })
  }

  /** Set when the process is gone, and all that it said has been heard. */
  get exit(): Exit | undefined {
    return this.#exit
  }

  get hasUnwritten(): boolean {
    return this.#outgoing.length > 0
  }

  /** How much of what was sent it has taken: a number that grows as long as it reads. */
  get writtenBytes(): number {
    return this.#writtenBytes
  }

  /** Puts bytes on their way; they go in until(). Behind the end of input there is no way. */
  send(bytes: Buffer, onWritten: () => void = () => {}): void {
    if (this.#endsInput) return
    this.#outgoing.push({ bytes, onWritten, written: 0 })
  }

  /** The end of its input, behind what is on its way. */
  endInput(): void {
    this.#endsInput = true
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit !== undefined) return
    this.#world.transcript.said('-', `SIG${signal.slice(3)} is sent`)
    signalProcess(this.pid, signal)
  }

  /** Writes and reads until `isSo` holds; false when it has not held for `limitMs` in which `progress` stood still. */
  async until(isSo: () => boolean, limitMs: number, progress: () => number = () => 0): Promise<boolean> {
    let deadline = this.#world.clock.nowMs() + limitMs
    let before = progress()
    for (;;) {
      const hasMoved = this.#turn()
      const problem = this.#startProblem()
      if (problem !== undefined) throw new CannotStart(problem)
      if (isSo()) return true
      const now = progress()
      if (now !== before) deadline = this.#world.clock.nowMs() + limitMs
      before = now
      if (this.#world.clock.nowMs() >= deadline) return false
      // Pieces are told apart only by a reader that had the time to take the one before.
      await (hasMoved && this.pieceBytes === Infinity
        ? nextTurn()
        : delay(this.pieceBytes === Infinity ? IDLE_MS : this.pieceMs))
    }
  }

  /** Ends the process, what it started, and our ends. */
  async end(): Promise<void> {
    signalGroup(this.pid, 'SIGKILL')
    await until(this.#world.clock, () => !groupLives(this.pid), GONE_POLL_MS, GONE_LIMIT_MS)
    await until(this.#world.clock, () => this.#exit !== undefined, GONE_POLL_MS, GONE_LIMIT_MS)
    // What left its group.
    for (const pid of holdersOf(this.#stdinPath)) signalProcess(pid, 'SIGKILL')
    this.#world.workplace.ended(this.pid)
    closeAll({ stdin: this.#stdin, stdout: this.#stdout, stderr: this.#stderr })
  }

  #exited(exit: Exit): void {
    // What it said before it ended was said before: the rest of it is still in the FIFOs.
    this.#read(TURN_BYTES)
    this.#world.transcript.said('-', `process ${this.pid} ended: ${describeExit(exit)}`)
    this.#exit = exit
  }

  #startProblem(): string | undefined {
    if (!ENV_FAILED.has(this.#exit?.code ?? 0)) return undefined
    return ENV_SAYS.exec(this.#firstWords)?.[1]
  }

  #turn(): boolean {
    const hasWritten = this.#write()
    return this.#read(TURN_BYTES) || hasWritten
  }

  #write(): boolean {
    let left = this.pieceBytes
    let hasMoved = false
    for (let first = this.#outgoing[0]; first !== undefined && left > 0; first = this.#outgoing[0]) {
      const end = Math.min(first.bytes.length, first.written + left)
      const count = this.#stdin.write(first.bytes, first.written, end)
      if (count === 0) return hasMoved
      hasMoved = true
      left -= count
      this.#writtenBytes += count
      first.written += count
      if (first.written < first.bytes.length) continue
      this.#outgoing.shift()
      first.onWritten()
    }
    if (this.#endsInput && !this.#isInputEnded && this.#outgoing.length === 0) {
      this.#isInputEnded = true
      this.#world.transcript.said('-', 'its input ends')
      this.#stdin.end()
    }
    return hasMoved
  }

  #complain(bytes: Buffer): void {
    if (this.#firstWords.length < FIRST_WORDS_BYTES) this.#firstWords += bytes.toString('latin1', 0, FIRST_WORDS_BYTES)
    this.#sink.err(bytes)
  }

  #read(limitBytes: number): boolean {
    let taken = 0
    for (const [fifo, take] of [
      [this.#stderr, (bytes: Buffer) => this.#complain(bytes)],
      [this.#stdout, (bytes: Buffer) => this.#sink.out(bytes)],
    ] as const) {
      if (fifo === this.#stdout && !this.isHeard) continue
      for (let bytes = fifo.read(); bytes.length > 0; bytes = taken < limitBytes ? fifo.read() : NOTHING) {
        taken += bytes.length
        take(bytes)
      }
    }
    return taken > 0
  }
}

const NOTHING = Buffer.alloc(0)

interface Ends {
  readonly stdin: Fifo
  readonly stdout: OutputFifo
  readonly stderr: OutputFifo
}

function closeAll({ stdin, stdout, stderr }: Ends): void {
  stdin.close()
  stdout.close()
  stderr.close()
}
