// Brings the outbox to a server: one connection at a time, so that the order stays. A server that is away is tried for ever, with
// growing pauses; several are tried in their order. It is said once when they are gone and once when there is one again.

import type { Carrier, CarrierEnd } from './carrier.js'
import { placeText, type Place, type SyslogConfig } from './config.js'
import type { DeliveryState, DeliveryWorld } from './delivery-state.js'
import { Evidence } from './evidence.js'
import { every } from './every.js'
import type { News } from './news.js'
import type { Outbox } from './outbox.js'
import { retryMs } from './retry.js'
import type { Tally } from './tally.js'

/** One write takes at most this. */
const WRITE_BYTES = 64 * 1024
/** A connection that has lasted so long is no accident. */
const LASTING_MS = 2000
/** A server that resets the connection so often when it is asked to close it, without a success in between, never means to. */
const MAX_VAIN_CONFIRMS = 3
/** How often it is looked whether the first choice is there again, when another was reached. */
const RETURN_MS = 300_000

export class Delivery {
  readonly #world: DeliveryWorld
  readonly #outbox: Outbox
  readonly #tally: Tally
  readonly #news: News
  readonly #evidence: Evidence
  #config: SyslogConfig
  #state: DeliveryState = { kind: 'resting' }
  /** Which server, of those in order of preference. */
  #server = 0
  #attempt = 0
  #vainConfirms = 0
  /** The server of the connection that there is, or was last; `#server` may be another by now. */
  #connected = ''
  /** It does not close when it is asked to: it is not asked any more, and only what was sent last is kept. */
  #mute = ''
  #stopTimers: () => void = () => {}
  #ended: (() => void) | undefined

  constructor(world: DeliveryWorld, config: SyslogConfig, outbox: Outbox, tally: Tally, news: News) {
    this.#world = world
    this.#config = config
    this.#outbox = outbox
    this.#tally = tally
    this.#news = news
    this.#evidence = new Evidence(outbox, tally)
  }

