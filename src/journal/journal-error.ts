export type JournalErrorCode =
  /** Another process has the journal open. */
  | 'locked'
  | 'bad-meta'
  /** Written by a later version: never rewritten by this one. */
  | 'newer-format'
  /** Segments without a meta.json: whose they are is not known. */
  | 'no-meta'
  /** Damage was found and `on_damage` is `stop`. */
  | 'damaged'
  /** A fork that finds as many timelines as a journal may have, with records of each. */
  | 'too-many-timelines'

/** A journal that cannot be opened, or not be forked. Callers test `code`, not the text. */
export class JournalError extends Error {
  readonly code: JournalErrorCode

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'JournalError'
    this.code = code
  }
}
