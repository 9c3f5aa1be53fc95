const SUFFIX = '.conf'
/** The name stands in records, on command lines and in paths. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_@+-]{0,63}$/

/** What a file's name makes of it. */
export type DropInName =
  | { readonly kind: 'drop-in'; readonly name: string }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly name: string; readonly text: string }

/** Sorts drop-ins from what editors and package managers leave beside them. */
export function dropInName(fileName: string): DropInName {
  if (fileName.startsWith('.')) return { kind: 'ignored', reason: 'its name begins with a dot' }
  if (fileName.indexOf('.') !== fileName.lastIndexOf('.')) {
    return { kind: 'ignored', reason: 'its name has more than one dot' }
  }
  if (!fileName.endsWith(SUFFIX)) return { kind: 'ignored', reason: `its name does not end in ${SUFFIX}` }
  const name = fileName.slice(0, -SUFFIX.length)
  if (NAME.test(name)) return { kind: 'drop-in', name }
  return { kind: 'invalid', name, text: 'a drop-in is named with 1 to 64 of A-Z, a-z, 0-9, _, -, + and @' }
}
