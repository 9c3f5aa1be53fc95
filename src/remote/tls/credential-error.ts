/**
 * `unreadable`: absent, or this user may not. `untrusted`: somebody else could have written it, or read it where it is a secret.
 * `unusable`: what is in it is not what it should be.
 */
export type CredentialErrorCode = 'unreadable' | 'untrusted' | 'unusable'

/** A certificate, key or list that cannot be used; the message names the file, what is wrong, and what to do. */
export class CredentialError extends Error {
  readonly code: CredentialErrorCode
  readonly file: string

  constructor(code: CredentialErrorCode, file: string, text: string, options?: ErrorOptions) {
    super(`${file}: ${text}`, options)
    this.name = 'CredentialError'
    this.code = code
    this.file = file
  }
}