  begin(): void {
    if (this.#state.kind === 'resting') this.#open()
  }

  /** More waits in the outbox. */
  pump(): void {
    const state = this.#state
    while (state === this.#state && state.kind === 'open' && !state.isFull && this.#outbox.waiting > 0) {
      this.#bound(state)
      if (state !== this.#state) return
      const entries = this.#outbox.take(WRITE_BYTES, state.burst)
      this.#tally.add('sentAgain', this.#outbox.repeatsOf(entries))
      state.isFull = !state.carrier.send(entries) || state.isFull
    }
    if (state === this.#state && state.kind === 'open') this.#bound(state)
    this.#lookWhetherDone()
  }

  /** Settings were read again: what is open is closed in order, and then they count. */
  use(config: SyslogConfig): void {
    this.#config = config
    this.#server = 0
    this.#attempt = 0
    this.#mute = ''
    switch (this.#state.kind) {
      case 'resting':
      case 'confirming':
        return
      case 'pausing':
        this.#state.stopWaiting()
        this.#open()
        return
      case 'opening':
        this.#state.carrier.destroy()
        this.#open()
        return
      case 'open':
        this.#confirm(this.#state.carrier)
        return
      default:
        this.#state satisfies never
    }
  }

  /** Sends what waits as far as that goes within the time, and closes. What is left stands in the outbox. */
  end(patienceMs: number): Promise<void> {
    if (this.#state.kind === 'resting') return Promise.resolve()
    return new Promise((done) => {
      const giveUp = this.#world.clock.after(patienceMs, () => {
        this.#rest()
      })
      this.#ended = () => {
        giveUp()
        done()
      }
      // Nobody is waited for who was not there before.
      if (this.#state.kind === 'pausing') this.#rest()
      else this.#lookWhetherDone()
    })
  }

  get #isMute(): boolean {
    return this.#mute === this.#connected
  }

  get #place(): Place {
    const { servers } = this.#config
    return servers[this.#server] ?? servers[0]
  }

  #open(): void {
    this.#connected = placeText(this.#place)
    // Events of a connection that is not this one any more cannot come: it was destroyed, or has said that it is closed.
    const carrier = this.#world.open(this.#place, {
      opened: ({ confirms, burst }) => {
        this.#opened(carrier, confirms, burst)
      },
      drained: () => {
        if (this.#state.kind === 'open') this.#state.isFull = false
        this.pump()
      },
      taken: (count) => {
        const seq = this.#outbox.kernelHas(count)
        if (seq > 0) this.#world.acknowledge(seq)
        this.#lookWhetherDone()
      },
      proven: (count) => {
        this.#outbox.prove(count)
        this.#well()
        this.#freed()
      },
      lost: (count, why) => {
        this.#news.lost(this.#connected, count, why)
      },
      told: (text) => {
        this.#news.way(this.#connected, text)
      },
      closed: (end) => {
        this.#closed(end)
      },
    })
    this.#state = { kind: 'opening', carrier }
  }

  #opened(carrier: Carrier, confirms: boolean, burst: number): void {
    this.#state = { kind: 'open', carrier, confirms, burst, isFull: false }
    const { clock } = this.#world
    const stopLasting = clock.after(LASTING_MS, () => {
      this.#evidence.confirm()
      this.#well()
      this.#freed()
    })
    const stopConfirming = every(clock, this.#config.confirmMs, () => {
      if (confirms && !this.#isMute && this.#evidence.missing > 0) this.#confirm(carrier)
    })
    const stopReturning = this.#server === 0 ? () => {} : this.#returnLater(carrier)
    this.#stopTimers = () => {
      stopLasting()
      stopConfirming()
      stopReturning()
    }
    this.pump()
  }

  #returnLater(carrier: Carrier): () => void {
    return this.#world.clock.after(RETURN_MS, () => {
      this.#server = 0
      this.#confirm(carrier)
    })
  }

  /** Only so much is kept that is unproven: a server that can is made to prove it, of others the last is kept. */
  #bound({ carrier, confirms }: Extract<DeliveryState, { kind: 'open' }>): void {
    const { confirmBytes, bufferBytes } = this.#config
    const most = Math.min(confirmBytes, bufferBytes / 4)
    if (this.#evidence.missingBytes < most) return
    if (confirms && !this.#isMute) {
      this.#confirm(carrier)
      return
    }
    this.#evidence.keep(most / 2, confirms)
    this.#freed()
  }

  #confirm(carrier: Carrier): void {
    this.#stopTimers()
    const confirms = this.#state.kind === 'open' && this.#state.confirms
    this.#state = { kind: 'confirming', carrier, confirms }
    carrier.confirm()
  }

  #closed(closed: CarrierEnd): void {
    this.#stopTimers()
    const was = this.#state.kind
    const isStuck = closed.kind === 'unanswered' && this.#outbox.takenUnproven < this.#outbox.unproven
    const end: CarrierEnd = isStuck ? { kind: 'broken', why: 'the server reads nothing any more' } : closed
    if (end.kind === 'broken' && was === 'confirming') this.#vainConfirms++
    const isVain = end.kind === 'unanswered' || this.#vainConfirms >= MAX_VAIN_CONFIRMS
    if (isVain) this.#noteMute()
    if (end.kind === 'proved' || isVain) {
      this.#allSent(end.kind === 'proved' && this.#state.kind === 'confirming' && this.#state.confirms)
      this.#afterConfirm()
      return
    }
    if (end.kind === 'broken') this.#broken(end.why, was)
  }

  #allSent(isProvisional: boolean): void {
    const seq = this.#outbox.kernelHas(this.#outbox.unproven)
    if (seq > 0) this.#world.acknowledge(seq)
    this.#evidence.provisional(this.#connected)
    if (!isProvisional) this.#evidence.confirm()
    this.#well()
    this.#freed()
  }

  #afterConfirm(): void {
    this.#vainConfirms = 0
    if (this.#ended !== undefined && this.#outbox.waiting === 0) {
      this.#evidence.confirm()
      this.#rest()
      return
    }
    this.#open()
  }

  #noteMute(): void {
    this.#tally.add('unconfirmed', this.#outbox.unproven)
    if (!this.#isMute) this.#news.mute(this.#connected, this.#outbox.unproven)
    this.#mute = this.#connected
  }

  #broken(why: string, was: DeliveryState['kind']): void {
    if (was !== 'opening' || this.#evidence.isAbout(this.#connected)) this.#evidence.takeBack(this.#config.resend)
    const hasOthers = this.#server + 1 < this.#config.servers.length
    if (was !== 'opening' || !hasOthers) this.#news.away(this.#connected, why, this.#outbox.waiting)
    this.#freed()
    if (this.#ended === undefined) this.#tryAgain()
    else this.#rest()
  }

  /** The next server at once; after the last of them a pause, and the first. */
  #tryAgain(): void {
    this.#server++
    if (this.#server < this.#config.servers.length) {
      this.#open()
      return
    }
    this.#server = 0
    const ms = retryMs(this.#config.retry, this.#attempt, this.#world.random.fraction())
    this.#attempt++
    const stopWaiting = this.#world.clock.after(ms, () => {
      this.#open()
    })
    this.#state = { kind: 'pausing', stopWaiting }
  }

  /** The server is there, and not only for a moment. */
  #well(): void {
    this.#attempt = 0
    this.#news.there(this.#connected, this.#outbox.waiting)
  }

  #freed(): void {
    this.#world.roomFreed()
    if (this.#outbox.waiting === 0) this.#news.nothingWaits()
  }

  #lookWhetherDone(): void {
    if (this.#ended === undefined || this.#outbox.waiting > 0) return
    if (this.#state.kind === 'open' && this.#outbox.takenUnproven === this.#outbox.unproven)
      this.#confirm(this.#state.carrier)
  }

  #rest(): void {
    this.#stopTimers()
    if (this.#state.kind === 'pausing') this.#state.stopWaiting()
    else if (this.#state.kind !== 'resting') this.#state.carrier.destroy()
    this.#state = { kind: 'resting' }
    this.#ended?.()
  }
}
