import { STRING, type Format } from '../../src/dispatcher/format.js'
import { exactFrame, LONGEST_PAYLOAD } from '../protocol/wire.js'

/** A record that tells its number; a binary one may hold any bytes, so LF as well. */
export function recordOf(format: Format, serial: number, size: number): Buffer {
  if (format === STRING) return Buffer.from(`${`type=EOE ${serial} `.padEnd(size - 1, '.')}\n`)
  const payload = Buffer.from(`${serial}\n`.padEnd(Math.min(size, LONGEST_PAYLOAD), '\n'))
  return exactFrame({ version: 0, type: 1300, payload })
}
