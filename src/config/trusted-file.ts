import type { Problem } from '../config.js'
import { errorText, REAL_DISK, type Disk, type ReadFile } from './disk.js'
import { errorCode } from './error-code.js'
import { doubtsAbout, type Trust } from './file-trust.js'

const ROOT = 0

export type TrustedFile =
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly problems: readonly Problem[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

/** What a configuration file comes to. Without a configuration at least one of the problems is an error. */
export interface LoadedConfig<Config> {
  readonly config: Config | undefined
  readonly problems: readonly Problem[]
}

/** A program's own configuration, which has to be there; root believes what is root's. */
export function loadTrusted<Config>(
  file: string,
  parse: (bytes: Buffer) => LoadedConfig<Config>,
  disk: Disk = REAL_DISK,
): LoadedConfig<Config> {
  const found = readTrusted(file, { kind: disk.uid === ROOT ? 'root' : 'anybody' }, disk)
  switch (found.kind) {
    case 'absent':
      return { config: undefined, problems: [{ level: 'error', file, line: 0, key: '', text: 'does not exist' }] }
    case 'refused':
      return { config: undefined, problems: found.problems }
    case 'read': {
      const { config, problems } = parse(found.bytes)
      return { config, problems: [...found.problems, ...problems] }
    }
    default:
      return found satisfies never
  }
}

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
