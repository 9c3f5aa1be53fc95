// The gate that an argument from a plugin goes through before it stands on a program's command line.

import { isUtf8 } from 'node:buffer'
import { accepts, type AcceptPattern } from '../protocol/accept-pattern.js'
import type { ErrorCode } from '../protocol/line.js'

const MAX_ARGUMENT_BYTES = 256

/** Why a request is not granted. The reason repeats nothing of what the plugin sent. */
export interface Refusal {
  readonly code: ErrorCode
  readonly reason: string
}

/** The arguments as the program will get them, each as it is, or why it will not. */
export function judgeArguments(args: readonly Buffer[], accept: AcceptPattern): readonly string[] | Refusal {
  for (const arg of args) {
    const refusal = judgeArgument(arg, accept)
    if (refusal !== undefined) return refusal
  }
  return args.map((arg) => arg.toString())
}

function judgeArgument(arg: Buffer, accept: AcceptPattern): Refusal | undefined {
  if (arg.length > MAX_ARGUMENT_BYTES) {
    return { code: 'too-long', reason: `an argument has at most ${MAX_ARGUMENT_BYTES} bytes` }
  }
  // Such bytes could not be passed on: see child.ts.
  if (!isUtf8(arg)) return { code: 'bad-arguments', reason: 'an argument is not UTF-8' }
  if (/\p{Cc}/u.test(arg.toString())) return { code: 'bad-arguments', reason: 'an argument has a control character' }
  if (!accepts(accept, arg)) return { code: 'bad-arguments', reason: 'an argument is not accepted by this action' }
  return undefined
}
