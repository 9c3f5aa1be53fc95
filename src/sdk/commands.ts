// Commands on their way: each has a tag, and its answer finds it again, in whatever order answers come.

import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { deferred } from './deferred.js'
import { CommandError, Stopped } from './sdk-error.js'

/** A command on its way, whatever its result is read as. */
interface Open {
  readonly promise: Promise<unknown>
  readonly resolve: (result: string) => void
  readonly reject: (error: Error) => void
}

export class Commands {
  readonly #say: (line: string) => void
  readonly #open = new Map<string, Open>()
  #tags = 0
  #isOver = false

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  /** How many have not been answered yet. */
  get open(): number {
    return this.#open.size
  }

  /**
   * Resolves with what `read` makes of the result, '' if there is none; rejects with a CommandError, or with Stopped. The
   * author gets this very promise: one made of it would be rejected at the end with nobody to look at it.
   */
  ask<Result>(name: string, args: readonly (string | Buffer)[], read: (result: string) => Result): Promise<Result> {
    const command = deferred<Result>()
    const tag = `c${++this.#tags}`
    const line = `COMMAND ${[tag, ...[name, ...args].map(encodedArgument)].join(' ')}\n`
    if (this.#isOver) {
      command.reject(new Stopped())
    } else if (line.length > LONGEST_LINE_BYTES) {
      // A line over the limit would be the end of this process.
      command.reject(new CommandError('too-long', `${name}: the line has ${line.length} bytes`))
    } else {
      const resolve = (result: string): void => {
        try {
          command.resolve(read(result))
        } catch (error) {
          command.reject(new CommandError('failed', `${name}: its result cannot be read`, { cause: error }))
        }
      }
      this.#open.set(tag, { promise: command.promise, resolve, reject: command.reject })
      this.#say(line)
    }
    return command.promise
  }

  /** False if nothing was asked under this tag. */
  answered(tag: string, result: string): boolean {
    this.#open.get(tag)?.resolve(result)
    return this.#open.delete(tag)
  }

  /** False if nothing was asked under this tag. */
  failed(tag: string, code: string, text: string): boolean {
    this.#open.get(tag)?.reject(new CommandError(code, text))
    return this.#open.delete(tag)
  }

  /** No answer will come any more. */
  end(): void {
    this.#isOver = true
    for (const { promise, reject } of this.#open.values()) {
      // Whoever does not wait for the answer shall not die of its absence now.
      promise.catch(() => {})
      reject(new Stopped())
    }
    this.#open.clear()
  }
}

/** Everything but visible ASCII, and `%` itself, as `%XX` for each byte of UTF-8. */
export function encodedArgument(argument: string | Buffer): string {
  const text = bytesOf(argument).toString('latin1')
  return text.replace(/[^!-$&-~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

function bytesOf(argument: string | Buffer): Buffer {
  return typeof argument === 'string' ? Buffer.from(argument) : argument
}
