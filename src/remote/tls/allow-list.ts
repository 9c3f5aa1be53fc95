// Who may send, and how much. One line a sender:
//
//   PRINCIPAL [alias=NAME,…] [bytes_per_s=1M] [records_per_s=1000] [journal_bytes=10G] [weight=2] [revoked]
//
// The principal is the name under which a sender's streams are kept. An alias is another name by which its certificate may call it, as
// after a change of name, and which its records may have as their node.

import type { Buffer } from 'node:buffer'
import type { Problem } from '../../config.js'
import { didYouMean } from '../../config/did-you-mean.js'
import { linesOf } from '../../config/lines.js'
import { count, size } from '../../config/quantity.js'
import type { Parsed } from '../../config/value.js'

/** As an alias: whatever node its records have. */
const ANY_NODE = '*'
const MAX_ENTRIES = 20_000
const MAX_ALIASES = 16
const MAX_NAME_LENGTH = 255
const TIB = 1024 ** 4
const LIMITS = {
  bytes_per_s: size(1, TIB),
  records_per_s: count(1, 1_000_000_000),
  journal_bytes: size(1, 1024 * TIB),
  weight: count(1, 1000),
} as const
const WORDS = ['alias=', ...Object.keys(LIMITS).map((key) => `${key}=`), 'revoked']

/** One sender, as the list has it. A limit that is not there is the one of remote-recv.conf. */
export interface Sender {
  readonly principal: string
  readonly aliases: readonly string[]
  readonly bytesPerS: number | undefined
  readonly recordsPerS: number | undefined
  readonly journalBytes: number | undefined
  /** Its share of what there is to share, against the 1 of others. */
  readonly weight: number
}

export type Verdict =
  | { readonly kind: 'allowed'; readonly sender: Sender }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'unknown' }

export interface AllowList {
  /** Whether who proves to be `name` may send, and as whom. */
  judge(name: string): Verdict
}

/** Whoever can prove to be somebody may come, as that. */
export const ALLOW_ALL: AllowList = {
  judge: (name) => ({ kind: 'allowed', sender: { principal: name, aliases: [], ...NO_LIMITS } }),
}

const NO_LIMITS = { bytesPerS: undefined, recordsPerS: undefined, journalBytes: undefined, weight: 1 } as const

/** Reads a list. All mistakes are found at once; with one of them there is no list, and the old one stays. */
export function readAllowList(
  text: Buffer,
  file: string,
): { readonly list: AllowList | undefined; readonly problems: readonly Problem[] } {
  const { lines, faults } = linesOf(text)
  const problems: Problem[] = faults.map((fault) => ({ level: 'error', file, key: '', ...fault }))
  const say = (line: number, key: string, said: string) =>
    problems.push({ level: 'error', file, line, key, text: said })
  const verdicts = new Map<string, Verdict & { readonly line: number }>()
  if (lines.length > MAX_ENTRIES) say(0, '', `has ${lines.length} senders; ${MAX_ENTRIES} are the most`)
  for (const { line, content } of lines.slice(0, MAX_ENTRIES)) {
    const { sender, isRevoked, mistakes } = readSender(content.toString('utf8'))
    for (const { key, mistake } of mistakes) say(line, key, mistake)
    const verdict = isRevoked ? ({ kind: 'revoked', line } as const) : ({ kind: 'allowed', sender, line } as const)
    for (const name of [sender.principal, ...sender.aliases]) {
      // A relay's, whose records may have any node: nobody is called that, and there may be several relays.
      if (name === ANY_NODE && name !== sender.principal) continue
      const other = verdicts.get(name)
      if (other === undefined) verdicts.set(name, verdict)
      else say(line, '', `'${name}' is on line ${other.line} already`)
    }
  }
  if (problems.length > 0) return { list: undefined, problems }
  return { list: { judge: (name) => verdicts.get(name) ?? { kind: 'unknown' } }, problems }
}

interface Read {
  readonly sender: Sender
  readonly isRevoked: boolean
  readonly mistakes: readonly { readonly key: string; readonly mistake: string }[]
}

function readSender(text: string): Read {
  const [principal = '', ...words] = text.split(/[ \t]+/)
  const mistakes: { key: string; mistake: string }[] = []
  const limits = new Map<string, number>()
  let aliases: readonly string[] = []
  let isRevoked = false
  const bad = badName(principal)
  if (bad !== undefined) mistakes.push({ key: '', mistake: bad })
  for (const word of words) {
    if (word.startsWith('#')) break
    const equals = word.indexOf('=')
    const key = (equals < 0 ? word : word.slice(0, equals)).toLowerCase()
    const value = equals < 0 ? '' : word.slice(equals + 1)
    const parse = limitOf(key)
    if (key === 'revoked' && equals < 0) {
      isRevoked = true
    } else if (key === 'alias' && equals > 0) {
      aliases = [...aliases, ...value.split(',')]
    } else if (parse !== undefined && equals > 0) {
      const parsed = parse(value)
      if ('mistake' in parsed) mistakes.push({ key, mistake: parsed.mistake })
      else limits.set(key, parsed.value)
    } else {
      mistakes.push({ key: '', mistake: `'${word}' is not ${WORDS.join(', ')}${didYouMean(word, WORDS)}` })
    }
  }
  if (aliases.length > MAX_ALIASES)
    mistakes.push({ key: 'alias', mistake: `${aliases.length} names; ${MAX_ALIASES} are the most` })
  for (const alias of aliases) {
    const mistake = badName(alias)
    if (mistake !== undefined) mistakes.push({ key: 'alias', mistake })
  }
  const sender = {
    principal,
    aliases,
    bytesPerS: limits.get('bytes_per_s'),
    recordsPerS: limits.get('records_per_s'),
    journalBytes: limits.get('journal_bytes'),
    weight: limits.get('weight') ?? NO_LIMITS.weight,
  }
  return { sender, isRevoked, mistakes }
}

function limitOf(key: string): ((text: string) => Parsed<number>) | undefined {
  return Object.entries(LIMITS).find(([name]) => name === key)?.[1]
}

function badName(name: string): string | undefined {
  if (name.length <= MAX_NAME_LENGTH && /^[!-~]+$/.test(name) && !name.includes('=')) return undefined
  return `'${name}' is no name of a sender: 1 to ${MAX_NAME_LENGTH} ASCII characters without a blank or =, such as audit://example/web1`
}
