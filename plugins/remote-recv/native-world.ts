// What the server of native connections knows of the program around it.

import type { JournalStore } from '../../src/journal/journal-store.js'
import type { Clock } from '../../src/remote/ports.js'
import type { ReceiverAlarm } from '../../src/remote/receiver-input.js'
import type { JournalIntake } from './journal-intake.js'
import type { SenderLimits } from './limits.js'

export interface ServerOptions {
  readonly budgetBytes: number
  /** Of lines. */
  readonly maxBlockBytes: number
  readonly maxStreams: number
  readonly nodeCheck: 'off' | 'warn' | 'enforce'
}

/** Records of a principal claim another's node. */
export interface StrangeNode {
  readonly what: 'strange-node'
  readonly principal: string
  readonly node: string
  readonly isRefused: boolean
}

export interface ServerWorld {
  readonly intake: JournalIntake
  readonly store: JournalStore
  readonly clock: Clock
  /** Of whoever was let in. */
  limitsOf(principal: string): SenderLimits
  /** What an admin should know. */
  alarm(alarm: ReceiverAlarm | StrangeNode): void
}
