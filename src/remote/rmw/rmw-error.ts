export type RmwErrorCode =
  /** Bytes where a message should begin that do not begin one. There is no way to find the next. */
  | 'bad-magic'
  /** A version of which nothing is known. */
  | 'bad-version'
  /** A payload longer than any record. */
  | 'too-long'

/** Bytes that are not auditd's protocol: the connection is closed. Callers test `code`, not the text. */
export class RmwError extends Error {
  readonly code: RmwErrorCode

  constructor(code: RmwErrorCode, message: string) {
    super(message)
    this.name = 'RmwError'
    this.code = code
  }
}
