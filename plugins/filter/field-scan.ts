// Finds the fields that somebody asks for in a record, each the first of its name, when it is asked for: where a value stands
// is two numbers. What a field is has to be what `auparseFields` says, to the byte; a test holds both against each other.
//
// A word that begins with `NAME=` is the field NAME, as no name has a `=` in it, so a field is found by Node's own search for
// ` NAME=`, which is as fast without a JIT. There are two exceptions: the first word in `msg='...`, which is looked at as
// well, and words that begin with `(`. Records with such words, or a second `msg='`, are taken from a list of all fields.

import { auparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import { keyValues } from '../../src/sdk/interpret/rule-keys.js'
import type { AuparseFields } from '../../src/sdk/interpret/auparse-fields.js'

const BLANK_CODE = 0x20
const QUOTE_CODE = 0x22
const APOSTROPHE_CODE = 0x27
const OPENING_CODE = 0x28
const CLOSING_CODE = 0x29
const COLON_CODE = 0x3a
const COMMA_CODE = 0x2c
const NUL = '\0'
const MESSAGE = " msg='"
const NOTHING: ReadonlySet<string> = new Set(['(none)', '(null)'])
const SADDR = 'SADDR='
/** Other names may be written in words of another kind. */
const USUAL_NAME = /^[A-Za-z0-9_.-]+$/
const NONE = -1
/** What auditd added is remembered so many times; at the bound all is forgotten. */
const MAX_ADDED = 512
const MAX_ADDED_CHARACTERS = 512

/** Which fields are wanted, and where the values of the last record stand. */
export class FieldScan {
  readonly names: readonly string[]
  /** By slot: how a word begins that is the field. */
  readonly #words: readonly string[]
  /** The same behind a blank. */
  readonly #patterns: readonly string[]
  readonly #isUsual: boolean
  readonly #keySlot: number
  /** By slot: the record in which the field was looked for last. */
  readonly #askedIn: Float64Array
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  /** The text that the value stands in: the record's, or a key that was decoded. */
  readonly #sources: string[]
  /** By what auditd added: what it says by slot. Many records have the same. */
  readonly #addedBy = new Map<string, readonly (string | undefined)[]>()
  #added: readonly (string | undefined)[] | undefined
  #record = 0
  #text = ''
  #start = 0
  #end = 0
  /** Behind `msg='`; NONE if there is none. */
  #message = NONE

  constructor(names: readonly string[]) {
    this.names = names
    this.#words = names.map((name) => `${name}=`)
    this.#patterns = names.map((name) => ` ${name}=`)
    this.#isUsual = names.every((name) => USUAL_NAME.test(name) && name !== 'msg')
    this.#keySlot = names.indexOf('key')
    this.#askedIn = new Float64Array(names.length)
    this.#starts = new Int32Array(names.length)
    this.#ends = new Int32Array(names.length)
    this.#sources = names.map(() => '')
  }

  /**
   * Takes the next record: `start` is where the words behind its stamp begin, `end` where it ends for an expression. `areAll`:
   * SELinux's words without names are wanted, too.
   */
  begin(text: string, start: number, end: number, areAll: boolean): void {
    this.#record += 1
    this.#text = text
    this.#start = start
    this.#end = end
    this.#added = undefined
    if (areAll || !this.#isUsual || !this.#findMessage()) this.#take(auparseFields(text))
  }

  /** Whether the record has the field; asked before anything else about it. */
  has(slot: number): boolean {
    if (this.#askedIn[slot] !== this.#record) this.#find(slot)
    return (this.#starts[slot] ?? NONE) >= 0
  }

  source(slot: number): string {
    return this.#sources[slot] ?? ''
  }

  start(slot: number): number {
    return this.#starts[slot] ?? 0
  }

  end(slot: number): number {
    return this.#ends[slot] ?? 0
  }

  value(slot: number): string {
    return this.source(slot).slice(this.start(slot), this.end(slot))
  }

  /** What auditd added about a field; undefined if it did not. */
  added(slot: number): string | undefined {
    if (this.#end === this.#text.length) return undefined
    this.#added ??= this.#addedNow()
    return this.#added[slot]
  }

  /** Whether a second field may have this name, of a field that the record has. */
  isRepeated(slot: number): boolean {
    const behind = this.#ends[slot] ?? 0
    return this.#message !== NONE || this.#text.indexOf(this.#patterns[slot] ?? '', behind) !== NONE
  }

  /** Puts what stands before all that is searched. */
  put(slot: number, source: string, start: number, end: number): void {
    this.#askedIn[slot] = this.#record
    this.#sources[slot] = source
    this.#starts[slot] = start
    this.#ends[slot] = end
  }

  /** Takes the fields from a list of all. */
  #take(fields: AuparseFields): void {
    for (let slot = 0; slot < this.names.length; slot++) this.put(slot, '', NONE, NONE)
    for (let index = fields.length - 1; index >= 0; index--) {
      const field = fields[index]
      const slot = field === undefined ? NONE : this.names.indexOf(field.name)
      if (field === undefined || slot === NONE) continue
      const { value } = field
      this.put(slot, value, slot === this.#keySlot && value === '' ? NONE : 0, value.length)
    }
  }

  /** False if the record has words that only a list of all fields has right. */
  #findMessage(): boolean {
    const text = this.#text
    this.#message = NONE
    for (let at = text.indexOf('(', this.#start); at !== NONE; at = text.indexOf('(', at + 1))
      if (text.charCodeAt(at - 1) === BLANK_CODE) return false
    for (let at = text.indexOf("'", this.#start); at !== NONE; at = text.indexOf("'", at + 1)) {
      const start = at + 1 - MESSAGE.length
      if (start < this.#start || !text.startsWith(MESSAGE, start)) continue
      if (this.#message !== NONE || text.charCodeAt(at + 1) === OPENING_CODE) return false
      this.#message = at + 1
    }
    return true
  }

  #find(slot: number): void {
    this.#askedIn[slot] = this.#record
    this.#starts[slot] = NONE
    const pattern = this.#patterns[slot] ?? ''
    const text = this.#text
    let message = this.#message
    if (message !== NONE && !text.startsWith(this.#words[slot] ?? '', message)) message = NONE
    let at = text.indexOf(pattern, this.#start)
    while (at !== NONE || message !== NONE) {
      let value = at + pattern.length
      if (message !== NONE && (at === NONE || message < at)) {
        value = message + pattern.length - 1
        message = NONE
      } else {
        at = text.indexOf(pattern, value - 1)
      }
      if (value >= this.#end) return
      const blank = text.indexOf(' ', value)
      const end = blank === NONE || blank > this.#end ? this.#end : blank
      if (end !== value && this.#isFound(slot, value, trimmedEnd(text, value, end))) return
    }
  }

  #isFound(slot: number, start: number, end: number): boolean {
    const first = this.#text.charCodeAt(start)
    // Keys of several rules stand in hex.
    if (slot !== this.#keySlot || first === OPENING_CODE || (end > start && first === QUOTE_CODE)) {
      this.put(slot, this.#text, start, end)
      return true
    }
    const [key] = keyValues(this.#text.slice(start, end))
    if (key === undefined) return false
    this.put(slot, key, key === '' ? NONE : 0, key.length)
    return true
  }

  #addedNow(): readonly (string | undefined)[] {
    // From a NUL on nothing was added.
    const text = upToNul(this.#text.slice(this.#end + 1))
    const isAny = this.#text.charCodeAt(this.#end) !== 0
    const known = this.#addedBy.get(isAny ? text : '')
    if (known !== undefined) return known
    const added = isAny ? addedBySlot(text, this.#words) : []
    if (this.#addedBy.size >= MAX_ADDED) this.#addedBy.clear()
    // A slice would keep the whole record.
    if (text.length <= MAX_ADDED_CHARACTERS) this.#addedBy.set(isAny ? textCopy(text) : '', added)
    return added
  }
}

/** What auditd's words say, by slot; an address is taken as a whole by all of them. */
function addedBySlot(text: string, words: readonly string[]): readonly (string | undefined)[] {
  if (text.startsWith(SADDR)) return words.map(() => textCopy(text))
  const small = ` ${text.toLowerCase()}`
  return words.map((word) => {
    const found = small.indexOf(` ${word}`)
    if (found === NONE) return undefined
    const start = found + word.length
    const blank = text.indexOf(' ', start)
    return textCopy(text.slice(start, blank === NONE ? text.length : blank))
  })
}

/** A copy that keeps nothing else. */
export function textCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function upToNul(text: string): string {
  const nul = text.indexOf(NUL)
  return nul === NONE ? text : text.slice(0, nul)
}

/** Cuts one colon, one comma, one apostrophe and one closing parenthesis, in this order, each if it stands last then. */
export function trimmedEnd(text: string, start: number, wordsEnd: number): number {
  let end = wordsEnd
  const last = text.charCodeAt(end - 1)
  if (last > COLON_CODE) return end
  if (last === COLON_CODE) end -= 1
  if (end > start && text.charCodeAt(end - 1) === COMMA_CODE) end -= 1
  if (end > start && text.charCodeAt(end - 1) === APOSTROPHE_CODE) end -= 1
  if (end > start && text.charCodeAt(end - 1) === CLOSING_CODE && !NOTHING.has(text.slice(start, end))) end -= 1
  return end
}
