import { isAbsolute } from 'node:path'
import type { AuditdRules, AuditdVersion } from './auditd-version.js'
import type { Problem } from './ctl-error.js'

/** What audispd is to be started with. */
export interface Wanted {
  readonly program: string
  readonly configDir: string | undefined
  /** Undefined where the admin did not say. */
  readonly format: 'string' | 'binary' | undefined
  /** The node that the program runs on, where it is known: the program is our own then. */
  readonly node: string | undefined
}

/**
 * The words of `args`. `--jitless` spares the launcher a look at its parent; where auditd takes too few words it is left
 * out, since the launcher knows auditd as its parent and runs node without its compiler then all the same.
 */
export function argsFor({ configDir }: Wanted, { maxArgs }: AuditdRules): string[] {
  if (configDir === undefined) return ['--jitless']
  const full = ['--jitless', '-c', configDir]
  return full.length <= maxArgs ? full : full.slice(1)
}

/** What this auditd has no way to be told. */
export function wordProblems({ configDir, format }: Wanted, rules: AuditdRules, version: AuditdVersion): Problem[] {
  const problems: Problem[] = []
  if (rules.place === 'dispatcher-line' && configDir !== undefined) {
    const message = `-c ${configDir}: auditd ${version.text} gives its dispatcher no arguments of ours`
    problems.push({ message, mend: 'keep the configuration in /etc/audispd, and leave -c out' })
  } else if (configDir !== undefined && (!isAbsolute(configDir) || /[\s\p{Cc}]/u.test(configDir))) {
    const message = `-c '${configDir}': auditd can pass on an absolute path without blanks alone, it knows no quotes`
    problems.push({ message, mend: 'move or link the directory, and give that path' })
  }
  if (rules.place === 'dispatcher-line' && format === 'string') {
    const message = `--format string: auditd ${version.text} always writes binary records to its dispatcher`
    problems.push({ message, mend: 'leave --format out; audispd tells by itself what comes' })
  }
  return problems
}

/** Lines that this auditd would skip without starting anything. */
export function lineProblems(text: string, { maxLineBytes }: AuditdRules, version: AuditdVersion): Problem[] {
  return text
    .split('\n')
    .filter((line) => line.length > maxLineBytes)
    .map((line) => ({
      message: `auditd ${version.text} skips lines over ${maxLineBytes} bytes, and this one has ${line.length}: ${line}`,
      mend: 'give a shorter path, such as that of a link in /usr/local/sbin or /etc',
    }))
}
