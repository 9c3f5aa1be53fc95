import { RMW, type RmwMessage } from './message.js'
import { receivedLine } from './received-line.js'
import { Doubt, type Mark, type Repeats } from './repeats.js'

/** Why a connection cannot go on. There is no answer that says so: closing is all that the protocol has. */
export type Breach =
  | { readonly kind: 'empty' }
  /** Nothing says what it means. auditd takes it for a record, and would acknowledge one that is none. */
  | { readonly kind: 'unknown-type'; readonly type: number }

/** What some messages come to. */
export interface Heard {
  /** Lines that are new, each with its LF, and what they are known again by. */
  readonly lines: readonly Buffer[]
  readonly marks: readonly Mark[]
  /** Sequence numbers to be acknowledged, in this order, once all lines up to here are durable. */
  readonly answers: readonly number[]
  /** Records that were taken before, and those that only look so, which are among the lines. */
  readonly repeated: number
  readonly likelyRepeated: number
  /** What follows is not heard any more. */
  readonly breach: Breach | undefined
}

/** One connection of a sender: what its messages mean. */
export class Hearing {
  readonly #doubt: Doubt
  readonly #digest: (line: Buffer) => string

  constructor(repeats: Repeats, digest: (line: Buffer) => string) {
    this.#doubt = new Doubt(repeats)
    this.#digest = digest
  }

  hear(messages: readonly RmwMessage[]): Heard {
    const heard = {
      lines: new Array<Buffer>(),
      marks: new Array<Mark>(),
      answers: new Array<number>(),
      repeated: 0,
      likelyRepeated: 0,
    }
    for (const { type, sequence, payload } of messages) {
      if (type !== RMW.message && type !== RMW.heartbeat) return { ...heard, breach: { kind: 'unknown-type', type } }
      if (type === RMW.message) {
        const line = receivedLine(payload)
        if (line === undefined) return { ...heard, breach: { kind: 'empty' } }
        const mark = { sequence, digest: this.#digest(line) }
        const repetition = this.#doubt.judge(mark)
        if (repetition === 'certain') heard.repeated++
        if (repetition === 'likely') heard.likelyRepeated++
        if (repetition !== 'certain') {
          heard.lines.push(line)
          heard.marks.push(mark)
        }
      }
      heard.answers.push(sequence)
    }
    return { ...heard, breach: undefined }
  }
}
