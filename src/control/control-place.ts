// Where the daemon's sockets are, and who can get at them.

import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorCode } from '../config/error-code.js'
import { SocketMistake } from '../socket-file.js'

/** Beside the control socket, where `control_group` is set. */
const STATUS_SOCKET_NAME = 'status.sock'
const PRIVATE = 0o700
const ENTER_OTHERS = 0o001
const ENTER_GROUP = 0o010
const READ_OR_WRITE_GROUP = 0o060
const PERMISSIONS = 0o7777
/** The group that is nobody's but root's. */
const ROOT = 0
/** What sun_path holds, less its closing NUL; of a longer path libuv would take the beginning. */
const MAX_PATH_BYTES = 107

/** The socket for those who may only read the status. */
export function statusSocketBeside(controlSocket: string): string {
  return join(dirname(controlSocket), STATUS_SOCKET_NAME)
}

/** Throws a SocketMistake where no socket can have that name. */
export function checkLength(socket: string): void {
  const bytes = Buffer.byteLength(socket)
  if (bytes <= MAX_PATH_BYTES) return
  throw new SocketMistake(
    `${socket} has ${bytes} bytes, and a socket's path at most ${MAX_PATH_BYTES}: set control_socket`,
  )
}

/** The directory of a socket is made unless it is there; not with all its parents. */
export function makeDirOf(socket: string): void {
  try {
    mkdirSync(dirname(socket), { mode: PRIVATE })
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

/**
 * A group can only get at its socket if it may enter the directory. One that is another user's is that user's affair; one that another
 * group may read stays that group's. Throws a SocketMistake.
 */
export function letGroupIn(socket: string, gid: number): void {
  const dir = dirname(socket)
  const stat = lstatSync(dir)
  const isOpen = (stat.mode & ENTER_OTHERS) !== 0 || (stat.gid === gid && (stat.mode & ENTER_GROUP) !== 0)
  if (isOpen || !stat.isDirectory() || stat.uid !== process.geteuid?.()) return
  if ((stat.mode & READ_OR_WRITE_GROUP) !== 0 && stat.gid !== gid && stat.gid !== ROOT) {
    throw new SocketMistake(`${dir} is for another group: let this one enter it (chmod o+x), or set control_socket`)
  }
  chownSync(dir, stat.uid, gid)
  chmodSync(dir, (stat.mode & PERMISSIONS) | ENTER_GROUP)
}
