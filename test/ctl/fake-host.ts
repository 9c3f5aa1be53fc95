// A host whose / is a directory of the test, and whose programs are functions of the test.
import type { Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FilePort, Host } from '../../src/ctl/host.js'

const OWN_UID = process.getuid?.() ?? 0

export interface FakeHost extends Host {
  readonly printed: () => { readonly out: string; readonly warned: string }
  readonly killed: readonly (readonly [pid: number, signal: string])[]
}

export interface FakeParts {
  readonly files?: Partial<FilePort>
  readonly uid?: number
  readonly answer?: boolean
  /** What programs print, by path. */
  readonly programs?: Readonly<Record<string, string>>
  readonly kill?: Host['kill']
  readonly env?: Host['env']
  readonly terminal?: Host['terminal']
}

export function fakeHost(root: string, parts: FakeParts = {}): FakeHost {
  const out: Buffer[] = []
  const warned: string[] = []
  const killed: [number, string][] = []
  const { answer, programs = {} } = parts
  return {
    files: { ...jailed(root), ...parts.files },
    uid: parts.uid ?? 0,
    gid: parts.uid ?? 0,
    node: '/usr/bin/node',
    run: (program) => Promise.resolve(programs[program]),
    kill: parts.kill ?? ((pid, signal) => killed.push([pid, signal])),
    out: (bytes) => out.push(Buffer.from(bytes)),
    drained: () => Promise.resolve(true),
    warn: (text) => warned.push(text),
    env: parts.env ?? {},
    terminal: parts.terminal,
    ask:
      answer === undefined
        ? undefined
        : (question) => {
            warned.push(question)
            return Promise.resolve(answer)
          },
    printed: () => ({ out: Buffer.concat(out).toString(), warned: warned.join('') }),
    killed,
  }
}

/** The file system under a directory; what belongs to the user who runs the tests counts as root's. */
export function jailed(root: string): FilePort {
  const inside = (path: string): string => join(root, path)
  return {
    access: (path, mode) => fs.access(inside(path), mode),
    lstat: async (path) => asRoots(await fs.lstat(inside(path))),
    open: async (path, flags, mode) => {
      const file = await fs.open(inside(path), flags, mode)
      return {
        writeFile: (bytes) => file.writeFile(bytes),
        stat: async () => asRoots(await file.stat()),
        chown: (uid, gid) => file.chown(uid, gid),
        chmod: (bits) => file.chmod(bits),
        sync: () => file.sync(),
        close: () => file.close(),
      }
    },
    readFile: (path) => fs.readFile(inside(path)),
    readdir: (path) => fs.readdir(inside(path)),
    readlink: (path) => fs.readlink(inside(path)),
    rename: (from, to) => fs.rename(inside(from), inside(to)),
    stat: async (path) => asRoots(await fs.stat(inside(path))),
    unlink: (path) => fs.unlink(inside(path)),
  }
}

function asRoots(found: Stats): Stats {
  if (found.uid !== OWN_UID) return found
  return Object.assign(found, { uid: 0, gid: 0 })
}

/** A system with one file a key; the keys are absolute paths. */
export async function plant(root: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await fs.mkdir(join(root, dirname(path)), { recursive: true })
    await fs.writeFile(join(root, path), content)
    // Whatever the umask of whoever runs the tests.
    await fs.chmod(join(root, path), path.includes('/etc/') ? 0o640 : 0o755)
  }
}

/** Every file below a directory with its content, for comparing a system before and after. */
export async function everything(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await fs.readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) found[path.slice(root.length)] = await fs.readFile(path, 'latin1')
  }
  return found
}
