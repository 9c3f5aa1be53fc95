const LF = 0x0a
const NUL = 0x00
const BLANK = 0x20

/**
 * The line that a MESSAGE brings, with its LF; undefined if it brings none. Whatever it says is kept: it is evidence of what was sent.
 * Only what would end a line or a record stands as a blank, as auditd hands it to its plugins: LF and NUL. One LF at the end is the
 * line's own, and NULs behind it are the end of a C string.
 */
export function receivedLine(payload: Buffer): Buffer | undefined {
  let end = payload.length
  while (end > 0 && payload[end - 1] === NUL) end--
  if (end > 0 && payload[end - 1] === LF) end--
  if (end === 0) return undefined
  const line = Buffer.allocUnsafe(end + 1)
  payload.copy(line, 0, 0, end)
  line[end] = LF
  replace(line, LF, end)
  replace(line, NUL, end)
  return line
}

function replace(line: Buffer, byte: number, end: number): void {
  for (let at = line.indexOf(byte); at >= 0 && at < end; at = line.indexOf(byte, at + 1)) line[at] = BLANK
}
