// The body of a control message that is one JSON object. It comes from somebody else: its depth is bounded before it is parsed, a name
// that means something to JavaScript is refused, and each value is checked before anything is done with it. Names that are not
// asked for are passed by, so that a later version may add some.

import { WireError } from './wire-error.js'

/** An object with lists in it is all there is; a later version may go a little deeper. */
const MAX_DEPTH = 4
const TEXT = new TextDecoder('utf-8', { fatal: true })
const FORBIDDEN = ['__proto__', 'constructor', 'prototype']
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])

/** The values of one body. Each getter throws WireError where the value is missing or is another than it may be. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>

  constructor(body: Buffer) {
    const parsed = isShallow(body) ? parse(body) : undefined
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new WireError('bad-body', 'the body of a message is no plain JSON object')
    this.#values = new Map(Object.entries(parsed))
    if (FORBIDDEN.some((name) => this.#values.has(name)))
      throw new WireError('bad-body', 'the body of a message has a name that is not allowed')
  }

  count(name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    return countIn(name, this.#values.get(name), min, max)
  }

  flag(name: string): boolean {
    const value = this.#values.get(name)
    return typeof value === 'boolean' ? value : wrong(name)
  }

  /** So many lower-case hex digits. */
  hex(name: string, digits: number): string {
    const value = this.#values.get(name)
    return isHex(value, digits) ? value : wrong(name)
  }

  hexOrNothing(name: string, digits: number): string {
    return this.#values.get(name) === '' ? '' : this.hex(name, digits)
  }

  text(name: string, maxLength: number): string {
    const value = this.#values.get(name)
    return typeof value === 'string' && value.length <= maxLength ? value : wrong(name)
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#values.get(name)
    return values.find((each) => each === value) ?? wrong(name)
  }

  counts(name: string, most: number, min = 0): number[] {
    return this.#list(name, most).map((value) => countIn(name, value, min, Number.MAX_SAFE_INTEGER))
  }

  hexesOrNull(name: string, most: number, digits: number): (string | null)[] {
    return this.#list(name, most).map((value) => (value === null || isHex(value, digits) ? value : wrong(name)))
  }

  #list(name: string, most: number): readonly unknown[] {
    const value = this.#values.get(name)
    if (!Array.isArray(value) || value.length > most) return wrong(name)
    const list: readonly unknown[] = value
    return list
  }
}

function wrong(name: string): never {
  throw new WireError('bad-body', `'${name}' of a message is missing or is not what it may be`)
}

function countIn(name: string, value: unknown, min: number, max: number): number {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
  return isCount ? value : wrong(name)
}

function isHex(value: unknown, digits: number): value is string {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value)
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(TEXT.decode(body))
  } catch (cause) {
    throw new WireError('bad-body', 'the body of a message is no JSON', { cause })
  }
}

/** Whether brackets, outside of strings, are never nested too deep. */
function isShallow(body: Buffer): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0
    if (inString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (OPENING.has(byte)) {
      if (++depth > MAX_DEPTH) return false
    } else if (CLOSING.has(byte)) depth--
  }
  return true
}
