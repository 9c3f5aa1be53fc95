// What the dispatcher would answer by `bad-arguments` or `unknown-command`, whatever the drop-in allows: a mistake of the
// plugin's own.

import { isUtf8 } from 'node:buffer'
import type { Command, CommandMistake } from '../../protocol/command.js'
import { parseSelector, SelectorError } from '../../protocol/selector.js'

const NAMES = ['subscribe', 'pause', 'resume', 'stats', 'notify', 'action', 'reload']
const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'warning', 'error'])
const MAX_ARGUMENT_BYTES = 256
const BLANK = Buffer.from(' ')

/** Why the command cannot be run; undefined if it could. */
export function commandMistake(command: Command | CommandMistake): string | undefined {
  if (!NAMES.includes(command.name)) return `there is no such command, but ${NAMES.join(', ')}`
  if (command.kind === 'mistake') return command.text
  const { name, args } = command
  switch (name) {
    case 'subscribe':
      return selectorMistake(joined(args))
    case 'stats':
      return args.length > 1 ? 'stats [plugin]' : undefined
    case 'notify':
      return noticeMistake(args)
    case 'action':
      return actionMistake(args)
    default:
      return args.length > 0 ? `${name} takes no arguments` : undefined
  }
}

function selectorMistake(text: string): string | undefined {
  try {
    parseSelector(text)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    return error.message
  }
  return undefined
}

function noticeMistake([level = BLANK, ...text]: readonly Buffer[]): string | undefined {
  if (!LEVELS.has(level.toString())) return 'notify LEVEL text, where LEVEL is debug, info, warn or error'
  return joined(text).trim() === '' ? 'notify LEVEL text: there is no text' : undefined
}

function actionMistake([name = Buffer.alloc(0), ...args]: readonly Buffer[]): string | undefined {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(name.toString('latin1'))) return 'action NAME [argument …]'
  for (const arg of args) {
    if (arg.length > MAX_ARGUMENT_BYTES) return `an argument of an action has at most ${MAX_ARGUMENT_BYTES} bytes`
    if (!isUtf8(arg) || /\p{Cc}/u.test(arg.toString())) return 'an argument of an action is text without control bytes'
  }
  return undefined
}

function joined(args: readonly Buffer[]): string {
  return Buffer.concat(args.flatMap((arg, index) => (index === 0 ? [arg] : [BLANK, arg]))).toString()
}
