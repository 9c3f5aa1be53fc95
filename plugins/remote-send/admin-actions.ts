// What is done beside keeping the record, when the other side, the network or the spool is in trouble. Which it is, the admin of this
// machine has chosen; nothing that a peer says chooses anything, and nothing here ever gives up a record.

import type { AdminAction } from './admin-action.js'
import type { AdminActions } from './config.js'
import type { Saying } from './uplink.js'

/** What an action can be chosen for. */
export type Trouble = Exclude<Saying, 'well'> | 'queue-error' | 'overflow'

/** `suspend`: until the admin says otherwise by a signal or a reload. `stop`: by a reload. */
export type Deed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'tell' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'stop' }
  /** Through the dispatcher, under the name that its configuration gives it. */
  | { readonly kind: 'run'; readonly name: string }

/** Troubles that have been told and are not over. */
export type Told = ReadonlySet<Trouble>

export const NOTHING_TOLD: Told = new Set()

/** Troubles of the other side are over when it takes records; those of the spool are of one episode anyway. */
export function wellAgain(told: Told): Told {
  return new Set([...told].filter((what) => what === 'queue-error' || what === 'overflow'))
}

export function deedFor(
  what: Trouble,
  actions: AdminActions,
  told: Told,
): { readonly told: Told; readonly deed: Deed } {
  const action = chosen(what, actions)
  const isFirst = !told.has(what)
  return { told: new Set([...told, what]), deed: deedOf(action, isFirst) }
}

function deedOf(action: AdminAction, isFirst: boolean): Deed {
  switch (action.kind) {
    case 'ignore':
    // Connecting again is what is done in any case.
    // falls through
    case 'reconnect':
      return { kind: 'nothing' }
    case 'syslog':
      return { kind: 'tell' }
    case 'warn_once':
    case 'warn_once_continue':
      return { kind: isFirst ? 'tell' : 'nothing' }
    case 'suspend':
    case 'stop':
      return { kind: action.kind }
    case 'single':
    case 'halt':
      return { kind: 'run', name: action.kind }
    case 'exec':
      return { kind: 'run', name: action.name }
  }
  return action satisfies never
}

function chosen(what: Trouble, actions: AdminActions): AdminAction {
  switch (what) {
    case 'startup-failure':
      return actions.startupFailure
    case 'network-failure':
      return actions.networkFailure
    case 'remote-ending':
      return actions.remoteEnding
    case 'disk-low':
      return actions.diskLow
    case 'disk-full':
      return actions.diskFull
    case 'disk-error':
      return actions.diskError
    case 'generic-error':
      return actions.genericError
    case 'generic-warning':
      return actions.genericWarning
    case 'queue-error':
      return actions.queueError
    case 'overflow':
      return actions.overflow
  }
  return what satisfies never
}
