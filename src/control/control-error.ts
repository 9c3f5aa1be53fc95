/** An upgrade does not restart auditd, and so the daemon that runs may be older than what asks it. */
export const OTHER_VERSION_MEND =
  'audispctl and the running audispd may be of different versions; to run the one that is installed: service auditd restart'

/** What the daemon answers in place of a result. */
export const REFUSALS = [
  /** This connection may not do that. */
  'denied',
  'usage',
  'unknown-verb',
  'no-such-plugin',
  /** Not in the state that the daemon, or the plugin, is in. */
  'state',
  /** Too many of these at a time. */
  'busy',
  'too-long',
] as const

export type ControlErrorCode =
  | (typeof REFUSALS)[number]
  /** Nobody listens there. */
  | 'not-running'
  /** The system does not let this user connect. */
  | 'not-permitted'
  /** No answer within the time. */
  | 'timeout'
  /** The connection ended before the answer. */
  | 'closed'
  /** What answers is no audispd, or one that speaks another version. */
  | 'bad-answer'

/** A request that had no result. Callers test `code`, not the text. `mend`: what to do about it. */
export class ControlError extends Error {
  readonly code: ControlErrorCode
  readonly mend: string

  constructor(code: ControlErrorCode, message: string, mend: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ControlError'
    this.code = code
    this.mend = mend
  }
}
