// What an admin wants to know of each stream beside what the journal says, since this process began. Nothing is decided by it.

import type { Block } from '../../src/journal/block.js'
import { readGapNote } from '../../src/journal/notes.js'
import type { Clock, Peer } from '../../src/remote/ports.js'
import type { ReceiverAlarm } from '../../src/remote/receiver-input.js'
import { NO_TALLY, type Tally } from '../../src/remote/status.js'
import type { Hello } from '../../src/remote/wire/message.js'
import type { StreamName } from './intake.js'

/** Streams that are remembered; beyond that those go first that nothing was heard of for longest. */
const MAX_STREAMS = 10_000

export interface StreamConnection {
  readonly session: number
  readonly address: string
  readonly certificateEndMs: number | undefined
  /** Wall time. */
  readonly sinceMs: number
  /** The last seq that its sender said to have. */
  readonly last: number
}

export interface StreamLine {
  readonly connection: StreamConnection | undefined
  /** Wall time when the last one ended; undefined if none has. */
  readonly downMs: number | undefined
  readonly holes: Tally
  readonly losses: Tally
  readonly forks: number
  /** Why its connection was ended last. */
  readonly lastError: string
}

export const BLANK_LINE: StreamLine = {
  connection: undefined,
  downMs: undefined,
  holes: NO_TALLY,
  losses: NO_TALLY,
  forks: 0,
  lastError: '',
}

export class StreamLedger {
  readonly #lines = new Map<string, StreamLine>()
  /** The stream that each session has opened last. */
  readonly #streams = new Map<number, string>()
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #changed: () => void
  /** Sessions that have no number of their own count down. */
  #numberless = 0

  /** `changed` is called when somebody has come or gone. */
  constructor(clock: Pick<Clock, 'wallMs'>, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  line(of: StreamName): StreamLine {
    return this.#lines.get(keyOf(of)) ?? BLANK_LINE
  }

  /** A session has turned to a stream. */
  opened(session: number, peer: Peer, { stream, last }: Pick<Hello, 'stream' | 'last'>): void {
    this.left(session, '')
    const { principal, address, certificateEndMs } = peer
    const key = keyOf({ principal, stream })
    const connection = { session, address, certificateEndMs, sinceMs: this.#clock.wallMs(), last }
    this.#streams.set(session, key)
    this.#put(key, { ...this.#of(key), connection })
    this.#changed()
  }

  /** The same for a session of another protocol, until the result is called. */
  came(peer: Peer, stream: string): () => void {
    const session = --this.#numberless
    this.opened(session, peer, { stream, last: 0 })
    return () => {
      this.left(session, '')
    }
  }

  /** `error` is empty where there was none. */
  left(session: number, error: string): void {
    const key = this.#streams.get(session)
    if (key === undefined) return
    this.#streams.delete(session)
    const line = this.#of(key)
    const lastError = error === '' ? line.lastError : error
    const isLast = line.connection?.session === session
    this.#put(
      key,
      isLast ? { ...line, lastError, connection: undefined, downMs: this.#clock.wallMs() } : { ...line, lastError },
    )
    this.#changed()
  }

  /** A block of the stream was taken. */
  took(session: number, block: Block): void {
    const key = this.#streams.get(session)
    if (key === undefined || block.kind === 'data') return
    const line = this.#of(key)
    const records = block.isStated ? block.count : (readGapNote(block.note)?.lost ?? 0)
    if (block.kind === 'hole') this.#put(key, { ...line, holes: more(line.holes, records) })
    else this.#put(key, { ...line, losses: more(line.losses, records) })
  }

  /** What the core has found. */
  alarm(alarm: ReceiverAlarm): void {
    const key = keyOf(alarm)
    const line = this.#of(key)
    if (alarm.what === 'hole') this.#put(key, { ...line, holes: more(line.holes, alarm.to - alarm.from + 1) })
    if (alarm.what === 'fork') this.#put(key, { ...line, forks: line.forks + 1 })
  }

  #of(key: string): StreamLine {
    return this.#lines.get(key) ?? BLANK_LINE
  }

  #put(key: string, line: StreamLine): void {
    this.#lines.delete(key)
    this.#lines.set(key, line)
    const [oldest] = this.#lines.keys()
    if (this.#lines.size > MAX_STREAMS && oldest !== undefined) this.#lines.delete(oldest)
  }
}

function more({ entries, records }: Tally, added: number): Tally {
  return { entries: entries + 1, records: records + added }
}

function keyOf({ principal, stream }: StreamName): string {
  return stream + principal
}
