// The daemon's own records: type TRUSTED_APP, laid out as user-space programs write theirs, so that ausearch and aureport
// read them as they read any other.

/** Who writes: the daemon's process, as audit names it. */
export interface Author {
  readonly pid: number
  readonly uid: number
  readonly auid: number
  readonly ses: number
}

export interface OwnRecord {
  readonly op: string
  /** Written as they stand if they are words or numbers, else quoted or hex-encoded as audit does; bytes always in hex. */
  readonly fields: Readonly<Record<string, string | number | Uint8Array>>
  readonly success: boolean
}

/** One line with its LF. `node`: empty, or what `node=` says; `timeMs`: since the epoch. */
export function ownRecordLine(record: OwnRecord, author: Author, node: string, timeMs: number, serial: number): Buffer {
  const time = `${Math.floor(timeMs / 1000)}.${String(Math.floor(timeMs) % 1000).padStart(3, '0')}`
  const who = `pid=${author.pid} uid=${author.uid} auid=${author.auid} ses=${author.ses}`
  const fields = Object.entries(record.fields).map(([name, value]) => ` ${name}=${auditValue(value)}`)
  const text = `op=${record.op}${fields.join('')} res=${record.success ? 'success' : 'failed'}`
  const prefix = node === '' ? '' : `node=${node} `
  return Buffer.from(`${prefix}type=TRUSTED_APP msg=audit(${time}:${serial}): ${who} msg='${text}'\n`)
}

/**
 * A value as audit writes it: numbers and plain words bare, other harmless text in double quotes, anything else in hex.
 * Bytes are what somebody else has sent, and stand in hex whatever they look like.
 */
export function auditValue(value: string | number | Uint8Array): string {
  // A name without a value would be no field any more.
  if (value === '' || (typeof value === 'object' && value.length === 0)) return '""'
  if (typeof value === 'object') return hex(value)
  if (typeof value === 'number' || /^[A-Za-z0-9._:,+-]+$/.test(value))
    return isHexLike(value) ? `"${value}"` : `${value}`
  if (/^[\x20-\x7e]+$/.test(value) && !/["']/.test(value)) return `"${value}"`
  return hex(Buffer.from(value))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase()
}

/** A bare word that a reader would take for a hex-encoded one. */
function isHexLike(value: string | number): boolean {
  return typeof value === 'string' && value.length % 2 === 0 && /^[0-9A-F]+$/.test(value) && /[A-F]/.test(value)
}
