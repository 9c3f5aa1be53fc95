// A real file system that fails, or on which this process dies, at the call that a test chooses. What was done before stays done.

import { NODE_LOG_DISK, type FoundFile, type LogDisk } from '../../../plugins/log/log-disk.js'

/** What the disk says when something is wrong with it. */
export function diskFailure(code: 'EIO' | 'ENOSPC' | 'EROFS'): Error {
  return Object.assign(new Error(code), { code, errno: { EIO: -5, ENOSPC: -28, EROFS: -30 }[code] })
}

export class DyingDisk implements LogDisk {
  readonly #open = new Set<number>()
  #left: number
  #isDead = false
  /** Calls that change something. */
  calls = 0
  syncs = 0
  /** Bytes that may still be written. */
  roomBytes = Infinity
  /** What of a kind of call fails. */
  failing: { readonly call: string; readonly code: 'EIO' | 'ENOSPC' | 'EROFS' } | undefined
  freeBytes = 2 ** 40
  /** Called before bytes are written. */
  onWrite: (bytes: number) => void = () => {}

  /** Dies in the midst of the call number `dieAt`. */
  constructor(dieAt = Infinity) {
    this.#left = dieAt
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** As the end of a process does. */
  bury(): void {
    for (const fd of this.#open) NODE_LOG_DISK.close(fd)
    this.#open.clear()
    this.#isDead = true
  }

  look = (path: string): FoundFile | undefined => NODE_LOG_DISK.look(path)
  of = (fd: number): FoundFile => NODE_LOG_DISK.of(fd)
  list = (dir: string): string[] => NODE_LOG_DISK.list(dir)
  read = (fd: number, at: number, bytes: number): Buffer => NODE_LOG_DISK.read(fd, at, bytes)
  unread = (fd: number): Buffer => NODE_LOG_DISK.unread(fd)
  lock = (): boolean => true
  room = (): { freeBytes: number; totalBytes: number } => ({ freeBytes: this.freeBytes, totalBytes: 2 ** 41 })

  makeDir(dir: string, gid: number): void {
    NODE_LOG_DISK.makeDir(dir, gid)
  }

  open(path: string, gid: number): number {
    const isNew = this.look(path) === undefined
    if (isNew) this.#call('open')
    const fd = NODE_LOG_DISK.open(path, gid)
    this.#open.add(fd)
    if (isNew) this.#survive()
    return fd
  }

  openStream(path: string, kind: 'fifo' | 'device'): number {
    this.#call('openStream')
    const fd = NODE_LOG_DISK.openStream(path, kind)
    this.#open.add(fd)
    return fd
  }

  async write(fd: number, bytes: Buffer, at: number | null): Promise<number> {
    this.#call('write')
    this.onWrite(bytes.length)
    // A write of one page is whole or not at all, as far as a death goes; a longer one may stop anywhere.
    const isState = bytes.length === 512
    const room = Math.min(bytes.length, isState ? bytes.length : this.roomBytes)
    if (room === 0) throw diskFailure('ENOSPC')
    const written = await NODE_LOG_DISK.write(fd, bytes.subarray(0, this.#isLast && !isState ? room >> 1 : room), at)
    this.roomBytes -= isState ? 0 : written
    this.#survive()
    return written
  }

  async sync(): Promise<void> {
    this.#call('sync')
    this.syncs++
    this.#survive()
  }

  cut(fd: number, bytes: number): void {
    this.#call('cut')
    const had = this.of(fd).bytes
    NODE_LOG_DISK.cut(fd, bytes)
    this.roomBytes += had - bytes
    this.#survive()
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) throw new Error(`${fd} is not open`)
    NODE_LOG_DISK.close(fd)
  }

  rename(from: string, to: string): void {
    this.#call('rename')
    if (this.look(to) !== undefined) throw new Error(`${to} would be overwritten`)
    NODE_LOG_DISK.rename(from, to)
    this.#survive()
  }

  remove(path: string): void {
    const bytes = this.look(path)?.bytes
    if (bytes === undefined) return
    this.#call('remove')
    NODE_LOG_DISK.remove(path)
    this.roomBytes += bytes
    this.#survive()
  }

  syncDir(): void {
    this.#call('syncDir')
    this.#survive()
  }

  get #isLast(): boolean {
    return this.#left === 0
  }

  /** The last call is done, or half done, and nobody hears of it. */
  #call(what: string): void {
    if (this.#isDead) throw diskFailure('EIO')
    this.calls++
    this.#left--
    if (this.#left < 0) {
      this.#isDead = true
      throw diskFailure('EIO')
    }
    if (this.failing?.call === what) throw diskFailure(this.failing.code)
  }

  #survive(): void {
    if (!this.#isLast) return
    this.#isDead = true
    throw diskFailure('EIO')
  }
}
