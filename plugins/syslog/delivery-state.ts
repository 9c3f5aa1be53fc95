import type { Clock, Random } from '../../src/remote/ports.js'
import type { Carrier, CarrierEvents } from './carrier.js'
import type { Place } from './config.js'

export interface DeliveryWorld {
  readonly clock: Clock
  readonly random: Random
  readonly open: (place: Place, events: CarrierEvents) => Carrier
  /** All up to this number are with the kernel. */
  readonly acknowledge: (seq: number) => void
  /** There may be room in the outbox again. */
  readonly roomFreed: () => void
}

/** Of the one connection that there is at a time, or of the pause before the next. */
export type DeliveryState =
  | { readonly kind: 'resting' }
  | { readonly kind: 'pausing'; readonly stopWaiting: () => void }
  | { readonly kind: 'opening'; readonly carrier: Carrier }
  | {
      readonly kind: 'open'
      readonly carrier: Carrier
      readonly confirms: boolean
      readonly burst: number
      isFull: boolean
    }
  | { readonly kind: 'confirming'; readonly carrier: Carrier; readonly confirms: boolean }
