// A disk in memory that keeps apart what is durable, what the page cache shows and what lies between, so that it can say what a power
// failure might leave: unsynced writes in any order, whole, torn at sectors or not at all, and any of the unsynced directory changes.

import type { DiskSpace, FileOp, FilePort, FileResult, Work } from '../../src/journal/file-port.js'
import type { Random } from '../protocol/random.js'

type Change =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly bytes: number }

interface Inode {
  durable: Buffer
  shown: Buffer
  pending: Change[]
}

type DirChange =
  | { readonly kind: 'add'; readonly name: string; readonly inode: Inode }
  | { readonly kind: 'remove'; readonly name: string }

/** Decides about an operation: `do` it, or the code of an error. */
export type Interference = (op: FileOp) => string

const DONE: FileResult = { kind: 'done' }

export class MemoryDisk {
  readonly #shown: Map<string, Inode>
  #durable: Map<string, Inode>
  /** Each is one change of the directory; a rename is one, not two. */
  #dirPending: DirChange[][] = []
  readonly #random: Random
  interfere: Interference = () => 'do'
  space: DiskSpace = { freeBytes: 1e9, totalBytes: 1e9 }
  /** Called before each operation: the moments at which power may fail. */
  onOp: (op: FileOp) => void = () => undefined

  constructor(random: Random, files: ReadonlyMap<string, Buffer> = new Map()) {
    this.#random = random
    this.#shown = new Map([...files].map(([name, bytes]) => [name, { durable: bytes, shown: bytes, pending: [] }]))
    this.#durable = new Map(this.#shown)
  }

