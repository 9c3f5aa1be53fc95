import { resolve } from 'node:path'
import { absolutePath, type Parsed } from '../config/value.js'
import { errorText, type Disk } from '../config/disk.js'
import { errorCode } from '../config/error-code.js'
import { doubtsAbout, type Finding, type Trust } from '../config/file-trust.js'

const EXECUTABLE = 0o111

/** What is known of a program before it is started. */
export interface ProgramCheck {
  readonly findings: readonly Finding[]
  /** Differs whenever the program has been replaced; '' when there is none. */
  readonly identity: string
}

/** The path of a program. Relative paths are taken from the base directory, if there is one. */
export function programPath(text: string, baseDir?: string): Parsed<string> {
  const isQuoted = text.startsWith('"') || text.startsWith("'")
  const parsed = baseDir === undefined || isQuoted ? absolutePath(text) : { value: resolve(baseDir, text) }
  if ('value' in parsed && parsed.value.includes('=')) {
    return {
      mistake: "a program's path may not contain '=': env(1) starts it and would take it for a variable; use a link",
    }
  }
  return parsed
}

/** Whether the file can be run and may be trusted. */
export function checkProgram(path: string, trust: Trust, disk: Disk): ProgramCheck {
  try {
    const facts = disk.stat(path)
    if (facts.kind !== 'file') return { findings: [error(`${path} is not a regular file`)], identity: '' }
    const doubts = doubtsAbout(facts, trust).map(({ level, text }) => ({ level, text: `${path} ${text}` }))
    const isExecutable = (facts.mode & EXECUTABLE) !== 0
    const findings = isExecutable ? doubts : [error(`${path} is not executable (chmod 0750)`), ...doubts]
    return { findings, identity: facts.identity }
  } catch (thrown) {
    if (errorCode(thrown) === '') throw thrown
    const hint = errorCode(thrown) === 'ENOENT' && /[ \t]/.test(path) ? '; arguments belong in args' : ''
    return { findings: [error(`${path}: ${errorText(thrown)}${hint}`)], identity: '' }
  }
}

function error(text: string): Finding {
  return { level: 'error', text }
}
