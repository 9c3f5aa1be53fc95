// What audisp-syslog's `interpret` makes of a record, by libauparse's reading of it.

import { auparseFields, Interpreter, readAccounts, readRecord, type AuparseFields } from '../../src/sdk/index.js'

const MS = 1000
const LF = 0x0a

/** A record as audisp-syslog writes it with `interpret`; undefined for what it leaves out: EOE, and what is no record. */
export function compatInterpret(): (line: Buffer) => Buffer | undefined {
  const interpreter = new Interpreter(readAccounts())
  return (line) => {
    const text = line.at(-1) === LF ? line.subarray(0, -1) : line
    const record = readRecord(text)
    if (record === undefined || record.typeName === 'EOE') return undefined
    const fields = auparseFields(text)
    const said = fields.map(({ name }, index) => `${name}=${meaning(interpreter, fields, index)} `)
    const behindType = fields.findIndex(({ name }) => name === 'type') + 1
    said.splice(behindType, 0, behindType > 0 ? `msg=audit(${shortTime(record.seconds)}) : ` : '')
    return Buffer.from(said.join(''), 'latin1')
  }
}

/** A socket address is its address, or its family where it has none; a file's name is its whole path. */
function meaning(interpreter: Interpreter, fields: AuparseFields, index: number): string {
  const address = interpreter.socketPart(fields, index, 'laddr') ?? interpreter.socketPart(fields, index, 'fam')
  if (address !== undefined) return address
  return interpreter.kind(fields, index) === 'sockaddr' ? '?' : interpreter.realPath(fields, index, undefined)
}

/** As `%x %T` writes it without a locale, in local time. */
function shortTime(seconds: number): string {
  const date = new Date(seconds * MS)
  const two = (each: number): string => String(each).padStart(2, '0')
  const day = [date.getMonth() + 1, date.getDate(), date.getFullYear() % 100].map(two).join('/')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
