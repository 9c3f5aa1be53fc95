// Hands events to setroubleshootd, one after the other: each is a call of its method `avc` over the system's message bus, which
// starts setroubleshootd if it does not run. While it cannot be reached events wait and it is tried again, ever more seldom.
//
// An error that setroubleshootd itself gives is about the event: the event is left out. Every other error is about the way
// to it: the event stays. Where nobody knows, as when it died over an event or did not answer, the event is tried a few
// times only, so that an event that kills it cannot keep all others waiting.

import { deferred, type Deferred } from '../../src/sdk/deferred.js'
import { errorText } from '../../src/config/disk.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import type { Answer } from './bus-link.js'
import type { Method } from './bus-message.js'
import type { Waiting } from './waiting.js'

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** Of an event that was given and never answered. */
const MAX_TRIES = 3
/** At the end, for what still waits; not while setroubleshootd is away. */
const PATIENCE_MS = 2000
export const AVC: Method = {
  destination: 'org.fedoraproject.Setroubleshootd',
  path: '/org/fedoraproject/Setroubleshootd',
  iface: 'org.fedoraproject.SetroubleshootdIface',
  member: 'avc',
}
/** `avc` counts itself as a user of setroubleshootd, and forgets to take that back when it fails: it would never end then. */
const FINISH: Method = { ...AVC, member: 'finish' }
/** The names of errors that are about the way; what an exception in setroubleshootd becomes has another name. */
const ERROR_OF_THE_BUS = 'org.freedesktop.DBus.Error.'
const NO_REPLY = `${ERROR_OF_THE_BUS}NoReply`

/** The connection, as far as this needs it. */
export interface Link {
  readonly isClosed: boolean
  call(method: Method, argument: Buffer | undefined): Promise<Answer>
  close(): void
}

type Outcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'away'; readonly error: string; readonly isGiven: boolean }

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'working'; readonly over: Deferred<void> }
  | { readonly kind: 'away'; readonly droppedBefore: number; readonly pauseMs: number; readonly cancel: () => void }
  | { readonly kind: 'trying'; readonly droppedBefore: number; readonly pauseMs: number; readonly over: Deferred<void> }
  | { readonly kind: 'stopped' }

export interface DeliveryState {
  readonly given: number
  readonly refused: number
  readonly waiting: number
  readonly dropped: number
  readonly doing: State['kind']
}

export class Delivery {
  readonly #waiting: Waiting
  readonly #open: () => Promise<Link>
  readonly #clock: Clock
  readonly #voice: Voice
  #state: State = { kind: 'idle' }
  #link: Link | undefined
  /** How often the first of those that wait was given and not answered. */
  #tries = 0
  #given = 0
  #refused = 0
  /** What had been dropped before it began to be dropped; undefined while there is room. */
  #droppingSince: number | undefined

  constructor(waiting: Waiting, open: () => Promise<Link>, clock: Clock, voice: Voice) {
    this.#waiting = waiting
    this.#open = open
    this.#clock = clock
    this.#voice = voice
  }

