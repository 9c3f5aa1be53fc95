// The sender's side of the protocol: from (state, input) to (state, effects), without a clock, a disk or a network of its own.
//
//     down -> connecting -> for each stream of the spool, oldest first: HELLO, WELCOME, compare, then DATA until it is all acknowledged
//                           -> at a difference: PROBE for the common prefix, fork, and from the beginning
//
// The safety of it rests on three rules. Only what is durable is sent. Only an ACK or a WELCOME whose chain is our own moves what may be
// freed. And when the chains differ nothing is passed over: what is not shown to be common goes again, under another stream id.

import type { SenderInput, SenderOptions, SenderView } from './sender-input.js'
import { onEnd, onOwnChain, onWelcome } from './sender-handshake.js'
import { openStream } from './sender-hello.js'
import { accuse, disconnect, disconnected, failed } from './sender-retry.js'
import { onBase, onProbed, onSamples } from './sender-search.js'
import { onAck, pump, sendBlocks, sendSkip } from './sender-stream.js'
import {
  after,
  DEFAULT_PING_MS,
  senderDeadline,
  silentMs,
  stepOf,
  type LinkState,
  type SenderState,
  type SenderStep,
  type UpPhase,
} from './sender-state.js'
import type { ControlMessage, PeerState } from './wire/message.js'

export { initialSender, senderDeadline, type SenderState, type SenderStep } from './sender-state.js'

/** A try that has come to nothing after so long is given up. */
const CONNECT_MS = 30_000

/** Never throws, whatever the input: what does not fit the state is passed by, and a peer that cannot be right is left. */
export function stepSender(
  state: SenderState,
  input: SenderInput,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const { phase } = state
  if (phase.kind === 'stopped') return stepOf(state)
  switch (input.kind) {
    case 'time':
      return onTime(state, view, options)
    case 'connected':
      return phase.kind === 'connecting' ? onConnected(state, view, options) : stepOf(state)
    case 'closed':
      return phase.kind === 'connecting' || phase.kind === 'up' ? disconnected(state, view, options) : stepOf(state)
    case 'message':
      return phase.kind === 'up' ? onMessage(state, phase, input.message, view, options) : stepOf(state)
    case 'chain': {
      if (phase.kind !== 'up') return stepOf(state)
      const answer = phase.step.kind === 'checking' ? onOwnChain : onBase
      return answer(state, phase, input.seq, input.chain, view, options)
    }
    case 'samples':
      return phase.kind === 'up'
        ? onSamples(state, phase, input.above, input.to, input.points, view, options)
        : stepOf(state)
    case 'blocks':
      return sendBlocks(state, input.blocks, view, options)
    case 'missing':
      return sendSkip(state, input, view, options)
    case 'forked':
      return phase.kind === 'forking' ? disconnected(state, view, options) : stepOf(state)
    case 'durable':
      return pump(state, view, options)
    case 'suspend':
      return stepOf({ ...state, isSuspended: true })
    case 'resume':
      return pump({ ...state, isSuspended: false }, view, options)
    case 'reconnect':
      return onReconnect(state, view)
    case 'stop':
      return onStop(state)
  }
  return input satisfies never
}

function onTime(state: SenderState, view: SenderView, options: SenderOptions): SenderStep {
  const { phase } = state
  if (view.nowMs < senderDeadline(state, view.spool)) return stepOf(state)
  switch (phase.kind) {
    case 'down': {
      const connecting = { kind: 'connecting', untilMs: view.nowMs + CONNECT_MS } as const
      return stepOf({ ...state, phase: connecting }, { kind: 'connect', server: state.server % options.servers })
    }
    case 'connecting':
      return disconnect(state, view, options, 'it takes too long to connect')
    case 'up': {
      const { link } = phase
      if (view.nowMs >= silentMs(link)) return disconnect(state, view, options, 'the receiver is silent')
      const pinged: SenderState = { ...state, phase: { ...phase, link: { ...link, isPinged: true } } }
      return stepOf(pinged, { kind: 'send', message: { type: 'ping', nonce: Math.floor(view.nowMs) } })
    }
    case 'forking':
    case 'stopped':
      return stepOf(state)
  }
  return phase satisfies never
}

