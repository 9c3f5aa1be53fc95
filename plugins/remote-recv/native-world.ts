// What the server of native connections knows of the program around it.

import type { JournalStore } from '../../src/journal/journal-store.js'
import type { Clock } from '../../src/remote/ports.js'
import type { ReceiverAlarm } from '../../src/remote/receiver-input.js'
import type { Holdings } from './holdings.js'
import type { JournalIntake } from './journal-intake.js'
import type { SenderLimits } from './limits.js'
import type { NodeGuard } from './node-guard.js'
import type { Settings } from './settings.js'
import type { StreamLedger } from './stream-ledger.js'

export interface ServerOptions {
  readonly budgetBytes: number
  /** Of lines. */
  readonly maxBlockBytes: number
  readonly maxStreams: number
}

export function serverOptions({ config }: Pick<Settings, 'config'>): ServerOptions {
  const { receiveBudgetBytes, maxBlockBytes, limits } = config
  return { budgetBytes: receiveBudgetBytes, maxBlockBytes, maxStreams: limits.maxStreams }
}

export interface ServerWorld {
  readonly intake: JournalIntake
  readonly store: JournalStore
  readonly clock: Clock
  readonly ledger: StreamLedger
  readonly guard: NodeGuard
  readonly holdings: Holdings
  /** Of whoever was let in. */
  limitsOf(principal: string): SenderLimits
  /** What an admin should know. */
  alarm(alarm: ReceiverAlarm): void
  /** The journal cannot be read for a sender. */
  readonly unreadable: (text: string) => void
}

export interface NativeUse {
  readonly sessions: number
  /** What is granted, and what came and is not on disk. */
  readonly spentBytes: number
}
