// Connections in virtual time: late, slow, in pieces that nobody chose; reset, stalled, swallowed in one direction, and half-open when
// a machine has lost its power and cannot tell.

import type { Link, LinkEvents, Peer } from '../../src/remote/ports.js'
import type { Random } from '../protocol/random.js'
import type { VirtualTime } from './virtual-time.js'

/** The most that a sender's side holds before it asks to wait, and the most that one piece is. */
const HIGH_WATER_BYTES = 64 * 1024
const PIECE_BYTES = 16 * 1024

/** How the net is at the moment. */
export interface Weather {
  readonly latencyMs: number
  readonly bytesPerMs: number
  /** One of so many pieces costs the connection; 0: none. */
  readonly resetOneIn: number
}

export const FAIR: Weather = { latencyMs: 1, bytesPerMs: 10_000, resetOneIn: 0 }

/** Who listens: gives what it wants to hear of a connection, or refuses it. */
export type Listener = (link: Link, peer: Peer) => LinkEvents | undefined

export class VirtualNet {
  weather: Weather = FAIR
  /** Nobody reaches anybody. */
  isDown = false
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #listeners = new Map<string, Listener>()
  readonly #connections = new Set<Connection>()
  #port = 30_000

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  listen(host: string, listener: Listener): void {
    this.#listeners.set(host, listener)
  }

  deafen(host: string): void {
    this.#listeners.delete(host)
  }

  /** `principal` is who dials, as its certificate would say. */
  dial(from: string, principal: string, to: string, events: LinkEvents): Link {
    const port = ++this.#port
    const connection = new Connection(this.#time, this.#random, () => this.weather, from, to)
    this.#connections.add(connection)
    connection.onGone = () => this.#connections.delete(connection)
    connection.near.events = events
    this.#time.after(this.weather.latencyMs, () => {
      // A net that is down answers nothing; whoever dials gives up some time.
      if (this.isDown) this.#time.after(10_000, () => connection.fail('ETIMEDOUT'))
      else this.#accept(connection, { principal, address: `${from}:${port}`, certificateEndMs: undefined }, to)
    })
    return connection.near
  }

  /** A list of its own: what is done to them may end them. */
  get all(): readonly Connection[] {
    return [...this.#connections]
  }

  get open(): number {
    return this.#connections.size
  }

  #accept(connection: Connection, peer: Peer, to: string): void {
    const events = connection.isOver ? undefined : this.#listeners.get(to)?.(connection.far, peer)
    if (events === undefined) {
      connection.fail('ECONNREFUSED')
      return
    }
    connection.far.events = events
    connection.isUp = true
    connection.far.events.connected(peer)
    this.#time.after(this.weather.latencyMs, () => {
      connection.near.tell((told) => {
        told.connected({ principal: to, address: `${to}:6514`, certificateEndMs: undefined })
      })
    })
  }
}

export class Connection {
  readonly from: string
  readonly to: string
  readonly near: End
  readonly far: End
  isUp = false
  isOver = false
  onGone: () => void = () => undefined

  constructor(time: VirtualTime, random: Random, weather: () => Weather, from: string, to: string) {
    this.from = from
    this.to = to
    this.near = new End(time, random, weather, this)
    this.far = new End(time, random, weather, this)
    this.near.other = this.far
    this.far.other = this.near
  }

  /** Both ends are told, and what is on its way is gone. */
  reset(why = 'ECONNRESET'): void {
    this.near.close(why)
    this.far.close(why)
  }

  /** It never came about. */
  fail(why: string): void {
    if (!this.isUp) this.near.close(why)
  }

  /** The process or the machine at one end is no more. A machine without power tells nobody. */
  lose(host: string, isTold: boolean): void {
    const [gone, left] = this.from === host ? [this.near, this.far] : [this.far, this.near]
    gone.die()
    if (isTold) left.closeLater('ECONNRESET')
    else left.isAlone = true
  }

  closedEnd(): void {
    if (!this.near.isOver || !this.far.isOver) return
    this.isOver = true
    this.onGone()
  }
}

type Parcel = { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'end' }

