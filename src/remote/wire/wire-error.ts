export type WireErrorCode =
  /** Not this protocol, or this version of its frames. */
  | 'bad-magic'
  /** A header whose CRC or reserved bits are wrong. */
  | 'bad-header'
  /** A type that is not known and may not be passed by. */
  | 'unknown-type'
  /** A type that the other end never sends. */
  | 'out-of-place'
  /** A length beyond what the type may have. */
  | 'too-long'
  | 'bad-body'

/** Bytes that are no message. The connection that they came on is of no use any more. Callers test `code`, not the text. */
export class WireError extends Error {
  readonly code: WireErrorCode

  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WireError'
    this.code = code
  }
}
