// The rules by which records go to auditd, without a socket or a clock. auditd answers in order and each message by its number, so any
// answer settles all that was sent before it, except what was refused by name. That holds for heartbeats too: one behind a record that
// auditd swallows without an answer settles that record.
//
// A full disk leaves the beginning of a record in auditd's log, without an end, and what is stored next would be glued to it. So a line
// without a byte tries first whether there is room again.
//
// A connection begins with a heartbeat, and records follow when it is answered. A stopped auditd goes on accepting connections, and
// would store whatever each of them had been given once it runs again.

import { encodeRmw, RMW, verdictOf, type RmwMessage } from './message.js'
import type { Moment, PeerSaying, SenderEffect, SenderInput, SenderOptions } from './sender-input.js'
import { Unsettled } from './unsettled.js'

/** More than that is not held for one connection, whatever the window allows. */
export const MAX_HELD_BYTES = 4 * 1024 * 1024
/** What was refused is tried again after so long, doubled each time up to the longest. */
const REFUSED_RETRY_MS = 1000
const LONGEST_REFUSED_RETRY_MS = 60_000
/** Of heartbeats, and of the line without a byte; only one of them is out at a time. */
const OWN_SEQUENCE = 0
const EMPTY_LINE = Buffer.from('\n')

type Connection =
  | { readonly kind: 'down'; readonly untilMs: number }
  | { readonly kind: 'connecting'; readonly untilMs: number }
  | { readonly kind: 'greeting'; readonly untilMs: number }
  | { readonly kind: 'up' }
  /** To be closed, which has not been told yet. */
  | { readonly kind: 'closing' }

/** `pausing`: nothing is sent after a refusal. `probing`: an empty line is to go, or has gone, alone. */
type Disk =
  | { readonly kind: 'fine' }
  | ({ readonly kind: 'pausing'; readonly untilMs: number } & Refusals)
  | ({ readonly kind: 'probing'; readonly isOut: boolean } & Refusals)

interface Refusals {
  /** Pauses in a row. */
  readonly times: number
  /** What is stored next is glued to the beginning of what was not. */
  readonly isRagged: boolean
}

export class RmwSender {
  readonly #options: SenderOptions
  readonly #unsettled = new Unsettled()
  #connection: Connection = { kind: 'down', untilMs: 0 }
  #isSuspended = false
  #hasBeenUp = false
  #said: PeerSaying | undefined
  /** Tries in a row that brought nothing. */
  #tries = 0
  #disk: Disk = { kind: 'fine' }
  /** A heartbeat is unanswered, and this is `lastSent` of when it went out. */
  #heartbeatBehind: number | undefined
  /** Since when an answer is owed and nothing was heard. */
  #owedSinceMs: number | undefined
  #quietSinceMs = 0
  #effects: SenderEffect[] = []

  constructor(options: SenderOptions) {
    this.#options = options
  }

  get state(): 'down' | 'opening' | 'up' | 'suspended' {
    const { kind } = this.#connection
    if (kind !== 'up') return kind === 'greeting' ? 'opening' : 'down'
    return this.#isSuspended ? 'suspended' : 'up'
  }

  /** Records on their way. */
  get unanswered(): number {
    return this.#unsettled.unanswered
  }

  /** How many more records it would hold. */
  get room(): number {
    return this.#unsettled.bytes < MAX_HELD_BYTES ? Math.max(0, this.#options.window - this.#unsettled.size) : 0
  }

  /** When `time` is to be told; Infinity: not before something else. */
  get deadlineMs(): number {
    const { kind } = this.#connection
    if (kind === 'closing') return Infinity
    if (kind !== 'up') return this.#connection.untilMs
    const askMs = this.#owedSinceMs === undefined ? this.#idleEndMs() : this.#silenceEndMs(this.#owedSinceMs)
    return this.#disk.kind === 'pausing' ? Math.min(askMs, this.#disk.untilMs) : askMs
  }

