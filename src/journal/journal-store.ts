import { runWork, type FilePort, type Work } from './file-port.js'
import { Journal, type Commit } from './journal.js'
import type { JournalOptions, JournalWorld } from './opening.js'

/** A journal over any disk, with its steps run one after another as they are asked for. */
export class JournalStore {
  readonly journal: Journal
  readonly #port: FilePort
  #last: Promise<unknown> = Promise.resolve()

  static async over(port: FilePort, world: JournalWorld, options: Partial<JournalOptions> = {}): Promise<JournalStore> {
    return new JournalStore(await runWork(port, Journal.open(world, options)), port)
  }

  constructor(journal: Journal, port: FilePort) {
    this.journal = journal
    this.#port = port
  }

  /** What was pending is durable when this resolves with `durable`, up to that position, or with `nothing`. */
  commit(): Promise<Commit> {
    return this.write(() => this.journal.commit())
  }

  /** Steps that change the journal, when all that were asked for before are done. */
  write<T>(begin: () => Work<T>): Promise<T> {
    const result = this.#last.then(() => runWork(this.#port, begin()))
    // Whoever asked for it gets the error; the next one goes on all the same.
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Steps that only read, beside whatever is being written. */
  read<T>(work: Work<T>): Promise<T> {
    return runWork(this.#port, work)
  }

  /** In order, when all that was asked for is done. What is pending then is not committed. */
  close(): Promise<void> {
    return this.write(() => this.journal.close())
  }
}
