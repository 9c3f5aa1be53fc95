// A plugin after its opening: its handlers, what they are given, and what is acknowledged when they are done.

import { Acknowledger } from './acknowledger.js'
import { deferred } from './deferred.js'
import { EventFlow } from './event-flow.js'
import type { Hello } from './hello.js'
import type { Item } from './item.js'
import type { Peer, RecordSender } from './peer.js'
import type { PluginDefinition } from './plugin-definition.js'
import { Plugin } from './plugin.js'
import { acknowledgingOf } from './ready.js'
import type { ReadingClock } from './reading-clock.js'
import { RecordBatch } from './record-batch.js'
import { Stopped, type RefusedRecord } from './sdk-error.js'

/** What a running plugin needs of its session. */
export interface RunningHost {
  readonly peer: Pick<Peer, 'acknowledge' | 'commands'>
  readonly clock: ReadingClock
  readonly stopping: AbortSignal
  /** This handler is called now, and everything waits for it. */
  calls(handler: string): void
  /** An event has been open for too long. */
  expired(atMs: number): void
  /** A text for people. */
  complain(text: string): void
  /** A handler that runs beside the others has failed. */
  failed(error: unknown): void
}

/**
 * An open event holds its acknowledgement back, and a plugin acknowledges within a second; so its time is shorter than the two
 * seconds of auditd, though the kernel writes the records of an event within milliseconds.
 */
const OPEN_EVENT_MS = 800
/** So long is waited for `main` at the end: the dispatcher's patience, by `stop_timeout`, is five seconds. */
const MAIN_PATIENCE_MS = 2000

export class RunningPlugin {
  readonly #definition: PluginDefinition
  readonly #host: RunningHost
  readonly #acknowledger: Acknowledger
  readonly #flow: EventFlow | undefined
  #batch: RecordBatch | undefined
  #main: Promise<void> = Promise.resolve()
  readonly plugin: Plugin
  readonly #sender: RecordSender

  /** `from`: where the plugin goes on; below it all is safe. */
  constructor(
    definition: PluginDefinition,
    hello: Hello,
    from: number | undefined,
    sender: RecordSender,
    host: RunningHost,
  ) {
    const { peer, clock, stopping } = host
    this.#definition = definition
    this.#host = host
    this.#sender = sender
    const isToldGaps = definition.lost !== undefined
    this.#acknowledger = new Acknowledger(acknowledgingOf(definition), isToldGaps, from, (seq) => {
      peer.acknowledge(seq)
    })
    this.plugin = new Plugin(hello, stopping, this.#acknowledger, peer.commands, sender)
    if (definition.events === undefined) return
    this.#flow = new EventFlow({ timeoutMs: OPEN_EVENT_MS, ...definition.eventLimits }, clock, {
      give: (event) => {
        host.calls('events()')
        return promised(definition.events?.(event, this.plugin))
      },
      safe: (seq) => {
        this.#acknowledger.done(seq)
      },
      expired: (atMs) => {
        host.expired(atMs)
      },
    })
  }

  /** Begins what runs beside all other handlers. */
  begin(): void {
    this.#main = this.#runMain()
  }

  /** A promise only for a handler that takes its time. */
  give(item: Item, bytes: Buffer): Promise<void> | undefined {
    switch (item.kind) {
      case 'records':
        this.#acknowledger.records(item.last)
        this.#batch = new RecordBatch(bytes, item.start, item.end, item.count, item.last, item.layout)
        if (this.#flow !== undefined) return this.#flow.records(this.#batch, item.arrivedMs)
        this.#host.calls('records()')
        return promised(this.#definition.records?.(this.#batch, this.plugin))
      case 'lost':
        this.#acknowledger.gap(item.lost)
        this.#host.calls('lost()')
        return promised(this.#definition.lost?.(item.lost, this.plugin))
      case 'reload':
        return this.#reload()
      case 'expire':
        return this.#flow?.expire(item.atMs)
      case 'stop':
        return this.#stop(item.leavesOpen)
      default:
        item satisfies never
        return undefined
    }
  }

  done(item: Item): void {
    this.#batch?.retire()
    this.#batch = undefined
    if (this.#flow === undefined) this.#acknowledger.done()
    else if (item.kind === 'lost') this.#flow.pass(item.lost.last)
  }

  /** All records of ours up to n are settled. */
  settled(n: number): void {
    this.#beside(this.#definition.settled?.(n, this.plugin))
  }

  /** A record of ours is not taken. Throws it if nobody but the author can put that right. */
  refused(refusal: RefusedRecord): void {
    const { n, code, message } = refusal
    if (this.#definition.refused !== undefined) this.#beside(this.#definition.refused(refusal, this.plugin))
    // The record is not taken, and later ones may be.
    else if (code === 'busy') throw refusal
    else this.#host.complain(`record ${n} was refused: ${code} ${message}`)
  }

  /** It is read again. */
  goOn(): void {
    this.#flow?.goOn()
  }

  /** Nothing can be sent, settled or handed over any more. */
  end(): void {
    this.#sender.end()
    this.#flow?.end()
  }

  async #reload(): Promise<void> {
    this.#host.calls('reload()')
    await unlessStopped(this.#definition.reload?.(this.plugin))
  }

  async #stop(leavesOpen: boolean): Promise<void> {
    if (!leavesOpen) await this.#flow?.flush()
    await this.#mainEnded()
    this.#host.calls('stop()')
    await unlessStopped(this.#definition.stop?.(this.plugin))
  }

  async #runMain(): Promise<void> {
    try {
      await this.#definition.main?.(this.plugin)
    } catch (error) {
      // At the end, what main was waiting for cannot come any more.
      if (!this.#host.stopping.aborted) this.#host.failed(error)
    }
  }

  async #mainEnded(): Promise<void> {
    const over = deferred<void>()
    const cancel = this.#host.clock.after(MAIN_PATIENCE_MS, over.resolve)
    await Promise.race([this.#main, over.promise])
    cancel()
  }

  /** What nothing waits for fails the plugin all the same. */
  #beside(handling: void | Promise<void>): void {
    if (handling === undefined) return
    void unlessStopped(handling).catch((error: unknown) => {
      this.#host.failed(error)
    })
  }
}

/** For handlers that have no record in hand: without the answer that they wait for, everything else goes its way. */
async function unlessStopped(handling: void | Promise<void>): Promise<void> {
  try {
    await handling
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
  }
}

function promised(result: void | Promise<void>): Promise<void> | undefined {
  return result === undefined ? undefined : Promise.resolve(result)
}