  /** Never waits: without room the event is dropped. */
  add(text: Buffer): void {
    const before = this.#waiting.dropped
    if (!this.#waiting.add(text) && this.#droppingSince === undefined) {
      this.#droppingSince = before
      const fields = { waiting: this.#waiting.events }
      this.#voice.log('warn', 'too many events wait for setroubleshootd: the newest are dropped', fields)
    }
    if (this.#state.kind === 'idle') this.#begin({ kind: 'working', over: deferred() })
  }

  state(): DeliveryState {
    const { events, dropped } = this.#waiting
    return { given: this.#given, refused: this.#refused, waiting: events, dropped, doing: this.#state.kind }
  }

  /** Gives what waits, if somebody takes it, and then no more. */
  async stop(): Promise<void> {
    const state = this.#state
    if (state.kind === 'working') {
      const patience = deferred<void>()
      const cancel = this.#clock.after(PATIENCE_MS, patience.resolve)
      await Promise.race([state.over.promise, patience.promise])
      cancel()
    }
    if (this.#state.kind === 'away') this.#state.cancel()
    this.#state = { kind: 'stopped' }
    this.#link?.close()
    const { events } = this.#waiting
    if (events > 0) this.#voice.log('warn', 'ended with events that setroubleshootd has not got', { events })
  }

  #begin(state: Extract<State, { over: Deferred<void> }>): void {
    this.#state = state
    void this.#work().then(state.over.resolve)
  }

  async #work(): Promise<void> {
    for (let text = this.#waiting.first; text !== undefined; text = this.#waiting.first) {
      const outcome = await this.#give(text)
      const { kind } = this.#state
      if (kind === 'stopped' && outcome.kind === 'away') return
      this.#took(outcome)
      if (kind === 'stopped' || outcome.kind === 'away') return
    }
    this.#state = { kind: 'idle' }
  }

  async #give(text: Buffer): Promise<Outcome> {
    let link: Link
    try {
      if (this.#link?.isClosed !== false) this.#link = await this.#open()
      link = this.#link
    } catch (error) {
      return { kind: 'away', error: errorText(error), isGiven: false }
    }
    const answer = await link.call(AVC, text)
    switch (answer.kind) {
      case 'done':
        return { kind: 'taken' }
      case 'no-answer':
        return { kind: 'away', error: answer.text, isGiven: true }
      case 'error': {
        // Of an exception it sends the whole trace, in whose last line it says what is wrong.
        const error = `${answer.name}: ${answer.text.trimEnd().split('\n').at(-1)}`
        if (answer.name.startsWith(ERROR_OF_THE_BUS)) return { kind: 'away', error, isGiven: answer.name === NO_REPLY }
        await link.call(FINISH, undefined)
        return { kind: 'refused', error }
      }
      default:
        return answer satisfies never
    }
  }

  #took(outcome: Outcome): void {
    switch (outcome.kind) {
      case 'taken':
        this.#given++
        this.#next()
        return
      case 'refused':
        this.#refuse(outcome.error)
        this.#next()
        return
      case 'away':
        this.#goneAway(outcome.error, outcome.isGiven)
        return
      default:
        outcome satisfies never
    }
  }

  /** It is there: whatever was amiss is over. */
  #next(): void {
    this.#removeFirst()
    const state = this.#state
    if (state.kind !== 'trying') return
    const { events, dropped } = this.#waiting
    const fields = { waiting: events, dropped: dropped - state.droppedBefore }
    this.#voice.log('info', 'setroubleshootd takes events again', fields)
    this.#state = { kind: 'working', over: state.over }
  }

  #refuse(error: string): void {
    this.#refused++
    this.#voice.log('warn', 'setroubleshootd cannot make anything of an event, which is left out', { error })
  }

  #goneAway(error: string, isGiven: boolean): void {
    this.#link?.close()
    if (isGiven && ++this.#tries >= MAX_TRIES) {
      this.#refuse(error)
      this.#removeFirst()
    }
    const state = this.#state
    const isTrying = state.kind === 'trying'
    const pauseMs = isTrying ? Math.min(2 * state.pauseMs, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS
    // What was dropped in the moments before this was noticed counts too.
    const droppedBefore = isTrying ? state.droppedBefore : (this.#droppingSince ?? this.#waiting.dropped)
    if (!isTrying) {
      const fields = { error, waiting: this.#waiting.events }
      this.#voice.log('warn', 'setroubleshootd cannot be reached: events wait', fields)
    }
    const cancel = this.#clock.after(pauseMs, () => {
      this.#begin({ kind: 'trying', droppedBefore, pauseMs, over: deferred() })
    })
    this.#state = { kind: 'away', droppedBefore, pauseMs, cancel }
  }

  #removeFirst(): void {
    this.#tries = 0
    this.#waiting.removeFirst()
    if (this.#droppingSince === undefined || !this.#waiting.isHalfFree) return
    const dropped = this.#waiting.dropped - this.#droppingSince
    this.#droppingSince = undefined
    this.#voice.log('info', 'there is room for events again', { dropped })
  }
}
