/** ` (did you mean 'x'?)` with the likeliest of the candidates, or '' when none is near. Case does not count. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word.toLowerCase(), candidates)
  return near === undefined ? '' : ` (did you mean '${near}'?)`
}

function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  // One slip in a short word, more in a long one: beyond that a guess misleads.
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const far = Math.abs(candidate.length - word.length)
    if (far >= bestDistance) continue
    const distance = slips(word, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Letters to insert, remove, replace, or swap with their neighbour to make one word of the other. */
function slips(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(beforeLast, j - 2) + 1)
      }
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
