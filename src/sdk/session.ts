// One life of a plugin: the opening, its handlers one after the other, and the end. What a handler has finished is
// acknowledged before anything ends; what it has not finished never is.

import { LINE_VERSION } from '../protocol/line.js'
import { Acknowledger } from './acknowledger.js'
import { Commands } from './commands.js'
import { helloOf, type Hello } from './hello.js'
import { Intake, MOST_AHEAD_BYTES, READ_AHEAD_BYTES, type Item, type UrgentLine } from './intake.js'
import type { Output } from './output.js'
import type { PluginDefinition } from './plugin-definition.js'
import { Plugin } from './plugin.js'
import { RecordBatch } from './record-batch.js'
import { BadConfiguration, DispatcherViolation, EXIT_STATUS, RefusedRecord } from './sdk-error.js'
import { Sender } from './sender.js'
import { Turns } from './turns.js'

/** What a session needs of the process around it. */
export interface SessionHost {
  readonly output: Output
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
  | { readonly kind: 'running'; readonly plugin: Plugin; readonly acknowledger: Acknowledger; readonly sender: Sender }
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
    this.#intake.add({ kind: 'stop' })
    this.#work()
  }

  /** The item in hand is finished; what waits is left to the next process. */
  terminate(): void {
    if (this.#state.kind === 'running') {
      this.#stopping.abort()
      this.#turns.leaveOnly({ kind: 'stop' })
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
    const { definition, host } = { definition: this.#definition, host: this.#host }
    await definition.open?.(hello)
    const from = await definition.from?.(hello)
    if (this.#state.kind !== 'opening') return
    const how = definition.acknowledge ?? (definition.records === undefined ? 'never' : 'batch')
    const hasPositions = definition.positions ?? false
    const acknowledger = new Acknowledger(how, definition.lost !== undefined, from, (seq) => {
      host.output.ack(seq)
    })
    const sender = new Sender(
      host.output,
      () => {
        this.#regulate()
      },
      hello,
      hasPositions,
    )
    const plugin = new Plugin(hello, this.#stopping.signal, acknowledger, this.#commands, sender)
    const options = [
      how === 'never' ? '' : ' ack',
      how === 'never' || from === undefined ? '' : ` from=${from}`,
      definition.window === undefined ? '' : ` window=${definition.window}`,
      hasPositions ? ' positions' : '',
    ]
    host.output.line(`READY ${LINE_VERSION}${options.join('')}\n`)
    this.#intake.open()
    this.#state = { kind: 'running', plugin, acknowledger, sender }
    definition.main?.(plugin).catch((error: unknown) => {
      // What main was waiting for cannot come any more.
      if (!this.#stopping.signal.aborted) this.#fail(error)
    })
    this.#work()
  }

  #give(item: Item, bytes: Buffer): Promise<void> | undefined {
    if (this.#state.kind !== 'running') return undefined
    const { plugin, acknowledger } = this.#state
    switch (item.kind) {
      case 'records':
        acknowledger.records(item.last)
        this.#batch = new RecordBatch(bytes, item.start, item.end, item.count, item.last)
        return promised(this.#definition.records?.(this.#batch, plugin))
      case 'lost':
        acknowledger.gap(item.lost)
        return promised(this.#definition.lost?.(item.lost, plugin))
      case 'reload':
        return promised(this.#definition.reload?.(plugin))
      case 'stop':
        this.#stopping.abort()
        return promised(this.#definition.stop?.(plugin))
      default:
        item satisfies never
        return undefined
    }
  }

  #done(item: Item): void {
    if (this.#state.kind !== 'running') return
    this.#batch?.retire()
    this.#batch = undefined
    this.#state.acknowledger.done()
    if (item.kind === 'stop') void this.#close(EXIT_STATUS.done)
    else this.#regulate()
  }

  #fail(error: unknown): void {
    if (this.#state.kind === 'over') return
    if (error instanceof BadConfiguration) {
      this.#complain(error.message)
      void this.#close(EXIT_STATUS.badConfiguration)
    } else if (error instanceof DispatcherViolation) {
      this.#complain(`the dispatcher broke the line protocol: ${error.message}`)
      void this.#close(EXIT_STATUS.violation)
    } else {
      this.#complain(error instanceof Error ? (error.stack ?? error.message) : String(error))
      void this.#close(EXIT_STATUS.bug)
    }
  }

  async #close(status: number): Promise<void> {
    if (this.#state.kind === 'over') return
    if (this.#state.kind === 'running') this.#state.sender.end()
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
