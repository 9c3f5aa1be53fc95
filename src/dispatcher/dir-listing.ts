import { join } from 'node:path'
import { errorText, type Disk } from '../config/disk.js'
import { dropInName } from './drop-in-name.js'
import { errorCode } from '../config/error-code.js'

/** The names in a directory, sorted. */
export type Listing =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly text: string }

/** Lists a directory. Only one that does not exist counts as empty: not seeing plugins must not read as having none. */
export function list(dir: string, disk: Disk): Listing {
  try {
    return { kind: 'names', names: [...disk.list(dir)].sort() }
  } catch (error) {
    const code = errorCode(error)
    if (code === '') throw error
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', text: errorText(error) }
  }
}

/** A text that changes whenever a drop-in in one of the directories does; whatever else lies there does not count. */
export function digestOf(dirs: readonly string[], disk: Disk): string {
  return JSON.stringify(dirs.map((dir) => digestOfOne(dir, disk)))
}

function digestOfOne(dir: string, disk: Disk): unknown {
  const listing = list(dir, disk)
  if (listing.kind !== 'names') return listing.kind
  const counting = listing.names.filter((name) => dropInName(name).kind !== 'ignored')
  return counting.map((name) => [name, stateOf(join(dir, name), disk)])
}

function stateOf(file: string, disk: Disk): unknown {
  try {
    const { kind, uid, gid, mode, identity } = disk.stat(file)
    return [kind, uid, gid, mode, identity]
  } catch (error) {
    const code = errorCode(error)
    if (code === '') throw error
    return code
  }
}
