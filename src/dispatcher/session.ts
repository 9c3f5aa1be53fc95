// The rules of the line protocol for one process of a plugin, as a pure table: what it says, and what time it is, comes in;
// the next state and what is to be done come out. Records that it sends do not come here, but to the inlet.

import { harmlessText } from '../protocol/harmless-text.js'
import type { PluginLine, ReadyOptions } from '../protocol/line.js'
import { LINE_VERSION, readReadyOptions } from '../protocol/line.js'

/** So many violations in so much time are too many. */
const MAX_VIOLATIONS = 10
const VIOLATION_WINDOW_MS = 60_000
/** Of what a plugin wrote so much is shown to people. */
const SHOWN_CHARACTERS = 200

interface Ping {
  readonly n: number
  readonly sinceMs: number
}

export type Session =
  /** HELLO has been said and READY has not. */
  | { readonly kind: 'greeting'; readonly violationsMs: readonly number[] }
  | {
      readonly kind: 'open'
      readonly acks: boolean
      readonly violationsMs: readonly number[]
      /** When it said something last, or was not listened to. */
      readonly heardMs: number
      /** How many PINGs there have been, and the one that has not been answered. */
      readonly pings: number
      readonly ping: Ping | undefined
    }
  /** It has done what cannot be borne: whatever it still says counts for nothing. */
  | { readonly kind: 'over' }

export type SessionEvent =
  | { readonly kind: 'line'; readonly line: Exclude<PluginLine, { verb: 'RECORD' | 'COMMAND' }> }
  /** A line that it may not send now: a record or a command too early, a record from a plugin that sends none. */
  | { readonly kind: 'misplaced'; readonly why: string; readonly text: string }
  | { readonly kind: 'line-too-long'; readonly text: string }
  /** It said something that is handled elsewhere. */
  | { readonly kind: 'heard' }
  /** Time has passed. */
  | { readonly kind: 'watch' }
  /** It has not been listened to for so long. */
  | { readonly kind: 'stood-still'; readonly ms: number }

/** What there is around the session. */
export interface SessionFacts {
  readonly nowMs: number
  /** 0 is off. */
  readonly watchdogMs: number
  /** The last seq that this plugin has been sent in this run, and the last that is acknowledged. */
  readonly sentSeq: number
  readonly ackedSeq: number
  /** What HELLO said is sent next: a plugin that left and came back may know what its queue does not. */
  readonly nextSeq: number
}

export type Deed =
  | { readonly do: 'open'; readonly options: ReadyOptions }
  /** Everything up to `seq` is safe. */
  | { readonly do: 'free'; readonly seq: number }
  /** READY asked for what was freed long ago. */
  | { readonly do: 'tell-freed'; readonly from: number }
  | { readonly do: 'ping'; readonly n: number }
  | { readonly do: 'tell-violation'; readonly why: string; readonly text: string; readonly isAnswered: boolean }
  | { readonly do: 'fault'; readonly why: string }

export interface SessionStep {
  readonly session: Session
  readonly deeds: readonly Deed[]
}

type Open = Extract<Session, { kind: 'open' }>

export const NEW_SESSION: Session = { kind: 'greeting', violationsMs: [] }

export function nextSession(session: Session, event: SessionEvent, facts: SessionFacts): SessionStep {
  if (session.kind === 'over') return { session, deeds: [] }
  switch (event.kind) {
    case 'line':
      return takeLine(heard(session, facts), event.line, facts)
    case 'misplaced':
      return violation(heard(session, facts), event.why, event.text, facts)
    case 'line-too-long':
      return fault(`a line of more than 65536 bytes: ${event.text}`)
    case 'heard':
      return { session: heard(session, facts), deeds: [] }
    case 'watch':
      return session.kind === 'open' ? watch(session, facts) : { session, deeds: [] }
    case 'stood-still':
      return { session: session.kind === 'open' ? later(session, event.ms) : session, deeds: [] }
    default:
      return event satisfies never
  }
}

/** When the watchdog is to look next; undefined when it does not. */
export function nextWatchMs(session: Session, watchdogMs: number): number | undefined {
  if (session.kind !== 'open' || watchdogMs === 0) return undefined
  return (session.ping?.sinceMs ?? session.heardMs) + watchdogMs
}

