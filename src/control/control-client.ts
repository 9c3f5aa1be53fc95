// The client's end of the control socket: one request after another, one line of JSON back for each; after `tap` or `logs follow`
// the connection carries what follows, and nothing else is asked on it. docs/protocol/control.md is the contract.

import { connect, type Socket } from 'node:net'
import { fields, number, oneOf, text, yesNo, type Shaped } from '../config/json-shape.js'
import { ControlError, OTHER_VERSION_MEND, REFUSALS } from './control-error.js'
import { PROTOCOL_VERSION } from './greeting.js'

const LF = 0x0a
const DEFAULT_TIMEOUT_MS = 10_000
/** An answer that is longer is none; more than the daemon ever sends. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const MAX_TEXT = 64 * 1024

const greeting = fields({ audispd: text(100), protocol: number, pid: number, access: oneOf(['all', 'status']) })
const refusal = fields({ code: oneOf(REFUSALS), message: text(MAX_TEXT), mend: text(MAX_TEXT) })
const verdict = fields({ ok: yesNo })

export type Greeting = Shaped<typeof greeting>

export interface ConnectOptions {
  /** For the greeting and for each answer; a reload may take longer than the rest. */
  readonly timeoutMs?: number
}

/** What comes behind the answer of a verb that goes on. */
export interface Streaming {
  readonly result: unknown
  /** As it comes; ends with the connection. Who does not read is sent nothing. */
  readonly chunks: AsyncIterable<Buffer>
}

/** Connects, and waits for the greeting. Rejects with ControlError. */
export async function connectControl(path: string, options: ConnectOptions = {}): Promise<ControlClient> {
  const socket = connect(path)
  const wire = new Wire(socket, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  try {
    const greeted = await wire.line()
    const said = greeting(greeted)
    if (said?.protocol === PROTOCOL_VERSION) return new ControlClient(said, wire)
    // What has no room for one more says so in place of its greeting.
    if (said !== undefined) throw strange(otherProtocol(said))
    throw refusedBy(greeted) ?? strange(`${path}: what answers there is no audispd that this program understands`)
  } catch (error) {
    wire.close()
    throw error
  }
}

export class ControlClient {
  readonly greeting: Greeting
  readonly #wire: Wire

  constructor(said: Greeting, wire: Wire) {
    this.greeting = said
    this.#wire = wire
  }

  /** Resolves with the result; rejects with ControlError. Several may be asked at a time; each gets its own answer. */
  async ask(words: readonly string[], timeoutMs?: number): Promise<unknown> {
    this.#wire.say(words)
    return resultOf(await this.#wire.line(timeoutMs))
  }

  /** For `tap` and `logs follow`: the connection is used up by it. */
  async stream(words: readonly string[]): Promise<Streaming> {
    const result = await this.ask(words)
    return { result, chunks: this.#wire.rest() }
  }

  close(): void {
    this.#wire.close()
  }
}

interface Waiter {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: ControlError) => void
}

/** The socket as lines of JSON, and then as what follows them. */
class Wire {
  readonly #socket: Socket
  readonly #timeoutMs: number
  readonly #waiters: Waiter[] = []
  #held: Buffer[] = []
  #heldBytes = 0
  #end: ControlError | undefined

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket
    this.#timeoutMs = timeoutMs
    socket.on('data', this.#take)
    socket.on('error', (error) => {
      this.#fail(asControlError(error))
    })
    socket.on('close', () => {
      this.#fail(new ControlError('closed', 'audispd has closed the connection', 'is it running? audispctl doctor'))
    })
  }

  say(words: readonly string[]): void {
    const line = words.join(' ')
    if (/[\n\r]/.test(line)) throw new ControlError('usage', 'a request is one line', 'leave out the line break')
    this.#socket.write(`${line}\n`)
  }

  /** The next line. */
  line(timeoutMs = this.#timeoutMs): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end)
      const timer = setTimeout(() => {
        const message = `audispd has not answered for ${timeoutMs / 1000} s`
        this.#fail(
          new ControlError('timeout', message, 'try again; then look at its log, and at the load of the machine'),
        )
        this.close()
      }, timeoutMs)
      this.#waiters.push({
        resolve: (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#lines()
      this.#socket.resume()
    })
  }

  /** Everything behind the lines read so far. */
  async *rest(): AsyncGenerator<Buffer> {
    this.#socket.off('data', this.#take)
    this.#socket.pause()
    const held = this.#held
    this.#held = []
    yield* held
    try {
      for await (const chunk of this.#socket) if (Buffer.isBuffer(chunk)) yield chunk
    } catch (error) {
      // close() while it is read, or the daemon was killed: it is over either way.
      if (!this.#socket.destroyed) throw error
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  readonly #take = (chunk: Buffer): void => {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (chunk.includes(LF)) this.#lines()
    if (this.#heldBytes > MAX_ANSWER_BYTES && this.#waiters.length > 0) {
      this.#fail(strange(`an answer of more than ${MAX_ANSWER_BYTES} bytes`))
      this.close()
    }
  }

  #lines(): void {
    let bytes = Buffer.concat(this.#held)
    // What nobody waits for stays: it follows an answer.
    for (let lf = bytes.indexOf(LF); lf !== -1 && this.#waiters.length > 0; lf = bytes.indexOf(LF)) {
      const line = bytes.toString('utf8', 0, lf)
      bytes = bytes.subarray(lf + 1)
      const waiter = this.#waiters.shift()
      try {
        waiter?.resolve(JSON.parse(line))
      } catch (error) {
        waiter?.reject(strange(error instanceof Error ? error.message : String(error)))
      }
    }
    this.#held = bytes.length > 0 ? [bytes] : []
    this.#heldBytes = bytes.length
    // Whoever streams has to say so before more is read.
    if (this.#waiters.length === 0) this.#socket.pause()
  }

  #fail(error: ControlError): void {
    this.#end ??= error
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#end)
  }
}

/** The result, or what was answered in its place. */
function resultOf(answer: unknown): unknown {
  const isOk = verdict(answer)?.ok === true
  if (isOk && typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result
  throw refusedBy(answer) ?? strange('an answer that is neither a result nor a refusal')
}

function refusedBy(answer: unknown): ControlError | undefined {
  const refused = refusal(answer)
  return refused && new ControlError(refused.code, refused.message, refused.mend)
}

function otherProtocol({ audispd, protocol }: Greeting): string {
  const age = protocol < PROTOCOL_VERSION ? 'an older' : 'a newer'
  return `audispd ${audispd} runs, and speaks ${age} protocol: ${protocol}, not ${PROTOCOL_VERSION}`
}

function strange(message: string): ControlError {
  return new ControlError('bad-answer', message, OTHER_VERSION_MEND)
}

function asControlError(error: Error): ControlError {
  const code = 'code' in error ? error.code : ''
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
    // The path is longer than that of any socket. Older releases of Node cut it, and find nothing there.
    case 'EINVAL':
      return new ControlError(
        'not-running',
        `nobody answers there: ${error.message}`,
        'is it running? audispctl doctor',
        {
          cause: error,
        },
      )
    case 'EACCES':
    case 'EPERM':
      return new ControlError('not-permitted', error.message, 'be root, or a member of control_group', { cause: error })
    default:
      return new ControlError('closed', error.message, 'audispctl doctor', { cause: error })
  }
}
