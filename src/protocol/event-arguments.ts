// The arguments of a started program. The kernel writes them into EXECVE records as a0, a1, ...; as many records as it takes.
// One that is too long for a record comes in pieces, `a1_len=40000 a1[0]=... a1[1]=...`, over several of them; the length
// counts characters as they are written, so hex digits count twice.

import type { AuditRecord } from './record-fields.js'

const EXECVE = 1309
const COUNT = /^\d{1,10}$/
const PART = /^a(\d{1,7})(?:\[(\d{1,7})\]|(_len))?$/

/** What a program was started with. */
export interface ExecArguments {
  /** The arguments from the program's name on, up to the first that is missing. Bytes that are not UTF-8 become U+FFFD. */
  readonly list: readonly string[]
  /** How many the kernel says there are; undefined if the record that says so is missing. */
  readonly count: number | undefined
  /** Whether all of them are in the list, each in its whole length. */
  readonly isWhole: boolean
}

interface Argument {
  /** As long as the kernel says, in characters as they are written. */
  claimedLength: number | undefined
  writtenLength: number
  readonly pieces: Map<number, Buffer>
}

/** Puts the arguments together out of the EXECVE records among these, in any order; undefined if there is no such record. */
export function execArguments(records: Iterable<AuditRecord>): ExecArguments | undefined {
  const found = new Map<number, Argument>()
  const execs = [...records].filter(({ type }) => type === EXECVE)
  if (execs.length === 0) return undefined
  for (const record of execs) takeArguments(record, found)
  const claimed = execs.map((record) => record.get('argc')).find((value) => value !== undefined)
  const count = claimed !== undefined && COUNT.test(claimed) ? Number(claimed) : undefined
  // What stands behind a gap is not told: nothing is made as long as a record only claims to be.
  const list: string[] = []
  let areWhole = true
  for (let argument = found.get(0); argument !== undefined; argument = found.get(list.length)) {
    const pieces = piecesInOrder(argument)
    areWhole &&= pieces.length === argument.pieces.size
    areWhole &&= argument.claimedLength === undefined || argument.claimedLength === argument.writtenLength
    list.push(Buffer.concat(pieces).toString('utf8'))
  }
  return { list, count, isWhole: areWhole && list.length === count }
}

function takeArguments(record: AuditRecord, found: Map<number, Argument>): void {
  for (const field of record.fields()) {
    const [, digits, piece = '0', length] = PART.exec(field.key) ?? []
    if (digits === undefined) continue
    const argument = found.get(Number(digits)) ?? newArgument(found, Number(digits))
    if (length !== undefined) {
      argument.claimedLength ??= Number(field.value)
    } else if (!argument.pieces.has(Number(piece))) {
      argument.pieces.set(Number(piece), field.bytes)
      argument.writtenLength += field.value.length
    }
  }
}

function newArgument(found: Map<number, Argument>, index: number): Argument {
  const argument = { claimedLength: undefined, writtenLength: 0, pieces: new Map<number, Buffer>() }
  found.set(index, argument)
  return argument
}

function piecesInOrder({ pieces }: Argument): Buffer[] {
  const inOrder: Buffer[] = []
  for (let piece = pieces.get(0); piece !== undefined; piece = pieces.get(inOrder.length)) inOrder.push(piece)
  return inOrder
}
