// Lines to graphite, over one connection that is made again at the next interval when it is gone. What it does not take waits; beyond the
// bound the oldest lines go, as a newer one says more.

import { connect, type Socket } from 'node:net'
import type { Clock } from '../../src/remote/ports.js'
import type { GraphitePlace } from './config.js'

const CONNECT_MS = 10_000
/** A server that takes nothing for so long is given up, and connected to anew. */
const STUCK_MS = 60_000
/** Handed to the socket at a time. */
const PIECE_BYTES = 64 * 1024
const KEEP_ALIVE_MS = 60_000

type State =
  | { readonly kind: 'away' }
  | { readonly kind: 'connecting'; readonly socket: Socket; readonly callOff: () => void }
  | { readonly kind: 'ready'; readonly socket: Socket }
  | { readonly kind: 'full'; readonly socket: Socket; readonly sinceMs: number }
  | { readonly kind: 'closed' }

export interface GraphiteEvents {
  connected(): void
  /** So many lines were too many to wait. */
  dropped(lines: number): void
  /** A connection ended, or did not come about. */
  failed(why: string): void
}

export class Graphite {
  readonly #place: GraphitePlace
  readonly #maxBytes: number
  readonly #clock: Clock
  readonly #events: GraphiteEvents
  /** Each with its end. */
  readonly #waiting: string[] = []
  #waitingBytes = 0
  #state: State = { kind: 'away' }

  constructor(place: GraphitePlace, maxBytes: number, clock: Clock, events: GraphiteEvents) {
    this.#place = place
    this.#maxBytes = maxBytes
    this.#clock = clock
    this.#events = events
  }

  /** Takes lines, and looks after the connection. Called at each interval. */
  send(lines: readonly string[]): void {
    for (const line of lines) {
      this.#waiting.push(`${line}\n`)
      // Names are ASCII: a character is a byte.
      this.#waitingBytes += line.length + 1
    }
    this.#dropBeyond()
    const state = this.#state
    switch (state.kind) {
      case 'away':
        return this.#connect()
      case 'ready':
        return this.#flush(state.socket)
      case 'full':
        if (this.#clock.monotonicMs() - state.sinceMs >= STUCK_MS)
          state.socket.destroy(new Error(`it has taken nothing for ${STUCK_MS / 1000} s`))
        return
      case 'connecting':
      case 'closed':
        return
      default:
        state satisfies never
    }
  }

  /** What the server has been given still goes out. */
  close(): void {
    const state = this.#state
    this.#state = { kind: 'closed' }
    if (state.kind === 'connecting') {
      state.callOff()
      state.socket.destroy()
    } else if (state.kind === 'ready' || state.kind === 'full') {
      state.socket.end()
    }
  }

  #connect(): void {
    const { host, port } = this.#place
    const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
    const callOff = this.#clock.after(CONNECT_MS, () => {
      socket.destroy(new Error(`no connection after ${CONNECT_MS / 1000} s`))
    })
    this.#state = { kind: 'connecting', socket, callOff }
    let why = 'it closed the connection'
    socket.on('connect', () => {
      callOff()
      if (this.#state.kind !== 'connecting') return
      this.#events.connected()
      this.#flush(socket)
    })
    socket.on('drain', () => {
      if (this.#state.kind === 'full') this.#flush(socket)
    })
    socket.on('error', (error) => {
      why = error.message
    })
    // It has nothing to say; what is not read would hide that it closes.
    socket.resume()
    socket.on('close', () => {
      callOff()
      if (this.#state.kind === 'closed') return
      this.#state = { kind: 'away' }
      this.#events.failed(why)
    })
  }

  #flush(socket: Socket): void {
    this.#state = { kind: 'ready', socket }
    while (this.#waiting.length > 0) {
      if (socket.write(this.#takePiece())) continue
      this.#state = { kind: 'full', socket, sinceMs: this.#clock.monotonicMs() }
      return
    }
  }

  #takePiece(): string {
    let count = 0
    let bytes = 0
    while (count < this.#waiting.length && bytes < PIECE_BYTES) bytes += this.#waiting[count++]?.length ?? 0
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count).join('')
  }

  #dropBeyond(): void {
    let count = 0
    while (this.#waitingBytes > this.#maxBytes) this.#waitingBytes -= this.#waiting[count++]?.length ?? 0
    if (count === 0) return
    this.#waiting.splice(0, count)
    this.#events.dropped(count)
  }
}

/** `path value time`, the time in whole seconds. */
export function graphiteLine(path: string, value: number, nowMs: number): string {
  return `${path} ${value} ${Math.floor(nowMs / 1000)}`
}
