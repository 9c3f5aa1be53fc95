// One life of a plugin: the opening, its handlers one after the other, and the end. What a handler has finished is
// acknowledged before anything ends; what it has not finished never is.

import type { Clock } from './clock.js'
import type { Hello } from './hello.js'
import type { Item } from './item.js'
import type { Output } from './output.js'
import type { Peer, PeerHost } from './peer.js'
import type { PluginDefinition } from './plugin-definition.js'
import { LAST_BOUND_MINUTES, LastBound } from './last-bound.js'
import { ReadingClock } from './reading-clock.js'
import { RunningPlugin } from './running-plugin.js'
import { endOf, EXIT_STATUS } from './sdk-error.js'
import { Turns } from './turns.js'

/** So long is read on after SIGTERM, if nobody else gets what is not read: auditd says so and closes within milliseconds. */
const LAST_READING_MS = 2000
const UNENDED_INPUT =
  'stdin has not ended two seconds after SIGTERM: it is read no further, and what stands in it is lost'

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
  | { readonly kind: 'expecting' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'running'; readonly running: RunningPlugin }
  | { readonly kind: 'over' }

export class Session<Other extends Peer = Peer> {
  readonly #definition: PluginDefinition
  readonly #host: SessionHost
  readonly #stopping = new AbortController()
  readonly #turns: Turns
  readonly #clock: ReadingClock
  readonly #lastBound: LastBound
  readonly peer: Other
  #state: State = { kind: 'expecting' }
  #isPaused = false
  #hasInputEnded = false
  #cancelLastReading: (() => void) | undefined

  constructor(definition: PluginDefinition, host: SessionHost, peerOf: (host: PeerHost) => Other) {
    this.#definition = definition
    this.#host = host
    this.#clock = new ReadingClock(host.clock)
    this.#lastBound = new LastBound(host.clock, (waitedFor) => {
      this.#stuck(waitedFor)
    })
    this.peer = peerOf(this.#peerHost())
    this.#turns = new Turns(this.peer.waiting, {
      give: (item, bytes) => this.#give(item, bytes),
      done: (item) => {
        this.#done(item)
      },
      failed: (error) => {
        this.#fail(error)
      },
    })
  }

  /** The next bytes of the input; the caller may reuse them. */
  push(chunk: Buffer): void {
    if (this.#state.kind === 'over') return
    try {
      this.peer.push(chunk)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#work()
  }

  /** The input has ended: no answers will come any more, and what has come is worked off. */
  inputEnded(): void {
    if (this.#hasInputEnded) return
    this.#hasInputEnded = true
    this.#lastBound.begin()
    this.#cancelLastReading?.()
    this.#stopping.abort()
    this.peer.inputEnded()
    if (this.#state.kind === 'expecting') void this.#close(EXIT_STATUS.done)
    this.#add({ kind: 'stop', leavesOpen: false })
  }

  /** The item in hand is finished. What waits is left to the next process, or finished too if that would not get it. */
  terminate(): void {
    if (this.#state.kind === 'over') return
    this.#lastBound.begin()
    if (this.#state.kind !== 'expecting' && !this.peer.sendsAgain) {
      this.#stopping.abort()
      if (this.#hasInputEnded) return
      this.#cancelLastReading ??= this.#host.clock.after(LAST_READING_MS, () => {
        this.#complain(UNENDED_INPUT)
        this.inputEnded()
      })
    } else if (this.#state.kind === 'running') {
      this.#stopping.abort()
      this.#turns.leaveOnly({ kind: 'stop', leavesOpen: true })
      this.#work()
    } else {
      void this.#close(EXIT_STATUS.done)
    }
  }

  /** A person ends it: as SIGTERM does, but nothing more is to be waited for. */
  interrupt(): void {
    if (this.#state.kind === 'expecting' || this.peer.sendsAgain) this.terminate()
    else this.inputEnded()
  }

  /** Somebody wants the configuration read again. */
  reload(): void {
    if (this.#state.kind !== 'over') this.#add({ kind: 'reload' })
  }

  /** Nobody reads what the plugin says. */
  outputGone(): void {
    if (this.peer.outputGone()) void this.#close(EXIT_STATUS.done)
  }

  #add(item: Item): void {
    this.peer.waiting.add(item)
    this.#work()
  }

  #work(): void {
    if (this.#state.kind === 'running') this.#turns.run()
    this.#regulate()
  }

  #regulate(): void {
    if (this.#state.kind === 'over') return
    const isFull = this.peer.waiting.aheadBytes > this.peer.mostAheadBytes
    if (isFull === this.#isPaused) return
    this.#isPaused = isFull
    if (isFull) {
      this.#host.pauseInput()
      this.#clock.hold()
    } else {
      this.#host.resumeInput()
      this.#clock.release()
      if (this.#state.kind === 'running') this.#state.running.goOn()
    }
  }

  #peerHost(): PeerHost {
    return {
      met: (hello) => {
        if (this.#state.kind !== 'expecting') return
        this.#state = { kind: 'opening' }
        void this.#open(hello)
      },
      ending: () => {
        this.#lastBound.begin()
      },
      regulate: () => {
        this.#regulate()
      },
      settled: (n) => {
        if (this.#state.kind === 'running') this.#state.running.settled(n)
      },
      refused: (refusal) => {
        if (this.#state.kind === 'running') this.#state.running.refused(refusal)
      },
      complain: (text) => {
        this.#complain(text)
      },
      // It matters to events alone: of records what has come at different times is one batch.
      nowMs: () => (this.#definition.events === undefined ? 0 : this.#clock.nowMs()),
    }
  }

  async #open(hello: Hello): Promise<void> {
    try {
      this.#lastBound.waitsFor('open()')
      await this.#definition.open?.(hello)
      this.#lastBound.waitsFor('from()')
      const from = this.peer.sendsAgain ? await this.#definition.from?.(hello) : undefined
      if (this.#state.kind !== 'opening') return
      // Whatever is wrong with the definition is found before anything is said.
      const running = this.#running(hello, from)
      this.peer.opened(from)
      this.#run(running)
    } catch (error) {
      this.#fail(error)
    }
  }

  #run(running: RunningPlugin): void {
    this.#state = { kind: 'running', running }
    running.begin()
    this.#work()
  }

  #running(hello: Hello, from: number | undefined): RunningPlugin {
    return new RunningPlugin(this.#definition, hello, from, this.peer.sender(hello), {
      peer: this.peer,
      clock: this.#clock,
      stopping: this.#stopping.signal,
      calls: (handler) => {
        this.#lastBound.waitsFor(handler)
      },
      expired: (atMs) => {
        this.#add({ kind: 'expire', atMs })
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

  #stuck(waitedFor: string): void {
    this.#complain(
      `${waitedFor} has not come back for ${LAST_BOUND_MINUTES} minutes, and this is the end: it is left, and what it had in hand is not done`,
    )
    if (this.#state.kind === 'over') this.#ended(EXIT_STATUS.bug)
    else void this.#close(EXIT_STATUS.bug)
  }

  async #close(status: number): Promise<void> {
    if (this.#state.kind === 'over') return
    if (this.#state.kind === 'running') this.#state.running.end()
    this.#state = { kind: 'over' }
    this.#cancelLastReading?.()
    this.peer.close()
    this.#stopping.abort()
    this.#turns.end()
    this.#lastBound.begin()
    this.#lastBound.waitsFor('who reads standard output')
    await this.#host.output.end()
    this.#ended(status)
  }

  #ended(status: number): void {
    this.#lastBound.close()
    this.#host.ended(status)
  }

  #complain(text: string): void {
    this.#host.complain(`${text}\n`)
  }
}
