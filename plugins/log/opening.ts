// What a start finds, put in order; see log-file.ts for what there can be. Nothing that was written by anybody is thrown away but what
// comes again: torn ends go into a file of their own.

import type { LogDisk } from './log-disk.js'
import { copyName } from './packer.js'
import type { Shelf } from './shelf.js'
import type { State } from './state-file.js'
import { areMembers, endOfLines, timeOfLast } from './whole-lines.js'
import type { Tell } from './sink.js'

const GZ = '.gz'
/** More than one write of ours is not torn, but something else. */
const MAX_TORN_BYTES = 16 * 1024 * 1024
const LF = Buffer.from('\n')

export interface OpeningHost {
  readonly disk: LogDisk
  readonly shelf: Shelf
  readonly gid: number
  /** Names say when a file ended: only the same run goes on with a file. */
  readonly isTimed: boolean
  readonly nowMs: () => number
  readonly log: Tell
}

/** `run` is that of the dispatcher, empty if it has none. */
export async function putInOrder(host: OpeningHost, state: State | undefined, run: string): Promise<void> {
  const { disk, shelf } = host
  disk.remove(shelf.path(copyName(shelf.base)))
  shelf.removeTwins()
  for (const name of shelf.naming.strays(shelf.names())) {
    await cutTorn(host, name, state)
    await retire(host, name)
  }
  const name = shelf.naming.current(shelf.names())
  if (name === undefined) return
  const found = disk.look(shelf.path(name))
  const isOurs = state !== undefined && found?.id === state.file
  const isSameRun = isOurs && run !== '' && state.run === run
  if (isSameRun) cutBack(host, name, state)
  else if (!(await cutTorn(host, name, state))) await retire(host, name)
  if (shelf.naming.current(shelf.names()) !== name) return
  const isBegun = (disk.look(shelf.path(name))?.bytes ?? 0) > 0
  if (isBegun && ((host.isTimed && !isSameRun) || shelf.naming.isInterrupted(shelf.names()))) await retire(host, name)
}

async function retire({ disk, shelf, nowMs }: OpeningHost, name: string): Promise<void> {
  const found = disk.look(shelf.path(name))
  const endMs = await timeOfLast(shelf.path(name), found?.bytes ?? 0)
  shelf.retire(name, endMs ?? found?.modifiedMs ?? nowMs())
}

/** The dispatcher sends again what was not acknowledged: with what stands there already it would be there twice. */
function cutBack({ disk, shelf, gid, log }: OpeningHost, name: string, { offset }: State): void {
  const fd = disk.open(shelf.path(name), gid)
  try {
    const { bytes } = disk.of(fd)
    if (bytes < offset)
      log('error', 'the log is shorter than it was; somebody has cut it', { file: name, bytes, was: offset })
    if (bytes <= offset) return
    disk.cut(fd, offset)
    log('info', 'records that were not acknowledged are cut off, as they come again', {
      file: name,
      bytes: bytes - offset,
    })
  } finally {
    disk.close(fd)
  }
}

/** Takes a torn end away; false if nobody knows where it begins, and the file is to be left as it is. */
async function cutTorn(host: OpeningHost, name: string, state: State | undefined): Promise<boolean> {
  const { disk, shelf, gid, log } = host
  const fd = disk.open(shelf.path(name), gid)
  try {
    const { id, bytes } = disk.of(fd)
    const known = state?.file === id ? Math.min(state.offset, bytes) : 0
    let end = bytes
    if (!name.endsWith(GZ)) end = endOfLines(disk, fd, bytes)
    else if (bytes > known && !(await areMembers(disk, fd, known, bytes))) end = known
    if (end === bytes) return true
    if ((end === 0 && name.endsWith(GZ)) || bytes - end > MAX_TORN_BYTES) {
      log('warn', 'the end of a file is not what we write; it stays as it is, and another one is begun', { file: name })
      return false
    }
    await setAside(host, disk.read(fd, end, bytes - end))
    disk.cut(fd, end)
    const aside = `${shelf.base}.torn`
    log('warn', 'a torn end was cut off, and is kept beside the log', { file: name, bytes: bytes - end, aside })
    return true
  } finally {
    disk.close(fd)
  }
}

async function setAside({ disk, shelf, gid }: OpeningHost, bytes: Buffer): Promise<void> {
  const fd = disk.open(shelf.path(`${shelf.base}.torn`), gid)
  try {
    let rest = Buffer.concat([bytes, LF])
    for (let at = disk.of(fd).bytes; rest.length > 0;) {
      const written = await disk.write(fd, rest, at)
      at += written
      rest = rest.subarray(written)
    }
  } finally {
    disk.close(fd)
  }
}
