import Table from 'cli-table3'

const GAP = '  '
/** No lines at all: what is shown stays something that awk and cut can read. */
const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: GAP,
} as const

export interface ColumnsOptions {
  readonly head?: readonly string[]
  /** The columns whose cells end at the same place, by number from 0. */
  readonly right?: readonly number[]
}

/**
 * Rows as lines of text, every column as wide as its widest cell; '' without a row and a head. Cells may be painted: their escape
 * sequences take no room. What comes from elsewhere has to be made harmless before.
 */
export function columns(rows: readonly (readonly string[])[], { head, right = [] }: ColumnsOptions = {}): string {
  const all = head === undefined ? rows : [head, ...rows]
  if (all.length === 0) return ''
  const count = Math.max(...all.map((row) => row.length))
  const table = new Table({
    chars: NO_LINES,
    colAligns: Array.from({ length: count }, (_, column) => (right.includes(column) ? 'right' : 'left')),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  })
  // A short row is filled up: the library's own filling is as wide as its lines, and we have none.
  for (const row of all) table.push([...row, ...Array<string>(count - row.length).fill('')])
  const lines = table.toString().split('\n')
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}
