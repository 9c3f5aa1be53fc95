/** A release of auditd, as far as its rules for plugins depend on it. */
export interface AuditdVersion {
  readonly text: string
  readonly parts: readonly [major: number, minor: number, patch: number]
}

/** What one release of auditd accepts. */
export interface AuditdRules {
  /** Where it is told of us: a line of auditd.conf, or a file in its plugin directory. */
  readonly place: 'dispatcher-line' | 'plugin-dir'
  /** Words in `args`; one more and the whole file is rejected. */
  readonly maxArgs: number
  /** Bytes of a line without its newline; a longer one is skipped. */
  readonly maxLineBytes: number
  /** Mode bits that the program must have; for a dispatcher line its whole mode is 0750 or 0755. */
  readonly programMode: number
  /** Whether a reload applies changed keys of a plugin that runs already. */
  readonly reloadAppliesChanges: boolean
}

/** What stands behind audit 3.0's and later buffers of 160 and 512 bytes, less the newline and the final NUL. */
const SHORT_LINE_BYTES = 158
const LONG_LINE_BYTES = 510

/** Reads `3.0.9`, `4.0.4b`, `4.2`, and what packagers make of them: `1:3.0.9-1`. */
export function parseVersion(text: string): AuditdVersion | undefined {
  const found = /^(?:\d+:)?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?[a-z]?(?:[-~+][\w.~+-]*)?$/.exec(text)
  if (found === null) return undefined
  return { text, parts: [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] }
}

/** Whether a version is this release or a later one. */
export function isAtLeast(version: AuditdVersion, major: number, minor = 0, patch = 0): boolean {
  const [haveMajor, haveMinor, havePatch] = version.parts
  if (haveMajor !== major) return haveMajor > major
  if (haveMinor !== minor) return haveMinor > minor
  return havePatch >= patch
}

export function rulesOf(version: AuditdVersion): AuditdRules {
  const hasPluginDir = isAtLeast(version, 3)
  const fewArgs = hasPluginDir ? 2 : 0
  return {
    place: hasPluginDir ? 'plugin-dir' : 'dispatcher-line',
    maxArgs: isAtLeast(version, 4, 0, 1) ? Infinity : fewArgs,
    maxLineBytes: isAtLeast(version, 4, 1, 3) ? LONG_LINE_BYTES : SHORT_LINE_BYTES,
    programMode: isAtLeast(version, 4, 0, 5) ? 0o550 : 0o750,
    reloadAppliesChanges: isAtLeast(version, 4, 2),
  }
}
