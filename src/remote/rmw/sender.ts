// The rules by which records go to auditd, without a socket or a clock. auditd answers in order and each message by its number, so any
// answer settles all that was sent before it, except what was refused by name. That holds for heartbeats too: one behind a record that
// auditd swallows without an answer settles that record.
//
// A connection begins with a heartbeat, and records follow when it is answered. A stopped auditd goes on accepting connections, and
// would store whatever each of them had been given once it runs again.

import { encodeRmw, RMW, verdictOf, type RmwMessage } from './message.js'
import { Unsettled, type Outgoing } from './unsettled.js'

/** More than that is not held for one connection, whatever the window allows. */
export const MAX_HELD_BYTES = 4 * 1024 * 1024
/** What was refused is tried again after so long, doubled each time up to the longest. */
const REFUSED_RETRY_MS = 1000
const LONGEST_REFUSED_RETRY_MS = 60_000
const HEARTBEAT_SEQUENCE = 0

export interface SenderOptions {
  /** Records that may be unanswered. */
  readonly window: number
  /** So long may nothing go either way before a heartbeat asks; 0: for ever. */
  readonly heartbeatMs: number
  /** So long may an answer be waited for before the connection is given up. */
  readonly answerMs: number
  /** So long may a connection take to come about. */
  readonly connectMs: number
  /** The pause before the next try, doubled each time up to the longest, and shortened at random. */
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  /** So many tries in a row are a failure of the network. */
  readonly maxTries: number
}

/** What the admin may have chosen an action for; see remote-send's uplink. */
export type PeerSaying =
  | 'well'
  | 'disk-low'
  | 'disk-full'
  | 'disk-error'
  | 'remote-ending'
  | 'generic-error'
  | 'generic-warning'
  | 'startup-failure'
  | 'network-failure'

export type SenderInput =
  /** The last deadline is over. */
  | { readonly kind: 'time' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'messages'; readonly messages: readonly RmwMessage[] }
  /** The connection is gone, or never came about. */
  | { readonly kind: 'closed'; readonly why: string }
  /** At most as many as there is room for. */
  | { readonly kind: 'records'; readonly records: readonly Outgoing[] }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }

export type SenderEffect =
  | { readonly kind: 'connect' }
  /** At once; `closed` has to follow. */
  | { readonly kind: 'close'; readonly why: string }
  | { readonly kind: 'send'; readonly frames: readonly Uint8Array[] }
  /** The other side has stored all up to here, or it was never meant to have it. */
  | { readonly kind: 'settled'; readonly seq: number }
  | { readonly kind: 'says'; readonly what: PeerSaying; readonly text: string }

/** When, and a number from 0 up to 1 for the jitter. */
export interface Moment {
  readonly nowMs: number
  readonly fraction: number
}

type Connection =
  | { readonly kind: 'down'; readonly untilMs: number }
  | { readonly kind: 'connecting'; readonly untilMs: number }
  | { readonly kind: 'greeting'; readonly untilMs: number }
  | { readonly kind: 'up' }
  /** To be closed, which has not been told yet. */
  | { readonly kind: 'closing' }

/** What refusals make of the window. `pausing`: nothing is sent. `probing`: one record tries alone. */
type Disk =
  | { readonly kind: 'fine' }
  | { readonly kind: 'pausing'; readonly untilMs: number; readonly times: number }
  | { readonly kind: 'probing'; readonly times: number }

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
      this.#disk = { kind: 'probing', times: this.#disk.times }
      this.#unsettled.retryRefused()
    }
    if (this.#owedSinceMs === undefined) {
      if (nowMs >= this.#idleEndMs()) this.#sendHeartbeat(nowMs)
    } else if (nowMs >= this.#silenceEndMs(this.#owedSinceMs)) {
      if (this.#heartbeatBehind === undefined) this.#sendHeartbeat(nowMs)
      else this.#close('no answer')
    }
  }

  #idleEndMs(): number {
    const { heartbeatMs } = this.#options
    return heartbeatMs > 0 ? this.#quietSinceMs + heartbeatMs : Infinity
  }

  /** Half of the time is for records, the other half for the question what has become of them. */
  #silenceEndMs(owedSinceMs: number): number {
    const { answerMs } = this.#options
    return owedSinceMs + (this.#heartbeatBehind === undefined ? answerMs / 2 : answerMs)
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
    const isAnswer =
      message.sequence === HEARTBEAT_SEQUENCE ? this.#heartbeatHeard(verdict) : this.#settle(message, moment)
    if (!isAnswer) return this.#close(`an answer to message ${message.sequence} came, which was not asked for`)
    this.#quietSinceMs = moment.nowMs
    const isOwed = this.#unsettled.unanswered > 0 || this.#heartbeatBehind !== undefined
    this.#owedSinceMs = isOwed ? moment.nowMs : undefined
  }

  #heartbeatHeard(verdict: 'stored' | 'refused'): boolean {
    const behind = this.#heartbeatBehind
    if (behind === undefined || verdict === 'refused') return false
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
      if (!this.#unsettled.settle(sequence)) return false
      // One that was stored behind one that was not changes nothing: what was refused still has to try.
      if (this.#disk.kind === 'probing') this.#disk = { kind: 'fine' }
      this.#tries = 0
      if (type === RMW.ack && this.#disk.kind === 'fine') this.#say('well', '')
      if (type !== RMW.ack) this.#say(type === RMW.diskLow ? 'disk-low' : 'generic-warning', text)
      return true
    }
    if (!this.#unsettled.refuse(sequence)) return false
    if (this.#disk.kind !== 'pausing') {
      const times = this.#disk.kind === 'probing' ? this.#disk.times + 1 : 1
      const pauseMs = Math.min(LONGEST_REFUSED_RETRY_MS, REFUSED_RETRY_MS * 2 ** (times - 1)) * (0.5 + fraction / 2)
      this.#disk = { kind: 'pausing', untilMs: nowMs + pauseMs, times }
    }
    this.#say(type === RMW.diskFull ? 'disk-full' : type === RMW.diskError ? 'disk-error' : 'generic-error', text)
    return true
  }

  #closed(why: string, { nowMs, fraction }: Moment): void {
    if (this.#connection.kind === 'down') return
    this.#unsettled.forgetSent()
    this.#heartbeatBehind = undefined
    this.#owedSinceMs = undefined
    const { firstRetryMs, longestRetryMs } = this.#options
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#tries) * fraction
    this.#tries++
    this.#connection = { kind: 'down', untilMs: nowMs + waitMs }
    if (!this.#hasBeenUp) this.#say('startup-failure', why)
    else if (this.#tries > this.#options.maxTries) this.#say('network-failure', why)
  }

  #sendRecords(nowMs: number): void {
    if (this.#isSuspended || this.#disk.kind === 'pausing') return
    const frames = this.#unsettled.take(this.#disk.kind === 'probing' ? 1 : this.#options.window)
    if (frames.length > 0) this.#send(frames, nowMs)
  }

  #sendHeartbeat(nowMs: number): void {
    this.#heartbeatBehind = this.#unsettled.lastSent
    this.#send([encodeRmw(RMW.heartbeat, HEARTBEAT_SEQUENCE)], nowMs)
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