  on(input: SenderInput, moment: Moment): readonly SenderEffect[] {
    this.#effects = []
    this.#step(input, moment)
    if (this.#connection.kind === 'up') this.#sendRecords(moment.nowMs)
    const seq = this.#unsettled.release()
    if (seq !== undefined) this.#effects.push({ kind: 'settled', seq })
    return this.#effects
  }

  #step(input: SenderInput, moment: Moment): void {
    switch (input.kind) {
      case 'time':
        return this.#time(moment.nowMs)
      case 'connected':
        if (this.#connection.kind !== 'connecting') return
        this.#connection = { kind: 'greeting', untilMs: moment.nowMs + this.#options.answerMs }
        return this.#sendHeartbeat(moment.nowMs)
      case 'messages':
        for (const message of input.messages) this.#heard(message, moment)
        return
      case 'closed':
        return this.#closed(input.why, moment)
      case 'records':
        return this.#unsettled.add(input.records)
      case 'suspend':
        this.#isSuspended = true
        return
      case 'resume':
        this.#isSuspended = false
        return
    }
    input satisfies never
  }

  #time(nowMs: number): void {
    const { kind } = this.#connection
    if (kind === 'closing') return
    if (kind !== 'up') {
      if (nowMs < this.#connection.untilMs) return
      if (kind !== 'down') return this.#close(kind === 'greeting' ? 'no answer' : 'no connection in time')
      this.#connection = { kind: 'connecting', untilMs: nowMs + this.#options.connectMs }
      this.#effects.push({ kind: 'connect' })
      return
    }
    if (this.#disk.kind === 'pausing' && nowMs >= this.#disk.untilMs) {
      this.#disk = { ...this.#disk, kind: 'probing', isOut: false }
    }
    if (this.#owedSinceMs === undefined) {
      if (nowMs >= this.#idleEndMs()) this.#sendHeartbeat(nowMs)
    } else if (nowMs >= this.#silenceEndMs(this.#owedSinceMs)) {
      if (this.#isOwnOut()) this.#close('no answer')
      else this.#sendHeartbeat(nowMs)
    }
  }

  #idleEndMs(): number {
    const { heartbeatMs } = this.#options
    return heartbeatMs > 0 ? this.#quietSinceMs + heartbeatMs : Infinity
  }

  /** Half of the time is for records, the other half for the question what has become of them. */
  #silenceEndMs(owedSinceMs: number): number {
    const { answerMs } = this.#options
    return owedSinceMs + (this.#isOwnOut() ? answerMs : answerMs / 2)
  }

  #heard(message: RmwMessage, moment: Moment): void {
    const { kind } = this.#connection
    if (kind !== 'up' && kind !== 'greeting') return
    const verdict = verdictOf(message.type)
    if (verdict === 'unknown') return this.#close(`a message of type 0x${message.type.toString(16)} came`)
    if (verdict === 'ending') {
      this.#say('remote-ending', '')
      return this.#close('the other side stops')
    }
    const isAnswer = message.sequence === OWN_SEQUENCE ? this.#ownHeard(message, moment) : this.#settle(message, moment)
    if (!isAnswer) return this.#close(`an answer to message ${message.sequence} came, which was not asked for`)
    this.#quietSinceMs = moment.nowMs
    const isOwed = this.#unsettled.unanswered > 0 || this.#isOwnOut()
    this.#owedSinceMs = isOwed ? moment.nowMs : undefined
  }

  #isOwnOut(): boolean {
    return this.#heartbeatBehind !== undefined || (this.#disk.kind === 'probing' && this.#disk.isOut)
  }

