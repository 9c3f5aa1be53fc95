import { harmlessText } from '../protocol/harmless-text.js'

/** Of one line. */
const MAX_LINE_CHARACTERS = 4000

export type CtlErrorCode = 'failed' | 'not-running' | 'usage' | 'config' | 'system' | 'denied'

/** One thing that is in the way: where it is, what it is, and what the admin does about it. */
export interface Problem {
  readonly message: string
  readonly mend: string
  readonly file?: string
  readonly line?: number
}

/** Ends a verb with everything that is in its way; anything else that is thrown is a bug. */
export class CtlError extends Error {
  readonly code: CtlErrorCode
  readonly problems: readonly Problem[]

  constructor(code: CtlErrorCode, problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(problemText).join('\n'), options)
    this.name = 'CtlError'
    this.code = code
    this.problems = problems
  }
}

export const EXIT_STATUS = {
  failed: 1,
  'not-running': 3,
  usage: 64,
  bug: 70,
  system: 71,
  denied: 77,
  config: 78,
} as const

/** `file:line: message`, and the next step on a line of its own; whatever a file or a peer is called, it harms no terminal. */
export function problemText({ file, line, message, mend }: Problem): string {
  const where = file === undefined ? '' : `${file}:${line === undefined ? '' : `${line}:`} `
  const lines = `${where}${message}\n  ${mend}`.split('\n')
  return lines.map((each) => harmlessText(each, MAX_LINE_CHARACTERS)).join('\n')
}

/** What a failed system call says, without its stack and its repeated path. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return /^[A-Z0-9_]+: ([^,]+)/.exec(error.message)?.[1] ?? error.message
}

/** The errno name of a failed system call, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
