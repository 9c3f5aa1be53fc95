import { readSecret } from './secret-file.js'
import { CredentialError } from './credential-error.js'

/** As auditd 4.2 has it. */
const MIN_KEY_BYTES = 32
const MAX_KEY_BYTES = 255

/** The key that two ends share: hexadecimal digits on the first line of a file that nobody else may read. */
export function readPsk(file: string): Buffer {
  const [line = ''] = readSecret(file).toString('latin1').split('\n')
  const digits = line.trim()
  // What stands there instead is not repeated: it could be a key all the same.
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits))
    throw new CredentialError(
      'unusable',
      file,
      'the first line is not a key in hexadecimal digits; make one: openssl rand -hex 32',
    )
  const bytes = digits.length / 2
  if (bytes < MIN_KEY_BYTES || bytes > MAX_KEY_BYTES)
    throw new CredentialError(
      'unusable',
      file,
      `the key has ${bytes} bytes; ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} are right: openssl rand -hex 32`,
    )
  return Buffer.from(digits, 'hex')
}
