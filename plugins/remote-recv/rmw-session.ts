// One connection of audisp-remote, or of whoever speaks auditd's protocol. Nothing is answered before it is durable. There is no answer
// that a full disk could be told by without losing records: a sender may let go of what was answered with DISKFULL. So the connection
// ends, and the sender keeps its records and comes again.

import { createHash } from 'node:crypto'
import { Hearing, type Heard } from '../../src/remote/rmw/hearing.js'
import { encodeRmw, RMW } from '../../src/remote/rmw/message.js'
import { RmwReader } from '../../src/remote/rmw/reader.js'
import type { Mark } from '../../src/remote/rmw/repeats.js'
import type { DiskState, Session, SessionHost, Speaker } from './intake.js'
import type { LimitedSession, RmwLimits } from './rmw-limits.js'
import { digestOf, nextBlock, type RmwSender, type RmwSenders } from './rmw-senders.js'

/** Lines and answers that one connection may have waiting for the disk; no more is read until there are fewer. */
const MAX_PENDING_BYTES = 256 * 1024
/** What an answer costs that waits: a heartbeat brings no line, and can come by the million while a disk hangs. */
const ANSWER_BYTES = 64
/** Lines of one block; a sender that waits for each answer makes blocks of one. */
const MAX_BLOCK_LINES_BYTES = 256 * 1024
/** A message that has begun is whole by then, and answers that were written are read. */
const FRAME_MS = 30_000
const LOOK_MS = 5000

export interface RmwOptions {
  /** A connection on which nothing comes for so long is ended; the next record opens another. */
  readonly idleMs: number
  /** Whether an identity may send these lines; whoever says no says why. */
  mayTake(principal: string, lines: Buffer): boolean
  readonly limits: Pick<RmwLimits, 'enter' | 'took' | 'isFull'>
}

/** `finishing`: nothing more is read, and what was taken is still answered. */
type State = 'open' | 'finishing' | 'over'

export function rmwSpeaker(senders: RmwSenders, options: RmwOptions): Speaker {
  return (host) => new RmwSession(host, senders.of(host.peer.principal), options)
}

class RmwSession implements Session, LimitedSession {
  readonly #host: SessionHost
  readonly #sender: RmwSender
  readonly #options: RmwOptions
  readonly #reader = new RmwReader()
  readonly #hearing: Hearing
  readonly #stopListening: () => void
  #cancelLook: () => void = () => {}
  #cancelRoom: () => void = () => {}
  #cancelHold: () => void = () => {}
  /** It counts no more. */
  #leave: () => void = () => {}
  #state: State = 'open'
  #heardMs: number
  /** When the message that is not whole has begun. */
  #partialSinceMs: number | undefined
  #pendingBytes = 0
  #pendingAnswers = 0
  #isPaused = false
  /** It has sent more than it may in the time. */
  #isHeld = false
  /** Since when the peer does not read its answers. */
  #cloggedSinceMs: number | undefined

