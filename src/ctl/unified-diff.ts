const CONTEXT_LINES = 3
/** Above this many pairs of differing lines the middle is shown as replaced whole, instead of compared. */
const MAX_COMPARED_PAIRS = 4_000_000

export interface DiffSide {
  readonly name: string
  readonly text: string
}

interface DiffLine {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** The difference of two texts as `diff -u` prints it; empty when they are equal. */
export function unifiedDiff(before: DiffSide, after: DiffSide): string {
  if (before.text === after.text) return ''
  const lines = compare(linesOf(before.text), linesOf(after.text))
  return `--- ${before.name}\n+++ ${after.name}\n${hunksOf(lines).join('')}`
}

/** Lines with their newline, so that a last line without one differs from the same line with one. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  return [
    ...before.slice(0, head).map((text) => ({ sign: ' ', text }) as const),
    ...compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map((text) => ({ sign: ' ', text }) as const),
  ]
}

/** Walks a table of longest common subsequences; where two ways are as long, removals come first, as in diff. */
function compareMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const width = after.length + 1
  const compared = before.length * after.length <= MAX_COMPARED_PAIRS
  const common = new Uint32Array(compared ? (before.length + 1) * width : 0)
  const at = (row: number, column: number): number => common[row * width + column] ?? 0
  for (let row = compared ? before.length - 1 : -1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const longest = Math.max(at(row + 1, column), at(row, column + 1))
      common[row * width + column] = before[row] === after[column] ? at(row + 1, column + 1) + 1 : longest
    }
  }
  const lines: DiffLine[] = []
  let row = 0
  let column = 0
  while (row < before.length || column < after.length) {
    const old = before[row]
    const young = after[column]
    if (compared && old !== undefined && old === young) {
      lines.push({ sign: ' ', text: old })
      row += 1
      column += 1
    } else if (old !== undefined && (young === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ sign: '-', text: old })
      row += 1
    } else if (young !== undefined) {
      lines.push({ sign: '+', text: young })
      column += 1
    }
  }
  return lines
}

/** Cuts the lines into hunks: each change with its context, and changes whose contexts meet together. */
function hunksOf(lines: readonly DiffLine[]): string[] {
  const hunks: string[] = []
  let from = lines.findIndex(isChange)
  while (from !== -1) {
    let last = from
    for (let index = from; index < lines.length && index <= last + 2 * CONTEXT_LINES + 1; index += 1) {
      if (isChange(lines[index])) last = index
    }
    hunks.push(hunk(lines, Math.max(0, from - CONTEXT_LINES), last + CONTEXT_LINES + 1))
    const next = lines.slice(last + 1).findIndex(isChange)
    from = next === -1 ? -1 : last + 1 + next
  }
  return hunks
}

function isChange(line: DiffLine | undefined): boolean {
  return line !== undefined && line.sign !== ' '
}

function hunk(lines: readonly DiffLine[], from: number, to: number): string {
  const earlier = lines.slice(0, from)
  const shown = lines.slice(from, to)
  const ranges = (['-', '+'] as const).map((sign) => {
    const isOnSide = (line: DiffLine): boolean => line.sign === sign || line.sign === ' '
    const count = shown.filter(isOnSide).length
    // An empty range names the line before it; a range of one line goes without its count.
    const start = earlier.filter(isOnSide).length + (count === 0 ? 0 : 1)
    return `${sign}${start}${count === 1 ? '' : `,${count}`}`
  })
  const body = shown.map(({ sign, text }) =>
    text.endsWith('\n') ? `${sign}${text}` : `${sign}${text}\n\\ No newline at end of file\n`,
  )
  return `@@ ${ranges.join(' ')} @@\n${body.join('')}`
}
