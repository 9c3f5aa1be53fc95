interface Flag {
  readonly mask: number
  readonly name: string
}

/** Tables that were needed, by their text: as many as there are tables. */
const taken = new Map<string, readonly Flag[]>()

/** The names of the flags in a number, in their table's order. A table has a mask in hex before each name. */
export function flagNames(table: string, bits: number): string[] {
  return flagsIn(table)
    .filter(({ mask }) => (mask & bits) !== 0)
    .map(({ name }) => name)
}

function flagsIn(table: string): readonly Flag[] {
  const known = taken.get(table)
  if (known !== undefined) return known
  const flags = [...table.matchAll(/(\S+)\s(\S+)/g)].map(([, mask = '', name = '']) => ({
    mask: Number.parseInt(mask, 16),
    name,
  }))
  taken.set(table, flags)
  return flags
}