  constructor(host: SessionHost, sender: RmwSender, options: RmwOptions) {
    this.#host = host
    this.#sender = sender
    this.#options = options
    this.#hearing = new Hearing(sender.repeats, (line) => digestOf(createHash('sha256').update(line).digest()))
    this.#heardMs = host.clock.monotonicMs()
    this.#stopListening = host.intake.onDisk((disk) => {
      this.#diskIs(disk)
    })
    this.#lookLater()
    this.#diskIs(host.intake.disk)
    this.#heedQuota()
    if (this.#isOpen()) this.#leave = options.limits.enter(host.peer, this)
    // Called while it was entering.
    if (!this.#isOpen()) this.#leave()
  }

  get heardMs(): number {
    return this.#heardMs
  }

  data(bytes: Buffer): void {
    if (this.#state !== 'open') return
    this.#heardMs = this.#host.clock.monotonicMs()
    const { messages, fault } = this.#reader.push(bytes)
    const heard = this.#hearing.hear(messages)
    if (!this.#take(heard)) return
    this.#answer(heard)
    this.#heedQuota()
    if (heard.breach?.kind === 'empty') this.#broken('a record without a byte')
    else if (heard.breach !== undefined) this.#broken(`a message of type 0x${heard.breach.type.toString(16)}`)
    else if (fault !== undefined) this.#broken(fault.message)
    if (this.#reader.heldBytes === 0) this.#partialSinceMs = undefined
    else if (messages.length > 0) this.#partialSinceMs = this.#heardMs
    else this.#partialSinceMs ??= this.#heardMs
    this.#regulate()
  }

  drained(): void {
    this.#cloggedSinceMs = undefined
    this.#regulate()
  }

  closed(): void {
    this.#over()
  }

  end(): void {
    if (this.#state === 'over') return
    this.#over()
    this.#host.link.write([encodeRmw(RMW.ending, 0)])
    this.#host.link.end()
  }

  surplus(why: string): void {
    const { principal, address } = this.#host.peer
    this.#host.log('warn', 'a sender has too many connections; one is closed', { principal, peer: address, why })
    this.end()
  }

  /** False: refused, and the connection is over. */
  #take(heard: Heard): boolean {
    this.#sender.repeated += heard.repeated
    this.#sender.likelyRepeated += heard.likelyRepeated
    const { principal } = this.#host.peer
    if (heard.repeated > 0)
      this.#host.log('debug', 'records came again and are there once', { records: heard.repeated })
    if (heard.likelyRepeated > 0)
      this.#host.log('info', 'a record may have come again, from a sender that was restarted; it is kept', {})
    for (const { lines, marks } of blocksOf(heard)) {
      const all = Buffer.concat(lines)
      const refusal = this.#options.mayTake(principal, all) ? this.#takeBlock(lines, marks, all) : 'node'
      if (refusal !== undefined) {
        this.#host.log('warn', 'records are refused; the connection is closed', { reason: refusal })
        this.#give()
        return false
      }
    }
    return true
  }

  #takeBlock(lines: readonly Buffer[], marks: readonly Mark[], all: Buffer): string | undefined {
    const { intake, clock, peer } = this.#host
    const { name, repeats } = this.#sender
    const last = marks.at(-1)
    if (last === undefined) return undefined
    const block = nextBlock(intake.taken(name), lines, last, clock.wallMs())
    const refusal = intake.take({ ...name, peer: peer.address }, block.head, all)
    // Remembered only now: what was not taken must be taken when it comes again.
    if (refusal !== undefined) return refusal
    repeats.remember(marks)
    this.#hold(this.#options.limits.took(name.principal, block.head.length + all.length, lines.length))
    return undefined
  }

  #hold(ms: number): void {
    if (ms === 0) return
    this.#isHeld = true
    this.#cancelHold()
    this.#cancelHold = this.#host.clock.after(ms, () => {
      this.#isHeld = false
      this.#regulate()
    })
  }

  /** For a principal that has as much in the journal as it may, the disk is full; what was taken is answered first. */
  #heedQuota(): void {
    const { principal, address } = this.#host.peer
    if (this.#state !== 'open' || !this.#options.limits.isFull(principal)) return
    const fields = { principal, peer: address }
    this.#host.log(
      'warn',
      'a sender has as much in the journal as it may (journal_bytes); its connection is closed',
      fields,
    )
    this.#host.intake.whenDurable(() => {
      this.end()
    })
  }

  /** In order, when all that came before is durable. */
  #answer({ lines, answers }: Heard): void {
    if (answers.length === 0) return
    const bytes = lines.reduce((sum, line) => sum + line.length, answers.length * ANSWER_BYTES)
    this.#pendingBytes += bytes
    this.#pendingAnswers += answers.length
    this.#host.intake.whenDurable(() => {
      this.#pendingBytes -= bytes
      this.#pendingAnswers -= answers.length
      if (this.#state === 'over') return
      const frames = answers.map((sequence) => encodeRmw(RMW.ack, sequence))
      if (!this.#host.link.write([Buffer.concat(frames)])) this.#cloggedSinceMs ??= this.#host.clock.monotonicMs()
      if (this.#state === 'finishing') this.#finish()
      else this.#regulate()
    })
  }

  /** Reads no more than there is room for. */
  #regulate(): void {
    if (this.#state !== 'open') return
    const { intake, link } = this.#host
    const isBusy = this.#pendingBytes > MAX_PENDING_BYTES || this.#cloggedSinceMs !== undefined
    const isFull = isBusy || this.#isHeld || !intake.hasRoom
    this.#cancelRoom()
    if (!intake.hasRoom) {
      this.#cancelRoom = intake.whenRoom(() => {
        this.#regulate()
      })
    }
    if (isFull === this.#isPaused) return
    this.#isPaused = isFull
    if (isFull) link.pause()
    else link.resume()
  }

  #broken(error: string): void {
    this.#host.strike(error)
    this.#state = 'finishing'
    this.#finish()
  }

  /** What was taken before is answered first. */
  #finish(): void {
    if (this.#pendingAnswers > 0) return
    this.#over()
    this.#host.link.end()
  }

  #give(): void {
    this.#over()
    this.#host.link.destroy()
  }

  #diskIs(disk: DiskState): void {
    if (this.#state === 'over' || disk === 'ok' || disk === 'low') return
    this.#host.log('info', 'the disk takes nothing; a sender is told that we end, and keeps its records', { disk })
    this.end()
  }

  #lookLater(): void {
    this.#cancelLook = this.#host.clock.after(LOOK_MS, () => {
      this.#look(this.#host.clock.monotonicMs())
    })
  }

  #look(nowMs: number): void {
    const { idleMs } = this.#options
    const isReading = this.#state === 'open' && !this.#isPaused
    if (isReading && this.#partialSinceMs !== undefined && nowMs - this.#partialSinceMs >= FRAME_MS) {
      this.#broken('a message that has begun does not come to its end')
    } else if (this.#cloggedSinceMs !== undefined && nowMs - this.#cloggedSinceMs >= FRAME_MS) {
      this.#give()
    } else if (isReading && this.#pendingAnswers === 0 && nowMs - this.#heardMs >= idleMs) {
      this.end()
    }
    if (this.#isOpen()) this.#lookLater()
  }

  #isOpen(): boolean {
    return this.#state !== 'over'
  }

  #over(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#stopListening()
    this.#cancelLook()
    this.#cancelRoom()
    this.#cancelHold()
    this.#leave()
  }
}

interface BlockLines {
  readonly lines: readonly Buffer[]
  readonly marks: readonly Mark[]
}

function blocksOf({ lines, marks }: Heard): BlockLines[] {
  const blocks: BlockLines[] = []
  let from = 0
  let bytes = 0
  for (const [index, line] of lines.entries()) {
    if (index > from && bytes + line.length > MAX_BLOCK_LINES_BYTES) {
      blocks.push({ lines: lines.slice(from, index), marks: marks.slice(from, index) })
      from = index
      bytes = 0
    }
    bytes += line.length
  }
  if (from < lines.length) blocks.push({ lines: lines.slice(from), marks: marks.slice(from) })
  return blocks
}
