// A machine's disk in virtual time: slow, stuck, full, failing; it outlives the processes that use it, and loses with the power what
// was not synced.

import type { FileOp, FilePort, FileResult, Work } from '../../src/journal/file-port.js'
import { MemoryDisk } from '../journal/memory-disk.js'
import type { Random } from '../protocol/random.js'
import type { VirtualTime } from './virtual-time.js'

/** A copy of all files, as a backup would have it. */
export type DiskImage = ReadonlyMap<string, Buffer>

/** What a process was about to do when it was looked at. */
export type DiskPhase = 'idle' | 'commit' | 'roll' | 'read'

export interface Trouble {
  /** Of operations that change something, one in so many fails; 0: none. */
  readonly failOneIn: number
  readonly slowMs: number
}

/** Of a disk that has room for everything. */
const MOST_BYTES = 1e12

export const CALM: Trouble = { failOneIn: 0, slowMs: 0 }

const CHANGES: ReadonlySet<FileOp['kind']> = new Set([
  'create',
  'write',
  'sync',
  'truncate',
  'rename',
  'link',
  'sync-dir',
])
const NEEDS_ROOM: ReadonlySet<FileOp['kind']> = new Set(['create', 'write', 'link'])

export class VirtualDisk {
  capacityBytes = Infinity
  trouble: Trouble = CALM
  /** Called as a batch of the living process is asked for. */
  onBatch: () => void = () => undefined
  readonly #time: VirtualTime
  readonly #random: Random
  #disk: MemoryDisk
  /** Batches of the living process that the disk has not done yet. */
  readonly #waiting = new Set<readonly FileOp[]>()

  constructor(time: VirtualTime, random: Random, image: DiskImage = new Map()) {
    this.#time = time
    this.#random = random
    this.#disk = this.#make(image)
  }

  /** For one process: what is dead is not answered, and changes nothing any more. */
  port(isAlive: () => boolean): FilePort {
    return {
      run: async (batch) => {
        const disk = this.#disk
        this.#waiting.add(batch)
        this.onBatch()
        await new Promise<void>((done) => {
          this.#time.after(this.#duration(batch), () => {
            if (isAlive() && disk === this.#disk) done()
          })
        })
        this.#waiting.delete(batch)
        this.#setSpace()
        return disk.run(once(batch))
      },
    }
  }

  /** For an observer, who takes no time. */
  look<T>(work: Work<T>): T {
    const { interfere } = this.#disk
    this.#disk.interfere = () => 'do'
    try {
      return this.#disk.run(work)
    } finally {
      this.#disk.interfere = interfere
    }
  }

  /** As after a power failure that takes all that was not synced. */
  lookDurable<T>(work: Work<T>): T {
    return new MemoryDisk(this.#random, this.#disk.onlyDurable).run(work)
  }

  get phase(): DiskPhase {
    const ops = [...this.#waiting].flat()
    if (ops.some((op) => 'file' in op && op.kind !== 'read' && op.file.endsWith('.idx.new'))) return 'roll'
    if (ops.some((op) => op.kind === 'create' && op.file.endsWith('.log'))) return 'roll'
    if (ops.some((op) => op.kind === 'write' || op.kind === 'sync')) return 'commit'
    return ops.length > 0 ? 'read' : 'idle'
  }

  /** Its process is killed: what was under way is done, or not, or some of it. */
  kill(): void {
    for (const batch of this.#waiting) {
      const done = batch.filter((op) => op.kind !== 'read' && this.#random.below(2) === 0)
      if (done.length > 0) this.look(once(done))
    }
    this.#waiting.clear()
  }

  /** The power fails, under whoever uses it. */
  losePower(): void {
    this.kill()
    this.#disk = this.#make(this.#disk.image(this.#random.below(2) === 0 ? 512 : 4096))
  }

  /** What a copy of a stopped machine's disk has. */
  get image(): DiskImage {
    return new Map([...this.#disk.files].map(([name, bytes]) => [name, Buffer.from(bytes)]))
  }

  restore(image: DiskImage): void {
    this.#waiting.clear()
    this.#disk = this.#make(new Map([...image].map(([name, bytes]) => [name, Buffer.from(bytes)])))
  }

  get usedBytes(): number {
    return [...this.#disk.files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  }

  #make(image: DiskImage): MemoryDisk {
    const disk = new MemoryDisk(this.#random, image)
    disk.interfere = (op) => {
      const { failOneIn } = this.trouble
      if (CHANGES.has(op.kind) && failOneIn > 0 && this.#random.below(failOneIn) === 0) return 'EIO'
      if (this.capacityBytes === Infinity) return 'do'
      const grown = op.kind === 'write' ? growth(op, disk.files.get(op.file)?.length ?? 0) : 0
      return NEEDS_ROOM.has(op.kind) && this.usedBytes + grown > this.capacityBytes ? 'ENOSPC' : 'do'
    }
    return disk
  }

  #setSpace(): void {
    const totalBytes = Math.min(this.capacityBytes, MOST_BYTES)
    if (totalBytes === MOST_BYTES && this.#disk.space.totalBytes === MOST_BYTES) return
    this.#disk.space = { freeBytes: Math.max(0, totalBytes - this.usedBytes), totalBytes }
  }

  #duration(batch: readonly FileOp[]): number {
    const isSync = batch.some(({ kind }) => kind === 'sync' || kind === 'sync-dir')
    const ms = isSync ? 0.2 + this.#random.below(300) / 100 : 0.02
    return ms + (this.trouble.slowMs > 0 ? this.#random.below(this.trouble.slowMs) : 0)
  }
}

function growth({ at, chunks }: FileOp & { readonly kind: 'write' }, size: number): number {
  return Math.max(0, at + chunks.reduce((sum, { length }) => sum + length, 0) - size)
}

function* once(batch: readonly FileOp[]): Work<readonly FileResult[]> {
  return yield batch
}
