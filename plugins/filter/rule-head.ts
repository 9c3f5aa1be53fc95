// What stands before `when`: the verb, what it takes, and how often it is done.

import { didYouMean } from '../../src/config/did-you-mean.js'
import { time } from '../../src/config/quantity.js'
import type { Parsed } from '../../src/config/value.js'
import { NOTIFY_LEVELS, type ActionArgument, type Restraint, type Verb } from './rule.js'
import type { RuleWord } from './rule-words.js'

const SECOND_MS = 1000
const DAY_MS = 86_400_000
const UNITS_MS: Readonly<Record<string, number>> = {
  second: SECOND_MS,
  minute: 60 * SECOND_MS,
  hour: 3600 * SECOND_MS,
  day: DAY_MS,
}
const MAX_PER_WINDOW = 100_000
const MAX_ONCE_FIELDS = 8
/** Whoever writes no `limit` is not to be flooded by an attack. */
const DEFAULT_LIMIT = { count: 10, windowMs: 60 * SECOND_MS }
const UNRESTRAINED: Restraint = { limit: undefined, once: undefined }

const VERBS = ['keep', 'drop', 'count', 'notify', 'exec', 'mail', 'action'] as const
type VerbName = (typeof VERBS)[number]
const OPTIONS = ['as', 'limit', 'once'] as const
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** As the dispatcher takes them. */
const ACTION_NAME = /^[A-Za-z0-9_-]{1,32}$/
const FIELD = /^[A-Za-z0-9_.-]{1,64}$/
/** What could be taken for an option of sendmail, or end a header, is no address. */
const ADDRESS = /^[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,63}(?:@[A-Za-z0-9][A-Za-z0-9.-]{0,252})?$/
const MAX_ADDRESSES = 20
const MAX_ARGUMENTS = 64

export interface RuleHead {
  readonly verb: Verb
  /** '' if there is no `as`. */
  readonly name: string
  readonly restraint: Restraint
}

/** Whether a line that begins with this word is a rule with a verb. */
export function isVerb(word: string): boolean {
  return VERBS.some((verb) => verb === word)
}

/** Whether the word `when` may be left out. */
export function needsNoWhen(word: string): boolean {
  return word === 'keep' || word === 'drop'
}

export function readHead(words: readonly RuleWord[]): Parsed<RuleHead> {
  const [first, ...rest] = words
  const name = VERBS.find((verb) => verb === first?.text)
  if (name === undefined) {
    const near = didYouMean(first?.text ?? '', VERBS)
    return { mistake: `'${first?.text ?? ''}' is no verb${near}; there are ${VERBS.join(', ')}` }
  }
  const at = rest.findIndex(isOption)
  const own = (at === -1 ? rest : rest.slice(0, at)).map(({ text }) => text)
  const options = readOptions(at === -1 ? [] : rest.slice(at))
  if ('mistake' in options) return options
  const verb = readVerb(name, own)
  if ('mistake' in verb) return verb
  const { limit, once } = options.value
  const isTelling = name !== 'keep' && name !== 'drop' && name !== 'count'
  if (!isTelling && (limit !== undefined || once !== undefined))
    return { mistake: `${name} is done each time: limit and once are for notify, exec, mail and action` }
  const restraint = isTelling ? { limit: limit === 'none' ? undefined : (limit ?? DEFAULT_LIMIT), once } : UNRESTRAINED
  const counted = name === 'count' ? (own[0] ?? '') : ''
  return { value: { verb: verb.value, name: options.value.name || counted, restraint } }
}

function isOption({ text, isQuoted }: RuleWord): boolean {
  return !isQuoted && OPTIONS.some((option) => option === text)
}

function readVerb(name: VerbName, words: readonly string[]): Parsed<Verb> {
  switch (name) {
    case 'keep':
    case 'drop':
      return words.length === 0 ? { value: { kind: name } } : { mistake: `'${words[0]}' is nothing that ${name} takes` }
    case 'count':
      if (words.length > 1) return { mistake: `'${words[1]}' is one name too many; count takes one` }
      return words[0] === undefined || NAME.test(words[0])
        ? { value: { kind: 'count' } }
        : { mistake: noName(words[0]) }
    case 'notify':
      return readNotify(words)
    case 'exec':
      return readExec(words)
    case 'mail':
      return readMail(words)
    case 'action':
      return readAction(words)
    default:
      return name satisfies never
  }
}

/** `notify [LEVEL] [TEXT]` */
function readNotify(words: readonly string[]): Parsed<Verb> {
  const level = NOTIFY_LEVELS.find((each) => each === words[0])
  const [text = '', ...more] = level === undefined ? words : words.slice(1)
  if (more.length === 0) return { value: { kind: 'notify', level: level ?? 'warn', text } }
  return {
    mistake: `notify takes a level (${NOTIFY_LEVELS.join(', ')}) and a text; a text of several words stands in quotes`,
  }
}