  /** Runs steps at once; within a batch in any order. */
  run<T>(work: Work<T>): T {
    let step = work.next()
    while (step.done !== true) step = work.next(this.#batch(step.value))
    return step.value
  }

  /** The same for those who wait for a disk; it answers in the next turn. */
  get port(): FilePort {
    return { run: (batch) => Promise.resolve().then(() => this.#batch(batch)) }
  }

  get files(): ReadonlyMap<string, Buffer> {
    return new Map([...this.#shown].map(([name, { shown }]) => [name, shown]))
  }

  /** One of the states that the disk may be in after a power failure. */
  image(sectorBytes: number): ReadonlyMap<string, Buffer> {
    const names = new Map(this.#durable)
    const dirMode = this.#random.below(4)
    for (const change of this.#dirPending) {
      if (dirMode === 0 || (dirMode > 1 && this.#random.below(2) === 0)) continue
      for (const each of change) applyTo(names, each)
    }
    return new Map([...names].map(([name, inode]) => [name, this.#contents(inode, sectorBytes)]))
  }

  /** What was synced and nothing else. */
  get onlyDurable(): ReadonlyMap<string, Buffer> {
    return new Map([...this.#durable].map(([name, { durable }]) => [name, durable]))
  }

  #contents({ durable, pending }: Inode, sectorBytes: number): Buffer {
    const mode = this.#random.below(4)
    if (mode === 0 || pending.length === 0) return durable
    if (mode === 1) return pending.reduce(changed, durable)
    let bytes = durable
    for (const change of pending) {
      if (this.#random.below(10) < 3) continue
      bytes =
        change.kind === 'truncate' ? changed(bytes, change) : this.#torn(bytes, change.at, change.bytes, sectorBytes)
    }
    return bytes
  }

  #torn(before: Buffer, at: number, bytes: Buffer, sectorBytes: number): Buffer {
    const grown = resized(before, Math.max(before.length, at + bytes.length))
    const last = Math.floor((at + bytes.length - 1) / sectorBytes)
    for (let sector = Math.floor(at / sectorBytes); sector <= last; sector++) {
      if (this.#random.below(2) === 0) continue
      const from = Math.max(at, sector * sectorBytes)
      bytes.copy(grown, from, from - at, Math.min(at + bytes.length, (sector + 1) * sectorBytes) - at)
    }
    return grown
  }

  /** In any order, but what is asked of one file in the order in which it is asked. */
  #batch(ops: readonly FileOp[]): FileResult[] {
    const results: FileResult[] = ops.map(() => DONE)
    const left = ops.map((op, index) => ({ op, index }))
    const failures = new Map<string, FileResult>()
    while (left.length > 0) {
      const drawn = left[this.#random.below(left.length)]
      const next = left.find(({ op }) => drawn !== undefined && isOfOneFile(op, drawn.op)) ?? drawn
      if (next === undefined) break
      left.splice(left.indexOf(next), 1)
      const { op, index } = next
      const earlier = 'file' in op ? failures.get(op.file) : undefined
      if (earlier === undefined && op.kind !== 'read' && op.kind !== 'list') this.onOp(op)
      const result = earlier ?? this.#answer(op)
      if (result.kind === 'failed' && 'file' in op) failures.set(op.file, result)
      results[index] = result
    }
    return results
  }

  #answer(op: FileOp): FileResult {
    const verdict = this.interfere(op)
    if (verdict !== 'do') {
      // After a failed write-back the cache shows what the disk never gets.
      const inode = op.kind === 'sync' ? this.#shown.get(op.file) : undefined
      if (inode !== undefined) inode.pending = []
      if (op.kind === 'write')
        this.#write(op.file, op.at, Buffer.concat(op.chunks).subarray(0, this.#random.below(600)))
      return failed(verdict)
    }
    switch (op.kind) {
      case 'create':
        if (this.#shown.has(op.file)) return failed('EEXIST')
        this.#change([
          { kind: 'add', name: op.file, inode: { durable: Buffer.alloc(0), shown: Buffer.alloc(0), pending: [] } },
        ])
        return DONE
      case 'write':
        return this.#write(op.file, op.at, Buffer.concat(op.chunks))
      case 'truncate':
        return this.#alter(op.file, { kind: 'truncate', bytes: op.bytes })
      case 'sync':
        return this.#sync(op.file)
      case 'rename': {
        const inode = this.#shown.get(op.file)
        if (inode === undefined) return failed('ENOENT')
        // rename(2): two names of one file stay as they are.
        if (this.#shown.get(op.to) === inode) return DONE
        this.#change([
          { kind: 'remove', name: op.file },
          { kind: 'add', name: op.to, inode },
        ])
        return DONE
      }
      case 'link': {
        const inode = this.#shown.get(op.file)
        if (inode === undefined || this.#shown.has(op.to)) return failed(inode === undefined ? 'ENOENT' : 'EEXIST')
        this.#change([{ kind: 'add', name: op.to, inode }])
        return DONE
      }
      case 'unlink':
        if (!this.#shown.has(op.file)) return failed('ENOENT')
        this.#change([{ kind: 'remove', name: op.file }])
        return DONE
      case 'sync-dir':
        this.#durable = new Map(this.#shown)
        this.#dirPending = []
        return DONE
      case 'read': {
        const inode = this.#shown.get(op.file)
        // No copy: a change of the file makes a new buffer.
        return inode === undefined
          ? failed('ENOENT')
          : { kind: 'bytes', bytes: inode.shown.subarray(op.at, op.at + op.bytes) }
      }
      case 'list': {
        const files = [...this.#shown].map(([name, { shown }]) => ({ name, bytes: shown.length }))
        return { kind: 'files', files: files.filter(({ name }) => !name.includes('/')) }
      }
      case 'space':
        return { kind: 'space', space: this.space }
      case 'close':
      case 'make-dir':
        return DONE
    }
    return op satisfies never
  }

  #change(change: DirChange[]): void {
    for (const each of change) applyTo(this.#shown, each)
    this.#dirPending.push(change)
  }

  #write(file: string, at: number, bytes: Buffer): FileResult {
    return bytes.length === 0 ? DONE : this.#alter(file, { kind: 'write', at, bytes })
  }

  #alter(file: string, change: Change): FileResult {
    const inode = this.#shown.get(file)
    if (inode === undefined) return failed('ENOENT')
    inode.shown = changed(inode.shown, change)
    inode.pending.push(change)
    return DONE
  }

  #sync(file: string): FileResult {
    const inode = this.#shown.get(file)
    if (inode === undefined) return failed('ENOENT')
    // Not what is shown: what a failed sync has lost stays lost.
    inode.durable = inode.pending.reduce(changed, inode.durable)
    inode.pending = []
    return DONE
  }
}

function isOfOneFile(a: FileOp, b: FileOp): boolean {
  return 'file' in a && 'file' in b && a.file === b.file
}

function applyTo(names: Map<string, Inode>, change: DirChange): void {
  if (change.kind === 'add') names.set(change.name, change.inode)
  else names.delete(change.name)
}

function changed(bytes: Buffer, change: Change): Buffer {
  if (change.kind === 'truncate') return resized(bytes, change.bytes)
  const grown = resized(bytes, Math.max(bytes.length, change.at + change.bytes.length))
  change.bytes.copy(grown, change.at)
  return grown
}

/** A copy. */
function resized(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.alloc(length)
  bytes.copy(copy)
  return copy
}

const failures = new Map<string, FileResult>()

/** One for each code: a stack costs more than all that a disk in memory does. */
function failed(code: string): FileResult {
  const known = failures.get(code)
  if (known !== undefined) return known
  const failure: FileResult = { kind: 'failed', code, error: new Error(code) }
  failures.set(code, failure)
  return failure
}
