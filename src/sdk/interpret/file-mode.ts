const FILE_TYPE = 0o170000
const PERMISSIONS = 0o777
const SPECIAL: readonly (readonly [bit: number, name: string])[] = [
  [0o4000, 'suid'],
  [0o2000, 'sgid'],
  [0o1000, 'sticky'],
]
const TYPES: ReadonlyMap<number, string> = new Map([
  [0o140000, 'socket'],
  [0o120000, 'link'],
  [0o100000, 'file'],
  [0o060000, 'block'],
  [0o040000, 'dir'],
  [0o020000, 'character'],
  [0o010000, 'fifo'],
])

/** What kind of file, and what may be done with it: `file,suid,755`. */
export function fileMode(mode: number): string {
  const type = TYPES.get(mode & FILE_TYPE) ?? octal((mode & FILE_TYPE) >> 12)
  return [type, ...specials(mode), octal(mode & PERMISSIONS)].join(',')
}

/** What may be done with a file: `suid,0755`. */
export function permissions(mode: number): string {
  return [...specials(mode), `0${octal(mode & PERMISSIONS)}`].join(',')
}

function specials(mode: number): string[] {
  return SPECIAL.filter(([bit]) => (mode & bit) !== 0).map(([, name]) => name)
}

function octal(number: number): string {
  return number.toString(8).padStart(3, '0')
}
