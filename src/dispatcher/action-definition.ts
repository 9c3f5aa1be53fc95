import type { Entry, Problem, Section } from '../config.js'
import { didYouMean } from '../config/did-you-mean.js'
import { entriesIn, openKeys } from '../config/keys.js'
import { count, time } from '../config/quantity.js'
import { account, words, type Parsed } from '../config/value.js'
import { ACCEPT_NOTHING, parseAcceptPattern, type AcceptPattern } from '../protocol/accept-pattern.js'
import { programPath } from './program.js'

const NAME = /^[A-Za-z0-9_-]{1,32}$/
const DEFAULT_TIMEOUT_MS = 10_000
const MAX_TIMEOUT_MS = 3_600_000
const DEFAULT_PER_MINUTE = 10
const MAX_PER_MINUTE = 6000

/** The actions that need no section. */
export const BUILT_IN_ACTIONS: readonly string[] = ['single', 'halt']

/** One `[action NAME]` section: a program that a plugin may ask for, if its drop-in allows it. */
export interface ActionDefinition {
  readonly name: string
  readonly path: string
  /** The arguments that always come first. */
  readonly args: readonly string[]
  /** What every argument from a plugin must match whole. */
  readonly accept: AcceptPattern
  /** '' is whom the dispatcher itself runs as. */
  readonly user: string
  readonly timeoutMs: number
  readonly perMinute: number
}

/** Reads all sections of audispd.conf. An action whose section cannot be used is not among them. */
export function readActions(
  sections: readonly Section[],
  entries: readonly Entry[],
  file: string,
): { actions: ReadonlyMap<string, ActionDefinition>; problems: readonly Problem[] } {
  const actions = new Map<string, ActionDefinition>()
  const problems: Problem[] = []
  const firstLines = new Map<string, number>()
  for (const { name: section, line } of sections) {
    const report = (text: string) => problems.push({ level: 'error', file, line, key: '', text })
    const [word = '', name = ''] = section.split(' ')
    const firstLine = firstLines.get(section)
    firstLines.set(section, firstLine ?? line)
    if (word !== 'action') {
      report(`unknown section [${section}]${didYouMean(word, ['action'])}; there is only [action NAME]`)
    } else if (firstLine !== undefined) {
      report(`section [${section}] is on line ${firstLine} already`)
    } else {
      if (!NAME.test(name)) report('an action is named with 1 to 32 of A-Z, a-z, 0-9, _ and -')
      if (BUILT_IN_ACTIONS.includes(name)) report(`the action '${name}' is built in; choose another name`)
      const read = readAction(name, entriesIn(entries, section), file, line)
      problems.push(...read.problems)
      if (read.action !== undefined) actions.set(name, read.action)
    }
  }
  return { actions, problems }
}

function readAction(
  name: string,
  entries: readonly Entry[],
  file: string,
  line: number,
): { action?: ActionDefinition; problems: readonly Problem[] } {
  const keys = openKeys(entries, file, line)
  const path = keys.take('path', programPath)
  if (!keys.has('path')) keys.report('error', 'path', 'missing; an action needs a program to run')
  const rest = {
    args: keys.takeOrEmpty('args', words, []) ?? [],
    accept: keys.takeOrEmpty('accept', acceptPattern, ACCEPT_NOTHING) ?? ACCEPT_NOTHING,
    user: keys.take('user', account) ?? '',
    timeoutMs: keys.take('timeout', time(100, MAX_TIMEOUT_MS)) ?? DEFAULT_TIMEOUT_MS,
    perMinute: keys.take('per_minute', count(1, MAX_PER_MINUTE)) ?? DEFAULT_PER_MINUTE,
  }
  const problems = keys.finish()
  return path === undefined ? { problems } : { action: { name, path, ...rest }, problems }
}

function acceptPattern(text: string): Parsed<AcceptPattern> {
  const read = parseAcceptPattern(text)
  return 'mistake' in read ? read : { value: read }
}