function takeLine(
  session: Session,
  line: Extract<SessionEvent, { kind: 'line' }>['line'],
  facts: SessionFacts,
): SessionStep {
  switch (line.verb) {
    case '':
      return { session, deeds: [] }
    case 'wrong':
      return violation(session, line.why, line.text, facts)
    case 'READY':
      return ready(session, line.version, line.options, facts)
    case 'ACK':
      return ack(session, line.seq, facts)
    case 'PONG':
      return pong(session, line.n, facts)
    default:
      return line satisfies never
  }
}

function ready(session: Session, version: number, words: readonly string[], facts: SessionFacts): SessionStep {
  if (session.kind !== 'greeting') {
    const text = harmlessText(['READY', version, ...words].join(' '), SHOWN_CHARACTERS)
    return violation(session, 'READY a second time', text, facts)
  }
  if (version !== LINE_VERSION) return fault(`READY ${version}, a version that was not offered`)
  const options = readReadyOptions(words)
  if ('mistake' in options) return fault(`READY with ${harmlessText(options.mistake, SHOWN_CHARACTERS)}`)
  const { from } = options
  if (from !== undefined && from > Math.max(facts.sentSeq + 1, facts.nextSeq))
    return fault(`impossible ACK: READY from=${from}`)
  const open: Open = {
    kind: 'open',
    acks: options.ack,
    violationsMs: session.violationsMs,
    heardMs: facts.nowMs,
    pings: 0,
    ping: undefined,
  }
  const deeds: Deed[] = [{ do: 'open', options }]
  if (from !== undefined && from - 1 > facts.ackedSeq) deeds.unshift({ do: 'free', seq: from - 1 })
  if (from !== undefined && from - 1 < facts.ackedSeq) deeds.push({ do: 'tell-freed', from })
  return { session: open, deeds }
}

function ack(session: Session, seq: number, facts: SessionFacts): SessionStep {
  if (session.kind !== 'open') return violation(session, 'ACK before READY', `ACK ${seq}`, facts)
  if (!session.acks) return violation(session, 'ACK without READY ack', `ACK ${seq}`, facts)
  if (seq > facts.sentSeq) return fault(`impossible ACK ${seq}: nothing above ${facts.sentSeq} has been sent`)
  if (seq <= facts.ackedSeq) return violation(session, `ACK not above ${facts.ackedSeq}`, `ACK ${seq}`, facts)
  return { session, deeds: [{ do: 'free', seq }] }
}

function pong(session: Session, n: number, facts: SessionFacts): SessionStep {
  const isAsked = session.kind === 'open' && session.ping?.n === n
  if (!isAsked) return violation(session, 'PONG that nobody asked for', `PONG ${n}`, facts)
  return { session: { ...session, ping: undefined }, deeds: [] }
}

function watch(session: Open, facts: SessionFacts): SessionStep {
  const dueMs = nextWatchMs(session, facts.watchdogMs)
  if (dueMs === undefined || facts.nowMs < dueMs) return { session, deeds: [] }
  if (session.ping !== undefined) return fault(`no PONG within ${facts.watchdogMs / 1000} s`)
  const n = session.pings + 1
  return { session: { ...session, pings: n, ping: { n, sinceMs: facts.nowMs } }, deeds: [{ do: 'ping', n }] }
}

function later(session: Open, ms: number): Session {
  const { ping } = session
  return { ...session, heardMs: session.heardMs + ms, ping: ping && { ...ping, sinceMs: ping.sinceMs + ms } }
}

function heard(session: Session, { nowMs }: SessionFacts): Session {
  return session.kind === 'open' ? { ...session, heardMs: nowMs } : session
}

function violation(session: Session, why: string, text: string, { nowMs }: SessionFacts): SessionStep {
  if (session.kind === 'over') return { session, deeds: [] }
  const violationsMs = [...session.violationsMs.filter((ms) => nowMs - ms < VIOLATION_WINDOW_MS), nowMs]
  const told: Deed = { do: 'tell-violation', why, text, isAnswered: session.kind === 'open' }
  if (violationsMs.length < MAX_VIOLATIONS) return { session: { ...session, violationsMs }, deeds: [told] }
  const step = fault(`${MAX_VIOLATIONS} violations within a minute, the last: ${why}`)
  return { ...step, deeds: [told, ...step.deeds] }
}

function fault(why: string): SessionStep {
  return { session: { kind: 'over' }, deeds: [{ do: 'fault', why }] }
}
