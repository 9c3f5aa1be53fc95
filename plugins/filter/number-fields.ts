/** The fields that hold a uid or a gid, as the field dictionary of libauparse has them; only these have a value to compare. */
const NUMBER_FIELDS: ReadonlySet<string> = new Set(
  [
    'auid uid euid suid fsuid ouid oauid old-auid iuid id inode_uid sauid obj_uid',
    'obj_gid gid egid sgid fsgid ogid igid inode_gid new_gid',
  ].flatMap((names) => names.split(' ')),
)

/** Whether `<`, `==` and so on may be said of this field. */
export function holdsNumber(field: string): boolean {
  return NUMBER_FIELDS.has(field)
}
