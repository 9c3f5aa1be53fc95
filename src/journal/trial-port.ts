import type { FileOp, FilePort, FileResult } from './file-port.js'

/** What would be done to a disk. */
export type Change =
  | { readonly kind: 'remove' | 'create'; readonly file: string }
  | { readonly kind: 'write'; readonly file: string; readonly bytes: number }
  | { readonly kind: 'truncate'; readonly file: string; readonly bytes: number }
  | { readonly kind: 'rename' | 'link'; readonly file: string; readonly to: string }
  | { readonly kind: 'make-dir'; readonly file: string }

/**
 * Reads from another port and writes nowhere: for steps that never read what they have written, as those of a start do not. Of what is
 * written only the size is kept.
 */
export class TrialPort implements FilePort {
  readonly changes: Change[] = []
  readonly #base: FilePort

  constructor(base: FilePort) {
    this.#base = base
  }

  run(batch: readonly FileOp[]): Promise<readonly FileResult[]> {
    return Promise.all(batch.map((op) => this.#answer(op)))
  }

  async #answer(op: FileOp): Promise<FileResult> {
    switch (op.kind) {
      case 'read':
      case 'list':
      case 'space': {
        const [result] = await this.#base.run([op])
        if (result === undefined) throw new Error(`no result for ${op.kind}`)
        return result
      }
      case 'write':
        this.#note({ kind: 'write', file: op.file, bytes: op.chunks.reduce((sum, { length }) => sum + length, 0) })
        break
      case 'truncate':
        this.#note({ kind: 'truncate', file: op.file, bytes: op.bytes })
        break
      case 'rename':
      case 'link':
        this.#note({ kind: op.kind, file: op.file, to: op.to })
        break
      case 'unlink':
        if (!(await this.#isThere(op.file))) return { kind: 'failed', code: 'ENOENT', error: new Error('ENOENT') }
        this.#note({ kind: 'remove', file: op.file })
        break
      case 'create':
        this.#note({ kind: 'create', file: op.file })
        break
      case 'make-dir':
        this.#note({ kind: 'make-dir', file: op.dir })
        break
      case 'sync':
      case 'sync-dir':
      case 'close':
        break
      default:
        op satisfies never
    }
    return { kind: 'done' }
  }

  async #isThere(file: string): Promise<boolean> {
    const [result] = await this.#base.run([{ kind: 'read', file, at: 0, bytes: 1 }])
    return result?.kind === 'bytes'
  }

  #note(change: Change): void {
    this.changes.push(change)
  }
}
