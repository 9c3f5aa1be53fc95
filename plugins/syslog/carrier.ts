// One connection to one server, whatever it is made of.

import type { Entry } from './format.js'

/** How a connection ended, or why it never came about. */
export type CarrierEnd =
  /** The server has closed it after it was asked to: it has read everything. */
  | { readonly kind: 'proved' }
  /** It was asked to, and has not within its time. */
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'broken'; readonly why: string }

export interface Carrier {
  /** Sends entries in their order; false: no more before `drained`. */
  send(entries: readonly Entry[]): boolean
  /** Sends nothing more, and makes the server prove that it has read everything; `closed` follows. */
  confirm(): void
  /** Closes at once; no event follows. */
  destroy(): void
}

export interface CarrierEvents {
  /** Entries can be sent. `confirms`: by confirm() the server can prove what it has. `burst`: more at once would be careless. */
  opened(about: { readonly confirms: boolean; readonly burst: number }): void
  drained(): void
  /** The kernel has the next so many entries. */
  taken(count: number): void
  /** The server has the first so many of them. */
  proven(count: number): void
  /** So many are gone, and it is known. */
  lost(count: number, why: string): void
  /** Something worth a line, once. */
  told(text: string): void
  /** Once, and last of all. */
  closed(end: CarrierEnd): void
}
