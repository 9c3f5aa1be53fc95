// The path of the socket. What stands there already is looked at first: a socket that nobody listens on is left over from a
// process that was killed, and is removed; one that somebody listens on, and everything that is no socket, is never touched.
//
// The socket gets its mode from the umask when it is made, so that at no time anybody can connect who may not. A group is
// given to it before the group may do anything. The end is here too: libuv removes whatever stands in the path when a
// server is closed, also if somebody has put something else there; so the file is removed if it is still the one that was
// made, and the server closed behind it, but never where something else stands.

import { chmodSync, lchownSync, lstatSync, realpathSync, statSync, unlinkSync, type Stats } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { errorCode } from './config/error-code.js'

const EVERYTHING = 0o777
const GROUP = 0o070
const WRITTEN_BY_OTHERS = 0o022
const STICKY = 0o1000
const ROOT = 0

/** What is wrong with the path, and the next step. */
export class SocketMistake extends Error {
  override readonly name = 'SocketMistake'
}

export interface SocketWishes {
  readonly path: string
  readonly mode: number
  readonly gid: number | undefined
}

export type Standing = 'nothing' | 'left-over'

/** Whether a socket stands in the path, whoever listens on it. Throws a SocketMistake if none could ever be made there. */
export function isSocketAt(path: string): boolean {
  checkDirectory(dirname(path))
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return false
  if (stats.isSocket()) return true
  throw new SocketMistake(`${path} is not a socket and is left alone: move it away, or give another path`)
}

/** What stands in the path. Throws a SocketMistake if no socket can be made there now. */
export async function look(path: string): Promise<Standing> {
  if (!isSocketAt(path)) return 'nothing'
  const code = await refusal(path)
  switch (code) {
    case 'ECONNREFUSED':
      return 'left-over'
    case 'ENOENT':
      return 'nothing'
    case '':
    case 'EAGAIN':
      throw new SocketMistake(`${path} is in use: a process listens there. End it, or give another path`)
    default:
      throw new SocketMistake(`${path} is a socket that cannot be told to be unused (${code}): remove it by hand`)
  }
}

/** A socket that listens, and knows which file is its own. */
export class SocketFile {
  readonly #path: string
  readonly #own: Stats
  readonly #server: Server

  private constructor(path: string, own: Stats, server: Server) {
    this.#path = path
    this.#own = own
    this.#server = server
  }

  /** Listens; throws a SocketMistake, or the error of a system call. */
  static async open(wishes: SocketWishes, welcome: (socket: Socket) => void): Promise<SocketFile> {
    const { path, mode, gid } = wishes
    if ((await look(path)) === 'left-over') unlinkSync(path)
    const server = createServer({ allowHalfOpen: true }, welcome)
    const first = gid === undefined ? mode : mode & ~GROUP
    const before = process.umask(EVERYTHING & ~first)
    try {
      // Makes the file before it returns.
      server.listen(path)
    } finally {
      process.umask(before)
    }
    await new Promise<void>((listening, fail) => {
      server.once('listening', listening).once('error', fail)
    })
    // Such as no more files: those who are connected are served. The program ends with its input, not with this.
    server.on('error', () => {}).unref()
    const own = lstatSync(path)
    const file = new SocketFile(path, own, server)
    try {
      if ((own.mode & EVERYTHING) !== first) throw new SocketMistake(`${path} has another mode than it was made with`)
      if (gid !== undefined) {
        lchownSync(path, own.uid, gid)
        chmodSync(path, mode)
      }
    } catch (error) {
      file.remove()
      throw error
    }
    return file
  }

  get isOurs(): boolean {
    return this.#standing() === 'ours'
  }

  /** Nobody is let in any more; who is stays. May be called twice. */
  remove(): void {
    const standing = this.#standing()
    if (standing === 'another') return
    try {
      if (standing === 'ours') unlinkSync(this.#path)
    } catch {
      // ENOENT: it has gone in between. EROFS, EACCES: it stays, and nobody answers there.
    }
    this.#server.close()
  }

  /** What cannot be looked at, such as behind a loop of links, is not known to be ours. */
  #standing(): 'ours' | 'another' | 'nothing' {
    try {
      const { ino, dev } = lstatSync(this.#path)
      return ino === this.#own.ino && dev === this.#own.dev ? 'ours' : 'another'
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? 'nothing' : 'another'
    }
  }
}

/** Whoever may write the directory of a socket may put another one in its place, and have its clients. */
function checkDirectory(dir: string): void {
  let real: string
  try {
    real = realpathSync(dir)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    throw new SocketMistake(`${dir} does not exist: make it, root's and mode 0755 or less, or give another path`)
  }
  if (!statSync(real).isDirectory()) throw new SocketMistake(`${dir} is not a directory`)
  if (process.geteuid?.() !== ROOT) return
  for (let at = real, isParent = true; ; at = dirname(at), isParent = false) {
    const { uid, gid, mode } = statSync(at)
    // In a sticky directory, such as /tmp, nobody can replace the directory of another.
    const isSafe = (mode & (gid === ROOT ? 0o002 : WRITTEN_BY_OTHERS)) === 0 || (!isParent && (mode & STICKY) !== 0)
    if (uid !== ROOT) throw new SocketMistake(`${at} belongs to user ${uid}; it must be root's (chown root)`)
    if (!isSafe) throw new SocketMistake(`others than root may write ${at} (chmod go-w), or give another path`)
    if (at === '/') return
  }
}

/** The code of the error of connecting; '' if somebody listens. */
async function refusal(path: string): Promise<string> {
  return new Promise((tell) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      tell('')
    })
    socket.on('error', (error) => {
      tell(errorCode(error) || error.message)
    })
  })
}
