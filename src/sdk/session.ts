// One life of a plugin: the opening, its handlers one after the other, and the end. What a handler has finished is
// acknowledged before anything ends; what it has not finished never is.

import type { Clock } from './clock.js'
import { EventFlow } from './event-flow.js'
import { Acknowledger } from './acknowledger.js'
import { Commands } from './commands.js'
import { helloOf, type Hello } from './hello.js'
import { Intake, MOST_AHEAD_BYTES, READ_AHEAD_BYTES, type Item, type UrgentLine } from './intake.js'
import type { Output } from './output.js'
import type { PluginDefinition } from './plugin-definition.js'
import { Plugin } from './plugin.js'
import { acknowledgingOf, readyLine } from './ready.js'
import { RecordBatch } from './record-batch.js'
import { DispatcherViolation, endOf, EXIT_STATUS, RefusedRecord } from './sdk-error.js'
import { Sender } from './sender.js'
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

interface Opened {
  readonly plugin: Plugin
  readonly acknowledger: Acknowledger
  readonly sender: Sender
  readonly flow: EventFlow | undefined
}

type State =
  | { readonly kind: 'expecting-hello' }
  | { readonly kind: 'opening' }
  | ({ readonly kind: 'running' } & Opened)
  | { readonly kind: 'over' }

export class Session {
  readonly #definition: PluginDefinition
  readonly #host: SessionHost
  readonly #stopping = new AbortController()
  readonly #intake: Intake
  readonly #turns: Turns
  readonly #commands: Commands
  #state: State = { kind: 'expecting-hello' }
  #batch: RecordBatch | undefined
  #isPaused = false

