/** Tables that were needed, by their text: as many as there are tables. */
const taken = new Map<string, ReadonlyMap<number, string>>()

/** The names in a table of src/sdk/tables: words in their order; a number says where the words after it stand. */
export function namesIn(table: string): ReadonlyMap<number, string> {
  const known = taken.get(table)
  if (known !== undefined) return known
  const names = new Map<number, string>()
  let number = 0
  for (const word of table.trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) number = Number(word)
    else names.set(number++, word)
  }
  taken.set(table, names)
  return names
}