function onConnected(state: SenderState, view: SenderView, options: SenderOptions): SenderStep {
  const link: LinkState = {
    heardMs: view.nowMs,
    isPinged: false,
    pingMs: DEFAULT_PING_MS,
    credit: 0,
    used: 0,
    settled: 0,
    agreed: undefined,
    hasState: false,
  }
  const [oldest] = view.spool.timelines
  if (oldest === undefined) return disconnect(state, view, options, 'the spool has no stream')
  return openStream(state, link, oldest.stream, view, options)
}

function onMessage(
  state: SenderState,
  before: UpPhase,
  message: ControlMessage,
  view: SenderView,
  options: SenderOptions,
): SenderStep {
  const phase: UpPhase = { ...before, link: { ...before.link, heardMs: view.nowMs, isPinged: false } }
  const heard: SenderState = { ...state, phase }
  switch (message.type) {
    case 'welcome':
      return onWelcome(heard, phase, message, view, options)
    case 'probed':
      return phase.step.kind === 'asking-end'
        ? onEnd(heard, phase, message.chains, view, options)
        : onProbed(heard, phase, message.chains, view, options)
    case 'ack':
      return withPeer(onAck(heard, phase, message, view, options), message.state)
    case 'status':
      return withPeer(stepOf(heard), message.state)
    case 'ping':
      return stepOf(heard, { kind: 'send', message: { type: 'pong', nonce: message.nonce } })
    case 'pong':
      // A receiver in trouble says so right behind its WELCOME, so this one is not, whatever the one before was.
      return phase.link.hasState || phase.link.agreed === undefined ? stepOf(heard) : withPeer(stepOf(heard), 'ok')
    case 'error':
      return failed(heard, phase.step.stream, message, view, options)
    case 'bye':
      return disconnect(heard, view, options, 'the receiver says goodbye')
    case 'hello':
    case 'probe':
    case 'start':
    case 'skip':
      return accuse(heard, view, options, `a ${message.type} is not for a sender`)
  }
  return message satisfies never
}

/** The receiver's state is told when it changes, and counts as long as nothing else is said. */
function withPeer({ state, effects }: SenderStep, peer: PeerState): SenderStep {
  const { phase } = state
  if (phase.kind !== 'up') return { state, effects }
  const next: SenderState = { ...state, peer, phase: { ...phase, link: { ...phase.link, hasState: true } } }
  return after(state.peer === peer ? [] : [{ kind: 'peer', state: peer }], { state: next, effects })
}

function onReconnect(state: SenderState, { nowMs }: SenderView): SenderStep {
  switch (state.phase.kind) {
    case 'up':
    case 'connecting':
    case 'down': {
      const down: SenderState = { ...state, attempt: 0, phase: { kind: 'down', untilMs: nowMs, idleUntilMs: nowMs } }
      return state.phase.kind === 'down' ? stepOf(down) : stepOf(down, { kind: 'close', why: 'it is made anew' })
    }
    case 'forking':
    case 'stopped':
      return stepOf(state)
  }
  return state.phase satisfies never
}

function onStop(state: SenderState): SenderStep {
  const stopped: SenderState = { ...state, phase: { kind: 'stopped' } }
  switch (state.phase.kind) {
    case 'up':
      return stepOf(
        stopped,
        { kind: 'send', message: { type: 'bye', reason: 'the sender is being stopped' } },
        { kind: 'close', why: 'the sender is being stopped' },
      )
    case 'connecting':
      return stepOf(stopped, { kind: 'close', why: 'the sender is being stopped' })
    case 'down':
    case 'forking':
    case 'stopped':
      return stepOf(stopped)
  }
  return state.phase satisfies never
}
