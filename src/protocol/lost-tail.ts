import { withoutTrailingNuls } from './record.js'

/** The releases of auditd that leave the last 16 bytes of the kernel's records out of what plugins get. */
export const LOST_TAIL_RELEASES: readonly string[] = ['4.2', '4.2.1']

const EOE = 1320
const PARENTHESIS = 0x29
const QUOTE = 0x27
const BLANK = 0x20
const MESSAGE_FIELD = "msg='"
// The kernel itself cuts a message that reaches its limit, and the closing quote with it.
const LONGEST_UNCUT_BYTES = 8000
const ENOUGH = 3

/**
 * Recognises version 0 records that end too early although their sizes are consistent. An end-of-event record is cut
 * within its time stamp, which nothing else does; a message of a program without its closing quote is a weaker sign.
 * One record proves little (it may be damaged), so it takes several in a row, and a whole one starts the count again.
 */
export class LostTail {
  #signs = 0

  /** Takes a version 0 record; true once enough of them in a row are short. */
  recognisedIn(type: number, bytes: Buffer, start: number, end: number): boolean {
    if (type === EOE) return this.#count(lacksTimeStamp(bytes, start, end) ? 2 : 0)
    if (!isMessage(type) || end - start > LONGEST_UNCUT_BYTES) return false
    if (bytes[end - 1] === QUOTE) return this.#count(0)
    return lacksQuote(bytes, start, end) && this.#count(1)
  }

  #count(signs: number): boolean {
    this.#signs = signs === 0 ? 0 : this.#signs + signs
    return this.#signs >= ENOUGH
  }
}

function lacksTimeStamp(bytes: Buffer, start: number, end: number): boolean {
  return bytes[end - 1] !== BLANK && !bytes.subarray(start, end).includes(PARENTHESIS)
}

/** The kernel's ranges for records that programs send. */
function isMessage(type: number): boolean {
  return (type >= 1100 && type <= 1199) || (type >= 2100 && type <= 2999)
}

function lacksQuote(bytes: Buffer, start: number, end: number): boolean {
  const text = bytes.subarray(start, withoutTrailingNuls(bytes, start, end))
  const message = text.indexOf(MESSAGE_FIELD)
  return message !== -1 && !text.includes(QUOTE, message + MESSAGE_FIELD.length)
}