export class End implements Link {
  events: LinkEvents | undefined
  other: End | undefined
  isOver = false
  /** Nobody is at the other end, and nobody has told so. */
  isAlone = false
  /** What is written here vanishes on the way. */
  isSwallowed = false
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #weather: () => Weather
  readonly #connection: Connection
  readonly #arrived: Parcel[] = []
  #isPaused = false
  #isHandling = false
  #lastArrivalMs = 0
  #heldBytes = 0
  #isFull = false

  constructor(time: VirtualTime, random: Random, weather: () => Weather, connection: Connection) {
    this.#time = time
    this.#random = random
    this.#weather = weather
    this.#connection = connection
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.isOver) return false
    // A copy: whoever writes may use the bytes again as soon as they are taken.
    const bytes = Buffer.concat(chunks)
    for (let at = 0; at < bytes.length;) {
      const size = 1 + this.#random.below(this.#random.below(4) === 0 ? 64 : PIECE_BYTES)
      this.#send({ kind: 'bytes', bytes: bytes.subarray(at, at + size) })
      at += size
    }
    this.#isFull = this.#heldBytes > HIGH_WATER_BYTES
    return !this.#isFull
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#handle()
  }

  end(): void {
    if (this.isOver) return
    this.#send({ kind: 'end' })
    this.#time.after(this.#lastArrivalMs - this.#time.nowMs, () => {
      this.close('')
    })
  }

  destroy(): void {
    if (this.isOver) return
    this.other?.closeLater('ECONNRESET')
    this.close('')
  }

  tell(what: (events: LinkEvents) => void): void {
    if (!this.isOver && this.events !== undefined) what(this.events)
  }

  /** Never in the middle of a call of its owner's. */
  close(why: string): void {
    if (this.isOver) return
    this.isOver = true
    const { events } = this
    this.#time.after(0, () => events?.closed(why))
    this.#connection.closedEnd()
  }

  closeLater(why: string): void {
    this.#time.after(this.#weather().latencyMs, () => {
      this.close(why)
    })
  }

  /** Its process is no more: it is not even told. */
  die(): void {
    this.events = undefined
    this.isOver = true
    this.#connection.closedEnd()
  }

  #send(parcel: Parcel): void {
    const { latencyMs, bytesPerMs, resetOneIn } = this.#weather()
    const size = parcel.kind === 'bytes' ? parcel.bytes.length : 0
    this.#heldBytes += size
    this.#lastArrivalMs =
      Math.max(this.#lastArrivalMs, this.#time.nowMs + latencyMs + this.#random.below(2)) + size / bytesPerMs
    if (resetOneIn > 0 && this.#random.below(resetOneIn) === 0) {
      this.#time.after(this.#lastArrivalMs - this.#time.nowMs, () => {
        this.#connection.reset()
      })
    }
    this.#time.after(this.#lastArrivalMs - this.#time.nowMs, () => {
      if (this.isOver && parcel.kind === 'bytes' && this.isAlone) return
      // Nobody acknowledges: what was written stays held, as in a kernel's buffer.
      if (this.isSwallowed || this.isAlone) return
      this.#heldBytes -= size
      this.other?.arrive(parcel)
      if (!this.#isFull || this.#heldBytes > HIGH_WATER_BYTES / 2) return
      this.#isFull = false
      this.tell((events) => {
        events.drained()
      })
    })
  }

  arrive(parcel: Parcel): void {
    if (this.isOver) return
    this.#arrived.push(parcel)
    this.#handle()
  }

  /** One after the other, and not from within a call of its owner's. */
  #handle(): void {
    if (this.#isHandling || this.#isPaused || this.#arrived.length === 0) return
    this.#isHandling = true
    this.#time.after(0, () => {
      this.#isHandling = false
      if (this.#isPaused || this.isOver) return
      const parcel = this.#arrived.shift()
      if (parcel?.kind === 'bytes') {
        this.tell((events) => {
          events.data(parcel.bytes)
        })
      } else if (parcel?.kind === 'end') this.close('ended')
      this.#handle()
    })
  }
}
