// Configuration files are edited byte for byte, whatever their encoding: one character stands for one byte.

export function bytesToText(bytes: Buffer): string {
  return bytes.toString('latin1')
}

export function textToBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** An ordinary string, such as a path, as it stands in such a text. */
export function intoText(ordinary: string): string {
  return bytesToText(Buffer.from(ordinary))
}

/** A piece of such a text as an ordinary string. */
export function outOfText(text: string): string {
  return textToBytes(text).toString()
}
