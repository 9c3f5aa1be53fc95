import { FrameReader } from './frame-reader.js'
import type { Framing } from './framing.js'
import { LineReader } from './line-reader.js'
import { StreamOpening } from './opening.js'
import type { Opened } from './opening.js'
import { StreamReport } from './stream-report.js'
import type { StreamCounters, StreamSink } from './stream-trouble.js'

export type { StreamCounters, StreamSink, StreamTrouble } from './stream-trouble.js'

export type StreamKind = 'undecided' | 'exact' | 'padded' | 'text'

export interface StreamOptions {
  /** Reads the stream as this, whatever comes. */
  readonly force?: 'exact' | 'padded' | 'text'
  /** After how many bytes without a believable header to give up. */
  readonly maxGarbageBytes?: number
}

const MAX_GARBAGE_BYTES = 1024 * 1024

type State =
  | { readonly kind: 'opening'; readonly opening: StreamOpening }
  | { readonly kind: 'binary'; readonly frames: FrameReader }
  | { readonly kind: 'text'; readonly lines: LineReader }

/**
 * Reads what auditd writes, frames or text, in chunks of any size. What it hands to the sink depends on the bytes alone,
 * and it holds no more than one frame or line beside the chunk that is being pushed.
 */
export class StreamReader {
  readonly #sink: StreamSink
  readonly #report: StreamReport
  readonly #maxGarbageBytes: number
  #state: State

  constructor(sink: StreamSink, options: StreamOptions = {}) {
    this.#sink = sink
    this.#report = new StreamReport(sink)
    this.#maxGarbageBytes = options.maxGarbageBytes ?? MAX_GARBAGE_BYTES
    this.#state = this.#firstState(options.force)
  }

  get kind(): StreamKind {
    const state = this.#state
    switch (state.kind) {
      case 'opening':
        return 'undecided'
      case 'binary':
        return state.frames.framing
      case 'text':
        return 'text'
      default:
        return state satisfies never
    }
  }

  get counters(): Readonly<StreamCounters> {
    return this.#report.counters
  }

  /** How many unread bytes are held for the next push. */
  get heldBytes(): number {
    const state = this.#state
    switch (state.kind) {
      case 'opening':
        return state.opening.heldBytes
      case 'binary':
        return state.frames.heldBytes
      case 'text':
        return state.lines.heldBytes
      default:
        return state satisfies never
    }
  }

  /** Takes the next bytes; the caller may reuse them. 'gave-up' says that there are no records in them, nor in sight. */
  push(chunk: Buffer): 'ok' | 'gave-up' {
    this.#report.counters.bytes += chunk.length
    return this.#read(chunk)
  }

  /**
   * Before the end of a text: delivers a last line without its LF, if it looks like a record; whether there was one. It may be
   * cut short, so this is for whoever has nobody left to ask for the whole.
   */
  finishLine(): boolean {
    if (this.#state.kind === 'opening') this.#open(this.#state.opening.end())
    return this.#state.kind === 'text' && this.#state.lines.finishLine()
  }

  /** Takes the end of the stream: a record that is not whole is told, not delivered. */
  end(): void {
    const state = this.#state
    switch (state.kind) {
      case 'opening':
        this.#open(state.opening.end())
        return this.end()
      case 'binary':
        return state.frames.end()
      case 'text':
        return state.lines.end()
      default:
        return state satisfies never
    }
  }

  #read(chunk: Buffer): 'ok' | 'gave-up' {
    const state = this.#state
    switch (state.kind) {
      case 'opening':
        return this.#readOpening(state.opening, chunk)
      case 'binary':
        return state.frames.push(chunk)
      case 'text':
        state.lines.push(chunk)
        return 'ok'
      default:
        return state satisfies never
    }
  }

  #readOpening(opening: StreamOpening, chunk: Buffer): 'ok' | 'gave-up' {
    const opened = opening.push(chunk)
    return opened === undefined ? 'ok' : this.#open(opened)
  }

  #open({ opening, first, rest }: Opened): 'ok' | 'gave-up' {
    const skippedBytes = opening.kind === 'text' ? opening.skippedBytes : 0
    if (skippedBytes > 0) this.#report.partialLine(skippedBytes)
    this.#state = opening.kind === 'text' ? this.#text(skippedBytes) : this.#binary('undecided')
    this.#read(first.subarray(skippedBytes))
    return this.#read(rest)
  }

  #firstState(force: StreamOptions['force']): State {
    if (force === undefined) return { kind: 'opening', opening: new StreamOpening() }
    return force === 'text' ? this.#text(0) : this.#binary(force)
  }

  #binary(framing: Framing): State {
    return { kind: 'binary', frames: new FrameReader(this.#sink, this.#report, framing, this.#maxGarbageBytes) }
  }

  #text(offset: number): State {
    return { kind: 'text', lines: new LineReader(this.#sink, this.#report, offset) }
  }
}
