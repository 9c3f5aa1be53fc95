/** Whether a prefix is wanted. In a pattern `*` stands for anything, also nothing; without patterns everything is wanted. */
export function prefixFilter(patterns: readonly string[]): (prefix: string) => boolean {
  if (patterns.length === 0) return () => true
  const parts = patterns.map((pattern) => Buffer.from(pattern).toString('latin1').split('*'))
  return (prefix) => parts.some((pieces) => fits(prefix, pieces))
}

/** `pieces` in their order, the first at the beginning and the last at the end: without going back, whatever the pattern is. */
function fits(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= text.length - last.length
}
