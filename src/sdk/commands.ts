// Commands on their way: each has a tag, and its answer finds it again, in whatever order answers come.

import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { deferred, type Deferred } from './deferred.js'
import { CommandError, Stopped } from './sdk-error.js'

export class Commands {
  readonly #say: (line: string) => void
  readonly #open = new Map<string, Deferred<string>>()
  #tags = 0
  #isOver = false

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  /** How many have not been answered yet. */
  get open(): number {
    return this.#open.size
  }

  /** Resolves with the result, '' if there is none; rejects with a CommandError, or with Stopped. */
  ask(name: string, args: readonly (string | Buffer)[]): Promise<string> {
    const command = deferred<string>()
    const tag = `c${++this.#tags}`
    const line = `COMMAND ${[tag, ...[name, ...args].map(encodedArgument)].join(' ')}\n`
    if (this.#isOver) {
      command.reject(new Stopped())
    } else if (line.length > LONGEST_LINE_BYTES) {
      // A line over the limit would be the end of this process.
      command.reject(new CommandError('too-long', `${name}: the line has ${line.length} bytes`))
    } else {
      this.#open.set(tag, command)
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