  constructor(definition: PluginDefinition, host: SessionHost) {
    this.#definition = definition
    this.#host = host
    this.#intake = new Intake((line) => {
      this.#takeUrgent(line)
    })
    this.#turns = new Turns(this.#intake, {
      give: (item, bytes) => this.#give(item, bytes),
      done: (item) => {
        this.#done(item)
      },
      failed: (error) => {
        this.#fail(error)
      },
    })
    this.#commands = new Commands((line) => {
      host.output.line(line)
      this.#regulate()
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
    if (this.#state.kind === 'running') this.#state.sender.end()
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
    const isAwaiting = this.#commands.open > 0 || (this.#state.kind === 'running' && this.#state.sender.isWaiting)
    const isFull = this.#intake.aheadBytes > (isAwaiting ? MOST_AHEAD_BYTES : READ_AHEAD_BYTES)
    if (isFull === this.#isPaused || this.#state.kind === 'over') return
    this.#isPaused = isFull
    if (isFull) this.#host.pauseInput()
    else this.#host.resumeInput()
  }

  #takeUrgent(line: UrgentLine): void {
    if (line.verb === 'HELLO') {
      if (this.#state.kind !== 'expecting-hello') throw new DispatcherViolation('HELLO twice')
      this.#state = { kind: 'opening' }
      const hello = helloOf(line.keys)
      this.#open(hello).catch((error: unknown) => {
        this.#fail(error)
      })
      return
    }
    if (this.#state.kind !== 'running') return
    const { plugin, sender } = this.#state
    switch (line.verb) {
      case 'PING':
        this.#host.output.line(`PONG ${line.n}\n`)
        return
      case 'ACK':
        sender.acknowledged(line.n)
        this.#definition.settled?.(line.n, plugin)
        return
      case 'OK':
        if (!this.#commands.answered(line.tag, line.result)) this.#complain(`an answer to nothing: OK ${line.tag}`)
        return
      case 'ERR':
        this.#takeError(line.tag, line.code, line.text)
        return
      default:
        line satisfies never
    }
  }

  #takeError(tag: string, code: string, text: string): void {
    if (this.#state.kind !== 'running' || this.#commands.failed(tag, code, text)) return
    const n = Number(tag)
    if (!this.#state.sender.refused(n)) {
      this.#complain(`the dispatcher says: ERR ${tag} ${code} ${text}`)
      return
    }
    const refusal = new RefusedRecord(n, code, text)
    if (this.#definition.refused !== undefined) this.#definition.refused(refusal, this.#state.plugin)
    // The record is not taken, and later ones may be: nobody but the author can put that right.
    else if (code === 'busy') throw refusal
    else this.#complain(`record ${n} was refused: ${code} ${text}`)
  }

  async #open(hello: Hello): Promise<void> {
    await this.#definition.open?.(hello)
    const from = await this.#definition.from?.(hello)
    if (this.#state.kind !== 'opening') return
    this.#host.output.line(readyLine(this.#definition, from))
    this.#intake.open()
    const opened = this.#opened(hello, from)
    this.#state = { kind: 'running', ...opened }
    void this.#main(opened.plugin)
    this.#work()
  }

  async #main(plugin: Plugin): Promise<void> {
    try {
      await this.#definition.main?.(plugin)
    } catch (error) {
      // At the end, what main was waiting for cannot come any more.
      if (!this.#stopping.signal.aborted) this.#fail(error)
    }
  }

  #opened(hello: Hello, from: number | undefined): Opened {
    const { output, clock } = this.#host
    const definition = this.#definition
    const acknowledger = new Acknowledger(acknowledgingOf(definition), definition.lost !== undefined, from, (seq) => {
      output.ack(seq)
    })
    const regulate = (): void => {
      this.#regulate()
    }
    const sender = new Sender(output, regulate, hello, definition.positions ?? false)
    const plugin = new Plugin(hello, this.#stopping.signal, acknowledger, this.#commands, sender)
    if (definition.events === undefined) return { plugin, acknowledger, sender, flow: undefined }
    const flow = new EventFlow(definition.eventLimits ?? {}, clock, {
      give: (event) => promised(definition.events?.(event, plugin)),
      safe: (seq) => {
        acknowledger.done(seq)
      },
      expired: () => {
        this.#intake.add({ kind: 'expire' })
        this.#work()
      },
    })
    return { plugin, acknowledger, sender, flow }
  }

  #give(item: Item, bytes: Buffer): Promise<void> | undefined {
    if (this.#state.kind !== 'running') return undefined
    const { plugin, acknowledger, flow } = this.#state
    switch (item.kind) {
      case 'records':
        acknowledger.records(item.last)
        this.#batch = new RecordBatch(bytes, item.start, item.end, item.count, item.last)
        return flow === undefined
          ? promised(this.#definition.records?.(this.#batch, plugin))
          : flow.records(this.#batch)
      case 'lost':
        acknowledger.gap(item.lost)
        return promised(this.#definition.lost?.(item.lost, plugin))
      case 'reload':
        return promised(this.#definition.reload?.(plugin))
      case 'expire':
        return flow?.expire()
      case 'stop':
        this.#stopping.abort()
        return item.leavesOpen ? promised(this.#definition.stop?.(plugin)) : this.#stop(plugin, flow)
      default:
        item satisfies never
        return undefined
    }
  }

  async #stop(plugin: Plugin, flow: EventFlow | undefined): Promise<void> {
    await flow?.flush()
    await this.#definition.stop?.(plugin)
  }

  #done(item: Item): void {
    if (this.#state.kind !== 'running') return
    this.#batch?.retire()
    this.#batch = undefined
    const { acknowledger, flow } = this.#state
    if (flow === undefined) acknowledger.done()
    else if (item.kind === 'lost') flow.pass(item.lost.last)
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
    if (this.#state.kind === 'running') {
      this.#state.sender.end()
      this.#state.flow?.end()
    }
    this.#state = { kind: 'over' }
    this.#commands.end()
    this.#stopping.abort()
    this.#turns.end()
    await this.#host.output.end()
    this.#host.ended(status)
  }

  #complain(text: string): void {
    this.#host.complain(`${text}\n`)
  }
}

function promised(result: void | Promise<void>): Promise<void> | undefined {
  return result === undefined ? undefined : Promise.resolve(result)
}
