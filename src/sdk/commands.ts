// Commands on their way: each has a tag, and its answer finds it again, in whatever order answers come.

import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { deferred, unminded } from './deferred.js'
import type { Asking } from './peer.js'
import { CommandError, Stopped } from './sdk-error.js'

/** So many different refusals are told. */
const MOST_TOLD = 32
/** The dispatcher logs no more of a text. */
const MOST_TEXT_CHARACTERS = 1000

/** A command on its way, whatever its result is read as. */
interface Open {
  readonly name: string
  readonly resolve: (result: string) => void
  readonly reject: (error: Error) => void
}

export interface CommandsHost {
  say(line: string): void
  /** A text for people. */
  complain(text: string): void
}

export class Commands implements Asking {
  readonly #host: CommandsHost
  readonly #open = new Map<string, Open>()
  readonly #told = new Set<string>()
  #tags = 0
  #untold = 0
  #isOver = false
  #isClosed = false

  constructor(host: CommandsHost) {
    this.#host = host
  }

  /** How many have not been answered yet. */
  get open(): number {
    return this.#open.size
  }

  /**
   * Resolves with what `read` makes of the result, '' if there is none; rejects with a CommandError, or with Stopped. The
   * author gets this very promise, and may leave it alone: one made of it would be rejected with nobody to look at it.
   */
  ask<Result>(name: string, args: readonly (string | Buffer)[], read: (result: string) => Result): Promise<Result> {
    const command = deferred<Result>()
    const tag = this.#nextTag()
    const line = commandLine(tag, name, args)
    if (this.#isOver) {
      command.reject(new Stopped())
    } else if (line.length > LONGEST_LINE_BYTES) {
      // A line over the limit would be the end of this process.
      command.reject(this.#refusal(name, 'too-long', `the line has ${line.length} bytes`))
    } else {
      const resolve = (result: string): void => {
        try {
          command.resolve(read(result))
        } catch (error) {
          command.reject(new CommandError('failed', `${name}: its result cannot be read`, { cause: error }))
        }
      }
      this.#open.set(tag, { name, resolve, reject: command.reject })
      this.#host.say(line)
    }
    return unminded(command.promise)
  }

  /**
   * A text for the dispatcher's log. That there are too many of them is told on stderr, and no error; nor is it one that no
   * answer can come any more: a plugin can do nothing about it, and has records to see to.
   */
  async notify(level: string, text: string): Promise<void> {
    if (this.#isOver) {
      // The dispatcher reads what is said until the process ends, though it cannot answer any more.
      if (this.#isClosed) return
      this.#host.say(commandLine(this.#nextTag(), 'notify', [level, text.slice(0, MOST_TEXT_CHARACTERS)]))
      return
    }
    try {
      await this.ask('notify', [level, text], () => {})
    } catch (error) {
      if (error instanceof Stopped) return
      if (!(error instanceof CommandError && error.code === 'busy')) throw error
      this.#untold++
    }
  }

  /** False if nothing was asked under this tag. */
  answered(tag: string, result: string): boolean {
    this.#open.get(tag)?.resolve(result)
    return this.#open.delete(tag)
  }

  /** False if nothing was asked under this tag. */
  failed(tag: string, code: string, text: string): boolean {
    const open = this.#open.get(tag)
    open?.reject(this.#refusal(open.name, code, text))
    return this.#open.delete(tag)
  }

  /** No answer will come any more. */
  end(): void {
    this.#isOver = true
    for (const { reject } of this.#open.values()) reject(new Stopped())
    this.#open.clear()
  }

  /** Nothing can be said any more: tells what is still to be told. */
  close(): void {
    this.end()
    this.#isClosed = true
    if (this.#untold > 0) this.#host.complain(`notify: ${this.#untold} texts did not get into the dispatcher's log`)
    this.#untold = 0
  }

  #nextTag(): string {
    return `c${++this.#tags}`
  }

  /** Told once of its kind, as the author may have left the promise alone. */
  #refusal(name: string, code: string, text: string): CommandError {
    const kind = `${name} ${code}`
    if (!this.#told.has(kind) && this.#told.size < MOST_TOLD) {
      this.#told.add(kind)
      this.#host.complain(`${name}: ${code}: ${text}`)
    }
    return new CommandError(code, text)
  }
}

function commandLine(tag: string, name: string, args: readonly (string | Buffer)[]): string {
  return `COMMAND ${[tag, ...[name, ...args].map(encodedArgument)].join(' ')}\n`
}

/** Everything but visible ASCII, and `%` itself, as `%XX` for each byte of UTF-8. */
export function encodedArgument(argument: string | Buffer): string {
  const text = bytesOf(argument).toString('latin1')
  return text.replace(/[^!-$&-~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

function bytesOf(argument: string | Buffer): Buffer {
  return typeof argument === 'string' ? Buffer.from(argument) : argument
}
