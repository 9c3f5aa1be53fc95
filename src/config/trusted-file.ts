import type { Problem } from '../config.js'
import { errorText, type Disk, type ReadFile } from './disk.js'
import { errorCode } from './error-code.js'
import { doubtsAbout, type Trust } from './file-trust.js'

export type TrustedFile =
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly problems: readonly Problem[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

/** Reads a configuration file whose owner and mode allow to believe it. */
export function readTrusted(file: string, trust: Trust, disk: Disk): TrustedFile {
  const problem = (level: Problem['level'], text: string): Problem => ({ level, file, line: 0, key: '', text })
  let found: ReadFile
  try {
    found = disk.read(file)
  } catch (thrown) {
    const code = errorCode(thrown)
    if (code === '') throw thrown
    return code === 'ENOENT'
      ? { kind: 'absent' }
      : { kind: 'refused', problems: [problem('error', `cannot be read: ${errorText(thrown)}`)] }
  }
  const { facts, bytes } = found
  if (facts.kind !== 'file') return { kind: 'refused', problems: [problem('error', 'is not a regular file')] }
  const problems = doubtsAbout(facts, trust).map(({ level, text }) => problem(level, text))
  if (bytes === 'too-large') {
    return { kind: 'refused', problems: [...problems, problem('error', 'is too large for a configuration file')] }
  }
  // An untrusted file is not looked into: what it says is not worth a message.
  return problems.some(({ level }) => level === 'error')
    ? { kind: 'refused', problems }
    : { kind: 'read', bytes, problems }
}
