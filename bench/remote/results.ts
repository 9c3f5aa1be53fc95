import type { Machine } from '../machine.js'
import type { Options } from '../options.js'
import type { Spread } from '../statistics.js'
import type { Carrier } from './carrier.js'
import type { Delays } from './delays.js'
import type { FleetRun, UnderAttack } from './fleet.js'
import type { GroupCommit } from './group-commit.js'
import type { Outage } from './outage.js'

export interface Failed {
  readonly kind: 'failed'
  readonly reason: string
}

type Subject = Pick<Carrier, 'subject' | 'side' | 'promise'>

export interface RateRow extends Subject {
  readonly records: number
  readonly result: Rate | Failed
}

export interface Rate {
  readonly kind: 'rate'
  readonly perSecond: Spread
  /** A record, by program. */
  readonly cpuMicros: Readonly<Record<string, Spread>>
}

export interface DelayRow extends Subject {
  readonly result: ({ readonly kind: 'delays' } & Delays) | Failed
}

export interface FleetRow {
  readonly senders: number
  readonly recordsABlock: number
  readonly window: number
  readonly isTls: boolean
  readonly jitless: boolean
  readonly result: ({ readonly kind: 'run' } & FleetRun) | Failed
}

export interface OutageRow {
  readonly jitless: boolean
  readonly result: ({ readonly kind: 'outage' } & Outage) | Failed
}

/** Everything that was found about the remote pair. */
export interface RemoteResults {
  readonly machine: Machine
  readonly peers: readonly string[]
  readonly options: Options
  readonly commits: readonly GroupCommit[]
  readonly rates: readonly RateRow[]
  readonly delays: readonly DelayRow[]
  readonly fleets: readonly FleetRow[]
  readonly outages: readonly OutageRow[]
  readonly attack: ({ readonly kind: 'attack' } & UnderAttack) | Failed
}

export function rateOf({ rates }: RemoteResults, subject: string): Rate | undefined {
  const found = rates.find((row) => row.subject === subject)
  return found?.result.kind === 'rate' ? found.result : undefined
}