function readExec([program, ...args]: readonly string[]): Parsed<Verb> {
  if (program === undefined) return { mistake: 'exec needs a program: exec /path/to/program when ...' }
  if (!program.startsWith('/')) return { mistake: `'${program}' is not an absolute path, and there is no PATH` }
  if (args.length > MAX_ARGUMENTS) return { mistake: `${args.length} arguments; ${MAX_ARGUMENTS} are the most` }
  return { value: { kind: 'exec', program, args } }
}

function readMail(words: readonly string[]): Parsed<Verb> {
  const to = words.flatMap((word) => word.split(',')).filter((word) => word !== '')
  if (to.length === 0) return { mistake: 'mail needs an address: mail root when ...' }
  if (to.length > MAX_ADDRESSES) return { mistake: `${to.length} addresses; ${MAX_ADDRESSES} are the most` }
  const wrong = to.find((address) => !ADDRESS.test(address))
  return wrong === undefined
    ? { value: { kind: 'mail', to } }
    : { mistake: `'${wrong}' is no address, such as root or root@example.org` }
}

function readAction([name, ...words]: readonly string[]): Parsed<Verb> {
  if (name === undefined)
    return { mistake: 'action needs the name of one that audispd.conf defines: action NAME when ...' }
  if (!ACTION_NAME.test(name))
    return { mistake: `'${name}' is no name of an action: letters, digits, '_' and '-', at most 32` }
  if (words.length > MAX_ARGUMENTS) return { mistake: `${words.length} arguments; ${MAX_ARGUMENTS} are the most` }
  const args: ActionArgument[] = []
  for (const word of words) {
    const field = word.slice(1)
    if (word.startsWith('%%') || !word.startsWith('%')) args.push({ kind: 'text', text: word.replace(/^%%/, '%') })
    else if (FIELD.test(field)) args.push({ kind: 'field', field })
    else return { mistake: `'${word}' is no field such as %addr; a % itself is %%` }
  }
  return { value: { kind: 'action', name, args } }
}

interface Options {
  name: string
  limit: { readonly count: number; readonly windowMs: number } | 'none' | undefined
  once: { readonly ms: number; readonly fields: readonly string[] } | undefined
}

/** `as NAME`, `limit N/UNIT`, `once per TIME [by FIELD,FIELD]`, each once at most, in any order. */
function readOptions(words: readonly RuleWord[]): Parsed<Options> {
  const options: Options = { name: '', limit: undefined, once: undefined }
  const seen = new Set<string>()
  const left = words.map(({ text }) => text)
  for (let option = left.shift(); option !== undefined; option = left.shift()) {
    if (seen.has(option)) return { mistake: `'${option}' stands there twice` }
    seen.add(option)
    const mistake = option === 'as' ? takeName(left, options) : option === 'limit' ? takeLimit(left, options) : ''
    if (mistake !== '') return { mistake }
    if (option !== 'once') continue
    const notOnce = takeOnce(left, options)
    if (notOnce !== '') return { mistake: notOnce }
  }
  return { value: options }
}

function takeName(left: string[], options: Options): string {
  options.name = left.shift() ?? ''
  if (!NAME.test(options.name)) return noName(options.name)
  return unexpected(left)
}

function takeLimit(left: string[], options: Options): string {
  const text = left.shift() ?? ''
  const [, digits, unit = ''] = /^(\d{1,6})\/([a-z]+)$/.exec(text) ?? []
  const windowMs = Object.hasOwn(UNITS_MS, unit) ? UNITS_MS[unit] : undefined
  const count = Number(digits)
  if (text === 'none') options.limit = 'none'
  else if (windowMs === undefined || !(count >= 1 && count <= MAX_PER_WINDOW))
    return `'${text}' is no limit, such as 10/minute (second, minute, hour, day), or none`
  else options.limit = { count, windowMs }
  return unexpected(left)
}

function takeOnce(left: string[], options: Options): string {
  if (left.shift() !== 'per') return "'once' goes on with a time: once per 5m, or once per 5m by exe,auid"
  const parsed = time(SECOND_MS, DAY_MS)(left.shift() ?? '')
  if ('mistake' in parsed) return parsed.mistake
  const isBy = left[0] === 'by'
  const fields = isBy ? (left.splice(0, 2)[1] ?? '').split(',') : []
  if (fields.length > MAX_ONCE_FIELDS) return `${fields.length} fields; ${MAX_ONCE_FIELDS} are the most`
  const wrong = fields.find((field) => !FIELD.test(field))
  if (wrong !== undefined) return `'${wrong}' is no field; fields stand behind 'by', with commas and without blanks`
  options.once = { ms: parsed.value, fields }
  return unexpected(left)
}

/** What an option leaves begins with the next option. */
function unexpected(left: readonly string[]): string {
  const [next] = left
  if (next === undefined || OPTIONS.some((option) => option === next)) return ''
  return `'${next}' is unexpected${didYouMean(next, [...OPTIONS, 'when'])}; here comes as, limit, once or when`
}

function noName(text: string): string {
  return `'${text}' is no name: letters, digits, '.', '_' and '-', at most 64`
}
