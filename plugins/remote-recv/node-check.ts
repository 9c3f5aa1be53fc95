// Whether records say to come from the machine that sent them. A principal is a URI, audit://SITE/NAME, or a DNS name; a record's node
// may be any part of it that names the machine: all of it, NAME, or the first label of either. Letters count alike in both cases. An
// alias of the allow-list counts as another principal; the alias * allows every name, as a relay needs. A record without node= claims
// nothing.

import { isIP } from 'node:net'

const NODE = Buffer.from('node=')
const LF = 0x0a
const BLANK = 0x20
const MAX_NODE_BYTES = 1024
const ANY = '*'

export class NodeCheck {
  readonly #names: ReadonlySet<string>
  readonly #allowsAll: boolean
  /** The last node that was found to be allowed, with its blank: mostly all records of a sender have the same. */
  #known: Buffer = Buffer.alloc(0)

  constructor(principals: readonly string[]) {
    this.#names = new Set(principals.flatMap(namesOf))
    this.#allowsAll = principals.includes(ANY)
  }

  /** The first node in whole lines that is none of the names; undefined if there is none. */
  stranger(lines: Buffer): string | undefined {
    if (this.#allowsAll) return undefined
    for (let at = 0; at < lines.length; at = lines.indexOf(LF, at) + 1) {
      if (!beginsWith(lines, at, NODE) || beginsWith(lines, at + NODE.length, this.#known)) continue
      const from = at + NODE.length
      const node = lines.toString('latin1', from, endOfWord(lines, from))
      if (!this.#names.has(node.toLowerCase())) return node
      this.#known = Buffer.from(`${node} `, 'latin1')
    }
    return undefined
  }
}

function namesOf(principal: string): string[] {
  const lower = principal.toLowerCase()
  const name = lower.startsWith('audit://') ? lower.slice(lower.lastIndexOf('/') + 1) : lower
  return isIP(name) === 0 ? [lower, name, name.split('.')[0] ?? name] : [name]
}

/** Nothing is the beginning of nothing. */
function beginsWith(lines: Buffer, at: number, begin: Buffer): boolean {
  const end = at + begin.length
  return begin.length > 0 && end <= lines.length && lines.compare(begin, 0, begin.length, at, end) === 0
}

function endOfWord(lines: Buffer, from: number): number {
  let end = from
  while (end < lines.length && end - from < MAX_NODE_BYTES && lines[end] !== BLANK && lines[end] !== LF) end++
  return end
}
