// What a plugin can do beside taking records: the object that is given to its handlers.

import type { Acknowledger } from './acknowledger.js'
import { unminded } from './deferred.js'
import type { Hello } from './hello.js'
import type { Asking, RecordSender } from './peer.js'

/** The dispatcher, as a plugin sees it. */
export class Plugin {
  readonly #acknowledger: Acknowledger
  readonly #commands: Asking
  readonly #sender: RecordSender
  /** What the dispatcher said at the opening. */
  readonly hello: Hello
  /** Aborted when the plugin is to end: for what `main` waits for. */
  readonly stopping: AbortSignal

  constructor(hello: Hello, stopping: AbortSignal, acknowledger: Acknowledger, commands: Asking, sender: RecordSender) {
    this.hello = hello
    this.stopping = stopping
    this.#acknowledger = acknowledger
    this.#commands = commands
    this.#sender = sender
  }

  /**
   * With `acknowledge: 'manual'`: all records and gaps up to and including seq are safe. Several calls in one turn of the
   * event loop are one ACK; a seq below an earlier one changes nothing. Throws a RangeError above what was handed over.
   */
  ack(seq: number): void {
    this.#acknowledger.ack(seq)
  }

  /**
   * Sends a record, `[node=… ]type=… msg=audit(…): …`, without a line end. Resolves with its number when it is on its way,
   * which takes until there is room in the window and in the pipe: a loop that awaits each of its sends is as fast as it
   * can be, and bounded. With `positions`, `n` is the number; without, or without `n`, it is the next one. Rejects with
   * a RefusedRecord (`too-long`), or with Stopped: after STOP only as many go out as there is room for in the window.
   */
  send(record: Buffer | string, n?: number): Promise<number> {
    return this.#sender.send(record, n)
  }

  /**
   * Sends many records at once: whole lines, each with its LF, numbered n, n + 1 and so on; only with `positions`. Resolves with the
   * last number when all of them are on their way, as `send` does, and until then the bytes must not be changed. A record that is too
   * long for a line is left out, and told to `refused`. Costs no promise a record.
   */
  sendLines(lines: Buffer, n: number): Promise<number> {
    return this.#sender.sendLines(lines, n)
  }

  /** Resolves when all records up to n, or all that are on their way, are settled. Rejects with Stopped. */
  settled(n: number = this.#sender.lastSent): Promise<void> {
    return this.#sender.settled(n)
  }

  /** How many records of ours are on their way and not settled. */
  get unsettled(): number {
    return this.#sender.unsettled
  }

  /**
   * Any command of the protocol. Arguments are encoded here. Resolves with the result, '' if there is none; rejects with a
   * CommandError, or with Stopped.
   */
  command(name: string, ...args: (string | Buffer)[]): Promise<string> {
    return this.#commands.ask(name, args, (result) => result)
  }

  /** From now on only records that the selector wants, such as `type=USER_*,LOGIN node=web1`. */
  subscribe(selector: string): Promise<void> {
    return this.#done('subscribe', ...selector.split(/\s+/).filter((word) => word !== ''))
  }

  /** Stops delivery to this plugin; its queue fills meanwhile. What is on its way still comes. */
  pause(): Promise<void> {
    return this.#done('pause')
  }

  /** Goes on after pause(). */
  resume(): Promise<void> {
    return this.#done('resume')
  }

  /** The counters of the dispatcher and of each plugin, or of the plugin of this name: what the JSON holds. */
  stats(name?: string): Promise<unknown> {
    return this.#commands.ask('stats', name === undefined ? [] : [name], (result): unknown => JSON.parse(result))
  }

  /**
   * A line in the dispatcher's log, under this plugin's name; at most 50 in 10 s. Resolves as well when there were too many,
   * which is told on stderr, and when the plugin ends before the answer.
   */
  notify(level: 'debug' | 'info' | 'warn' | 'error', text: string): Promise<void> {
    return unminded(this.#commands.notify(level, text))
  }

  /** Runs what the admin defined under this name, if the drop-in allows it. Resolves when it was run. */
  action(name: string, ...args: (string | Buffer)[]): Promise<string> {
    return this.command('action', name, ...args)
  }

  /** Reloads the dispatcher, if the drop-in allows it. */
  reload(): Promise<void> {
    return this.#done('reload')
  }

  #done(name: string, ...args: (string | Buffer)[]): Promise<void> {
    return this.#commands.ask(name, args, () => {})
  }
}
