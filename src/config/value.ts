import { didYouMean } from './did-you-mean.js'

/** What became of the text behind a `=`. */
export type Parsed<T> = { readonly value: T; readonly warning?: string } | { readonly mistake: string }

/** What people write who have another configuration language in their fingers. */
const YES_NO_ELSEWHERE: Readonly<Record<string, string>> = {
  true: 'yes',
  on: 'yes',
  1: 'yes',
  false: 'no',
  off: 'no',
  0: 'no',
}
const ACCOUNT = /^(?:[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?|\d{1,10})$/
/** The largest is the kernel's "no id". */
const MAX_ID = 0xffff_fffe

/** One of a few words, in any case. */
export function oneOf<const T extends string>(choices: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const lower = text.toLowerCase()
    const value = choices.find((word) => word === lower)
    if (value !== undefined) return { value }
    const are = choices.length > 1 ? `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}` : choices.join('')
    return { mistake: `'${text}' is not ${are}${didYouMean(text, choices)}` }
  }
}

/** yes or no, as auditd has it. */
export function yesNo(text: string): Parsed<boolean> {
  const parsed = oneOf(['yes', 'no'])(text)
  if ('value' in parsed) return { value: parsed.value === 'yes' }
  const meant = Object.hasOwn(YES_NO_ELSEWHERE, text.toLowerCase()) ? YES_NO_ELSEWHERE[text.toLowerCase()] : undefined
  return meant === undefined ? parsed : { mistake: `'${text}' is not yes or no (did you mean '${meant}'?)` }
}

/** Words between blanks. Quotes, single or double, keep blanks in a word and are taken off; nothing escapes a quote. */
export function words(text: string): Parsed<readonly string[]> {
  const found: string[] = []
  let word: string | undefined
  let quote = ''
  for (const c of text) {
    if (quote === '' && (c === ' ' || c === '\t')) {
      if (word !== undefined) found.push(word)
      word = undefined
    } else if (quote === '' && (c === '"' || c === "'")) {
      quote = c
      word ??= ''
    } else if (c === quote) {
      quote = ''
    } else {
      word = (word ?? '') + c
    }
  }
  if (quote !== '')
    return { mistake: `a ${quote} is opened and not closed; put a lone ${quote} between the other quotes` }
  if (word !== undefined) found.push(word)
  return { value: found }
}

/** A path from the root. */
export function absolutePath(text: string): Parsed<string> {
  if (text.startsWith('"') || text.startsWith("'")) return { mistake: 'a path stands without quotes' }
  return text.startsWith('/') ? { value: text } : { mistake: `'${text}' is not an absolute path` }
}

/** The name or number of a user or group; whether there is one is found out by whoever needs it. */
export function account(text: string): Parsed<string> {
  const fits = ACCOUNT.test(text) && (!/^\d/.test(text) || Number(text) <= MAX_ID)
  return fits ? { value: text } : { mistake: `'${text}' is no name of a user or group, nor its number` }
}
