import { dirname, join, resolve } from 'node:path'
import type { FilePort } from './host.js'

/** As many symbolic links as the kernel follows in one path. */
const MAX_LINKS = 40

/** Follows every symbolic link of a path as if `root` were /, and answers with the path as seen from inside. */
export async function resolveInside(files: FilePort, root: string, path: string): Promise<string> {
  let links = 0
  let done = '/'
  let todo = partsOf(path)
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    const next = resolve(done, part)
    const found = await files.lstat(join(root, next))
    if (!found.isSymbolicLink()) {
      done = next
      continue
    }
    links += 1
    if (links > MAX_LINKS) throw new Error(`more than ${MAX_LINKS} symbolic links in ${path}`)
    const target = resolve(dirname(next), await files.readlink(join(root, next)))
    todo = [...partsOf(target), ...todo]
    done = '/'
  }
  return done
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
