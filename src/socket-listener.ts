// Who listens on a Unix socket, without connecting to it: the kernel lists the sockets of this network namespace, and /proc says which
// process has one of them open.

import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorCode } from './config/error-code.js'

const PROC = '/proc'
export const SOCKET_TABLE = '/proc/net/unix'
/** Of a socket that somebody listens on: __SO_ACCEPTCON. */
const LISTENS = 0x10000
/** Num, RefCount, Protocol, Flags, Type, St, Inode; the path, which may hold blanks, is the rest. */
const FLAGS_COLUMN = 3
const INODE_COLUMN = 6
const PATH_COLUMN = 7

export type Listener =
  | { readonly kind: 'nobody' }
  /** The processes of others are seen by root alone. */
  | { readonly kind: 'unseen' }
  | { readonly kind: 'process'; readonly pid: number; readonly words: readonly string[] }

interface Listening {
  /** As it was given when the socket was made. */
  readonly path: string
  readonly inode: string
}

export function listenerOf(path: string): Listener {
  const real = realPlace(path)
  const inodes = listeningIn(quietly(() => readFileSync(SOCKET_TABLE, 'utf8'), ''))
    .filter((one) => basename(one.path) === basename(path) && realPlace(one.path) === real)
    .map(({ inode }) => inode)
  if (inodes.length === 0) return { kind: 'nobody' }
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`))
  const pid = readdirSync(PROC).find((name) => /^\d+$/.test(name) && hasOpen(join(PROC, name), links))
  if (pid === undefined) return { kind: 'unseen' }
  const words = quietly(() => readFileSync(join(PROC, pid, 'cmdline'), 'utf8'), '').split('\0')
  return { kind: 'process', pid: Number(pid), words: words.filter((word) => word !== '') }
}

/** Of the kernel's table those that somebody listens on. */
export function listeningIn(table: string): Listening[] {
  return table.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/)
    if ((Number.parseInt(words[FLAGS_COLUMN] ?? '0', 16) & LISTENS) === 0) return []
    return [{ path: words.slice(PATH_COLUMN).join(' '), inode: words[INODE_COLUMN] ?? '' }]
  })
}

/** /var/run is /run. */
function realPlace(path: string): string {
  return quietly(() => join(realpathSync(dirname(path)), basename(path)), path)
}

function hasOpen(dir: string, links: ReadonlySet<string>): boolean {
  const fds = quietly(() => readdirSync(join(dir, 'fd')), [])
  return fds.some((fd) => links.has(quietly(() => readlinkSync(join(dir, 'fd', fd)), '')))
}

/** What is gone, or is not for us to see, is not there. */
function quietly<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch (error) {
    if (errorCode(error) === '') throw error
    return otherwise
  }
}
