export type ProtocolErrorCode = 'frame-too-long'

/** Bytes that break a wire format's rules. Callers test `code`, not the text. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProtocolError'
    this.code = code
  }
}
