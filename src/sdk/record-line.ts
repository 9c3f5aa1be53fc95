const LF = 0x0a
const NUL = 0x00
const BLANK = 0x20

/** The record as it may stand in a line: LF and NUL at its end go, inside they become blanks, as auditd has it. */
export function asLine(given: Buffer | string): Buffer {
  const record = typeof given === 'string' ? Buffer.from(given) : given
  let end = record.length
  while (end > 0 && (record[end - 1] === LF || record[end - 1] === NUL)) end--
  const line = record.subarray(0, end)
  if (!line.includes(LF) && !line.includes(NUL)) return line
  return Buffer.from(line.map((byte) => (byte === LF || byte === NUL ? BLANK : byte)))
}