  #ownHeard(message: RmwMessage, moment: Moment): boolean {
    const isStored = verdictOf(message.type) === 'stored'
    const behind = this.#heartbeatBehind
    if (behind === undefined) {
      if (this.#disk.kind !== 'probing' || !this.#disk.isOut) return false
      if (!isStored) return this.#refused(message, moment)
      this.#disk = { kind: 'fine' }
      this.#unsettled.retryRefused()
      return true
    }
    if (!isStored) return false
    this.#heartbeatBehind = undefined
    this.#unsettled.settleSent(behind)
    if (this.#connection.kind !== 'greeting') return true
    this.#connection = { kind: 'up' }
    this.#hasBeenUp = true
    if (this.#unsettled.size === 0) this.#tries = 0
    // The disk may be as full as before: of that a record will tell.
    if (this.#said !== 'disk-low' && this.#disk.kind === 'fine') this.#say('well', '')
    return true
  }

  /** False: nothing that is unanswered has this number. */
  #settle({ type, sequence, payload }: RmwMessage, { nowMs, fraction }: Moment): boolean {
    if (this.#connection.kind !== 'up') return false
    const text = payload.toString('latin1')
    if (verdictOf(type) === 'stored') {
      if (this.#disk.kind !== 'fine' && this.#disk.isRagged) {
        this.#disk = { ...this.#disk, isRagged: false }
        return this.#unsettled.refuse(sequence)
      }
      if (!this.#unsettled.settle(sequence)) return false
      this.#tries = 0
      if (type === RMW.ack && this.#disk.kind === 'fine') this.#say('well', '')
      if (type !== RMW.ack) this.#say(type === RMW.diskLow ? 'disk-low' : 'generic-warning', text)
      return true
    }
    return this.#unsettled.refuse(sequence) && this.#refused({ type, sequence, payload }, { nowMs, fraction })
  }

  #refused({ type, payload }: RmwMessage, { nowMs, fraction }: Moment): true {
    if (this.#disk.kind === 'pausing') this.#disk = { ...this.#disk, isRagged: true }
    else {
      const times = this.#disk.kind === 'probing' ? this.#disk.times + 1 : 1
      const pauseMs = Math.min(LONGEST_REFUSED_RETRY_MS, REFUSED_RETRY_MS * 2 ** (times - 1)) * (0.5 + fraction / 2)
      this.#disk = { kind: 'pausing', untilMs: nowMs + pauseMs, times, isRagged: true }
    }
    const what = type === RMW.diskFull ? 'disk-full' : type === RMW.diskError ? 'disk-error' : 'generic-error'
    this.#say(what, payload.toString('latin1'))
    return true
  }

  #closed(why: string, { nowMs, fraction }: Moment): void {
    if (this.#connection.kind === 'down') return
    this.#unsettled.forgetSent()
    this.#heartbeatBehind = undefined
    this.#owedSinceMs = undefined
    if (this.#disk.kind === 'probing') this.#disk = { ...this.#disk, isOut: false }
    const { firstRetryMs, longestRetryMs } = this.#options
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#tries) * fraction
    this.#tries++
    this.#connection = { kind: 'down', untilMs: nowMs + waitMs }
    if (!this.#hasBeenUp) this.#say('startup-failure', why)
    else if (this.#tries > this.#options.maxTries) this.#say('network-failure', why)
  }

  #sendRecords(nowMs: number): void {
    if (this.#isSuspended || this.#disk.kind === 'pausing') return
    if (this.#disk.kind === 'probing') {
      if (this.#isOwnOut() || this.#unsettled.unanswered > 0) return
      this.#disk = { ...this.#disk, isOut: true }
      return this.#send([encodeRmw(RMW.message, OWN_SEQUENCE, EMPTY_LINE)], nowMs)
    }
    const frames = this.#unsettled.take(this.#options.window)
    if (frames.length > 0) this.#send(frames, nowMs)
  }

  #sendHeartbeat(nowMs: number): void {
    this.#heartbeatBehind = this.#unsettled.lastSent
    this.#send([encodeRmw(RMW.heartbeat, OWN_SEQUENCE)], nowMs)
  }

  #send(frames: readonly Uint8Array[], nowMs: number): void {
    this.#effects.push({ kind: 'send', frames })
    this.#quietSinceMs = nowMs
    this.#owedSinceMs ??= nowMs
  }

  #close(why: string): void {
    this.#connection = { kind: 'closing' }
    this.#effects.push({ kind: 'close', why })
  }

  #say(what: PeerSaying, text: string): void {
    if (this.#said === what) return
    this.#said = what
    this.#effects.push({ kind: 'says', what, text })
  }
}
