// What was typed at a terminal: text in quotes, and the names of the keys that send what is no text.

import { TERMINAL_KEYS } from '../tables/auparse-terminal-keys.js'
import { decodedBytes } from './encoded-text.js'

const HEX = /^[0-9A-Fa-f]*$/
const PRINTABLE = /^[ -~]$/
const QUOTED = /^["\\]$/

interface Keys {
  readonly names: ReadonlyMap<string, string>
  readonly maxChars: number
}

let keys: Keys | undefined

/** `"ls",<ret>`; what is not hex is as it is, and fewer than two digits are nothing. */
export function terminalData(value: string): string {
  if (!HEX.test(value)) return value
  const data = decodedBytes(value)?.toString('latin1', 0, Math.floor(value.length / 2)) ?? ''
  const parts: string[] = []
  let text = ''
  for (let at = 0; at < data.length;) {
    const key = keyAt(data, at)
    if (key === undefined) {
      text += escaped(data.charAt(at))
      at += 1
      continue
    }
    if (text !== '') parts.push(`"${text}"`)
    text = ''
    parts.push(`<${key.name}>`)
    at += key.chars
  }
  if (text !== '') parts.push(`"${text}"`)
  return parts.join(',')
}

/** The longest sequence that stands here. */
function keyAt(data: string, at: number): { readonly name: string; readonly chars: number } | undefined {
  const code = data.charCodeAt(at)
  if (code >= 0x20 && (code < 0x7f || code >= 0xa0)) return undefined
  keys ??= readKeys()
  for (let chars = keys.maxChars; chars > 0; chars -= 1) {
    const name = keys.names.get(data.slice(at, at + chars))
    // A slice at the end is shorter than asked for, and is what was found.
    if (name !== undefined) return { name, chars: Math.min(chars, data.length - at) }
  }
  return undefined
}

function readKeys(): Keys {
  const names = new Map(
    [...TERMINAL_KEYS.matchAll(/(\S+)\s(\S+)/g)].map(([, hex = '', name = '']) => [
      Buffer.from(hex, 'hex').toString('latin1'),
      name,
    ]),
  )
  return { names, maxChars: Math.max(...[...names.keys()].map((sequence) => sequence.length)) }
}

function escaped(char: string): string {
  if (QUOTED.test(char)) return `\\${char}`
  return PRINTABLE.test(char) ? char : `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`
}
