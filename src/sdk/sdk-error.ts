// What goes wrong between a plugin and its dispatcher. Callers test the class and its code, not the text.

import type { ErrorCode } from '../protocol/line.js'

/** How a plugin ends, by its exit status. */
export const EXIT_STATUS = { done: 0, violation: 65, bug: 70, badConfiguration: 78 } as const

/** A command was answered with ERR, or is too long to be sent. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  /** `denied`, `unknown-command`, `bad-arguments`, `busy`, `failed`, `too-long`; a later dispatcher may know more. */
  readonly code: ErrorCode | (string & {})

  constructor(code: ErrorCode | (string & {}), message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A record that this plugin sent was not taken. */
export class RefusedRecord extends Error {
  override readonly name = 'RefusedRecord'
  /** `bad-record`: does not look like an audit record; `too-long`: never sent; `busy`: the dispatcher had no room. */
  readonly code: ErrorCode | (string & {})
  /** The record's number. */
  readonly n: number

  constructor(n: number, code: ErrorCode | (string & {}), message: string) {
    super(message)
    this.n = n
    this.code = code
  }
}

/** The plugin is ending: the command will not be answered, the record will not be settled in this process. */
export class Stopped extends Error {
  override readonly name = 'Stopped'

  constructor() {
    super('the plugin is ending')
  }
}

/**
 * To be thrown by a handler when the plugin's configuration is wrong: the process prints the message and exits with
 * status 78, which tells the dispatcher not to start it again until something has changed.
 */
export class BadConfiguration extends Error {
  override readonly name = 'BadConfiguration'
}

/** The dispatcher wrote what the line protocol does not allow; the process exits with status 65. */
export class DispatcherViolation extends Error {
  override readonly name = 'DispatcherViolation'
}

/** What auditd is said to have written holds no records; the process exits with status 65. */
export class UnreadableInput extends Error {
  override readonly name = 'UnreadableInput'
}

const LEFT_UNDONE =
  'the dispatcher has ended while a handler waited for it: what the handler had in hand is not done, and not acknowledged'

/** How a process ends that cannot go on for this error, and what it says. */
export function endOf(error: unknown): { readonly status: number; readonly text: string } {
  // What the handler had in hand is not acknowledged, so it is not done, and nobody shall think so.
  if (error instanceof Stopped) return { status: EXIT_STATUS.bug, text: LEFT_UNDONE }
  if (error instanceof BadConfiguration) return { status: EXIT_STATUS.badConfiguration, text: error.message }
  if (error instanceof UnreadableInput) return { status: EXIT_STATUS.violation, text: error.message }
  if (error instanceof DispatcherViolation) {
    return { status: EXIT_STATUS.violation, text: `the dispatcher broke the line protocol: ${error.message}` }
  }
  return {
    status: EXIT_STATUS.bug,
    text: error instanceof Error ? (error.stack ?? error.message) : `a handler threw ${String(error)}`,
  }
}
