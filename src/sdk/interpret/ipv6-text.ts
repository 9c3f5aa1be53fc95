/** An address of 16 bytes as the C library writes it; a scope is a number after `%`. */
export function ipv6Text(bytes: Buffer, scope: number): string {
  const text = addressText(
    Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2)),
    bytes,
  )
  return scope === 0 ? text : `${text}%${scope}`
}

function addressText(words: readonly number[], bytes: Buffer): string {
  const { start, length } = longestZeros(words)
  if (length < 2) return words.map(hex).join(':')
  const dotted = start === 0 && (length === 6 || (length === 5 && words[5] === 0xffff))
  if (dotted) return `::${length === 5 ? 'ffff:' : ''}${bytes.subarray(12, 16).join('.')}`
  return `${words.slice(0, start).map(hex).join(':')}::${words
    .slice(start + length)
    .map(hex)
    .join(':')}`
}

/** The first of the longest runs of zeros. */
function longestZeros(words: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  for (const [start] of words.entries()) {
    const end = words.findIndex((word, index) => index >= start && word !== 0)
    const length = (end === -1 ? words.length : end) - start
    if (length > best.length) best = { start, length }
  }
  return best
}

function hex(word: number): string {
  return word.toString(16)
}
