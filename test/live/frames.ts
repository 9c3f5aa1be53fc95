// What a binary plugin gets: a header of 16 bytes, then exactly as many bytes as it says.

const HEADER_BYTES = 16
const SIZE_OFFSET = 12

/** The payloads, one character a byte, as a string plugin has them: LFs and NULs are blanks there, and the last blank is cut. */
export function payloadsIn(stream: string): string[] {
  const bytes = Buffer.from(stream, 'latin1')
  const payloads: string[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at + SIZE_OFFSET)
    if (end > bytes.length) throw new Error(`the frame at ${at} ends behind the last byte`)
    payloads.push(
      bytes
        .toString('latin1', at + HEADER_BYTES, end)
        .replaceAll('\n', ' ')
        .replace(/ $/, ''),
    )
    at = end
  }
  return payloads
}
