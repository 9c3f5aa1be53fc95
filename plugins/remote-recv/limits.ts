import type { Verdict } from '../../src/remote/tls/allow-list.js'
import type { DefaultLimits } from './config.js'

/** What one principal may do, and as whom. */
export interface SenderLimits {
  /** 0 is no limit, as in the next two. */
  readonly bytesPerS: number
  readonly recordsPerS: number
  /** What may lie of it in the journal. */
  readonly journalBytes: number
  readonly maxConnections: number
  readonly weight: number
  /** By which its records may call their node. */
  readonly names: readonly string[]
}

export function limitsOf(verdict: Verdict & { readonly kind: 'allowed' }, defaults: DefaultLimits): SenderLimits {
  const { principal, aliases, bytesPerS, recordsPerS, journalBytes, weight } = verdict.sender
  return {
    bytesPerS: bytesPerS ?? defaults.bytesPerS,
    recordsPerS: recordsPerS ?? defaults.recordsPerS,
    journalBytes: journalBytes ?? defaults.journalBytes,
    maxConnections: defaults.maxConnections,
    weight,
    names: [principal, ...aliases],
  }
}
