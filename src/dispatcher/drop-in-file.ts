import { createHash } from 'node:crypto'
import { sortProblems, type Problem } from '../config.js'
import type { Disk } from '../config/disk.js'
import { readDropIn, type DropIn, type DropInSource } from './drop-in.js'
import type { Trust } from '../config/file-trust.js'
import { checkProgram } from './program.js'
import { readTrusted } from '../config/trusted-file.js'

/** What became of one file. */
export type DropInVerdict = { readonly problems: readonly Problem[] } & (
  | { readonly kind: 'active' | 'inactive'; readonly dropIn: DropIn; readonly fingerprint: string }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'absent' }
)

/** Reads one drop-in and, if it is active, looks at its program. */
export function loadDropIn(source: DropInSource, trust: Trust, disk: Disk): DropInVerdict {
  const found = readTrusted(source.file, trust, disk)
  if (found.kind === 'absent') return { kind: 'absent', problems: [] }
  if (found.kind === 'refused') return { kind: 'invalid', problems: found.problems }
  const read = readDropIn(found.bytes, source)
  const all = [...found.problems, ...read.problems]
  // Found out in the same pass as the mistakes inside: whoever corrects one should not meet the next only then.
  const program = read.program === undefined ? undefined : checkProgram(read.program.path, trust, disk)
  for (const { level, text } of program?.findings ?? []) {
    all.push({ level, file: source.file, line: read.program?.line ?? 0, key: 'path', text })
  }
  const problems = sortProblems(all)
  if (read.dropIn === undefined || problems.some(({ level }) => level === 'error')) return { kind: 'invalid', problems }
  return {
    kind: read.dropIn.active ? 'active' : 'inactive',
    dropIn: read.dropIn,
    fingerprint: fingerprintOf(read.essence, program?.identity ?? ''),
    problems,
  }
}

/** A digest, because the essence holds the plugin's environment and a fingerprint may end up in a log. */
function fingerprintOf(essence: string, programIdentity: string): string {
  return createHash('sha256').update(essence).update('\0').update(programIdentity).digest('hex').slice(0, 32)
}
