// One life of a plugin: the opening, its handlers one after the other, and the end. What a handler has finished is
// acknowledged before anything ends; what it has not finished never is.

import type { Clock } from './clock.js'
import { Commands } from './commands.js'
import { helloOf, type Hello } from './hello.js'
import { FORGOTTEN_AHEAD_BYTES, Intake, READ_AHEAD_BYTES, type Item, type UrgentLine } from './intake.js'
import type { Output } from './output.js'
import type { PluginDefinition } from './plugin-definition.js'
import { acknowledgingOf, readyLine } from './ready.js'
import { RunningPlugin } from './running-plugin.js'
import { DispatcherViolation, endOf, EXIT_STATUS } from './sdk-error.js'
import { Turns } from './turns.js'

/** What a session needs of the process around it. */
export interface SessionHost {
  readonly output: Output
  readonly clock: Clock
  pauseInput(): void
  resumeInput(): void
  /** A text for people, with its LF. */
  complain(text: string): void
  /** The last call; what was said is written. */
  ended(status: number): void
}

type State =
  | { readonly kind: 'expecting-hello' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'running'; readonly running: RunningPlugin }
  | { readonly kind: 'over' }

export class Session {
  readonly #definition: PluginDefinition
  readonly #host: SessionHost
  readonly #stopping = new AbortController()
  readonly #intake: Intake
  readonly #turns: Turns
  readonly #commands: Commands
  readonly #aheadBytes: number
  #state: State = { kind: 'expecting-hello' }
  #isPaused = false

  constructor(definition: PluginDefinition, host: SessionHost) {
    this.#definition = definition
    this.#aheadBytes = acknowledgingOf(definition) === 'never' ? FORGOTTEN_AHEAD_BYTES : READ_AHEAD_BYTES
    this.#host = host
    this.#intake = new Intake(
      (line) => {
        this.#takeUrgent(line)
      },
      () => (this.#state.kind === 'running' ? this.#state.running.nowMs : 0),
    )
    this.#turns = new Turns(this.#intake, {
      give: (item, bytes) => this.#give(item, bytes),
      done: (item) => {
        this.#done(item)
      },
      failed: (error) => {
        this.#fail(error)
      },
    })
    this.#commands = new Commands({
      say: (line) => {
        host.output.line(line)
        this.#regulate()
      },
      complain: (text) => {
        this.#complain(text)
      },
    })
  }

  /** The next bytes of the input; the caller may reuse them. */
  push(chunk: Buffer): void {
    if (this.#state.kind === 'over') return
    try {
      this.#intake.push(chunk)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#work()
  }

  /** The input has ended: no answers will come any more, and what has come is worked off. */
  inputEnded(): void {
    this.#stopping.abort()
    this.#commands.end()
    if (this.#state.kind === 'running') this.#state.running.sender.inputEnded()
    if (this.#state.kind === 'expecting-hello') void this.#close(EXIT_STATUS.done)
    this.#intake.add({ kind: 'stop', leavesOpen: false })
    this.#work()
  }

  /** The item in hand is finished; what waits is left to the next process. */
  terminate(): void {
    if (this.#state.kind === 'running') {
      this.#stopping.abort()
      this.#turns.leaveOnly({ kind: 'stop', leavesOpen: true })
      this.#work()
    } else {
      void this.#close(EXIT_STATUS.done)
    }
  }

  /** Somebody wants the configuration read again. */
  reload(): void {
    if (this.#state.kind !== 'running') return
    this.#intake.add({ kind: 'reload' })
    this.#work()
  }

  /** The plugin can do nothing more. */
  close(): void {
    void this.#close(EXIT_STATUS.done)
  }

  #work(): void {
    if (this.#state.kind === 'running') this.#turns.run()
    this.#regulate()
  }

  /** While an answer is waited for, it has to be read, whatever comes before it. */
  #regulate(): void {
    if (this.#state.kind === 'over') return
    const isAwaiting =
      this.#commands.open > 0 || (this.#state.kind === 'running' && this.#state.running.sender.isWaiting)
    const isFull = this.#intake.aheadBytes > (isAwaiting ? READ_AHEAD_BYTES : this.#aheadBytes)
    if (isFull === this.#isPaused) return
    this.#isPaused = isFull
    if (isFull) this.#host.pauseInput()
    else this.#host.resumeInput()
  }

  #takeUrgent(line: UrgentLine): void {
    if (line.verb !== 'HELLO') {
      if (this.#state.kind === 'running') this.#state.running.take(line)
      return
    }
    if (this.#state.kind !== 'expecting-hello') throw new DispatcherViolation('HELLO twice')
    this.#state = { kind: 'opening' }
    void this.#open(helloOf(line.keys))
  }

  async #open(hello: Hello): Promise<void> {
    try {
      await this.#definition.open?.(hello)
      const from = await this.#definition.from?.(hello)
      if (this.#state.kind !== 'opening') return
      // Whatever is wrong with the definition is found before anything is said.
      const running = this.#running(hello, from)
      this.#host.output.line(readyLine(this.#definition, from))
      this.#run(running)
    } catch (error) {
      this.#fail(error)
    }
  }

  #run(running: RunningPlugin): void {
    this.#intake.open()
    this.#state = { kind: 'running', running }
    running.begin()
    this.#work()
  }

  #running(hello: Hello, from: number | undefined): RunningPlugin {
    return new RunningPlugin(this.#definition, hello, from, {
      output: this.#host.output,
      clock: this.#host.clock,
      commands: this.#commands,
      stopping: this.#stopping.signal,
      waiting: () => {
        this.#regulate()
      },
      expired: (atMs) => {
        this.#intake.add({ kind: 'expire', atMs })
        this.#work()
      },
      complain: (text) => {
        this.#complain(text)
      },
      failed: (error) => {
        this.#fail(error)
      },
    })
  }

  #give(item: Item, bytes: Buffer): Promise<void> | undefined {
    if (this.#state.kind !== 'running') return undefined
    if (item.kind === 'stop') this.#stopping.abort()
    return this.#state.running.give(item, bytes)
  }

  #done(item: Item): void {
    if (this.#state.kind !== 'running') return
    this.#state.running.done(item)
    if (item.kind === 'stop') void this.#close(EXIT_STATUS.done)
    else this.#regulate()
  }

  #fail(error: unknown): void {
    if (this.#state.kind === 'over') return
    const { status, text } = endOf(error)
    if (text !== '') this.#complain(text)
    void this.#close(status)
  }

  async #close(status: number): Promise<void> {
    if (this.#state.kind === 'over') return
    if (this.#state.kind === 'running') this.#state.running.end()
    this.#state = { kind: 'over' }
    this.#commands.close()
    this.#stopping.abort()
    this.#turns.end()
    await this.#host.output.end()
    this.#host.ended(status)
  }

  #complain(text: string): void {
    this.#host.complain(`${text}\n`)
  }
}
