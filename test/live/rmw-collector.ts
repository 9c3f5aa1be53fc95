// What takes auditd's protocol, over a journal on disk, in the test's own process.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { statfs } from 'node:fs/promises'
import { JournalIntake } from '../../plugins/remote-recv/journal-intake.js'
import { RMW_STREAM, RmwSenders } from '../../plugins/remote-recv/rmw-senders.js'
import { rmwSpeaker } from '../../plugins/remote-recv/rmw-session.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { readLines, testGapLine } from '../journal/journal-world.js'
import { REAL_CLOCK } from './managed-sender.js'
import { plainLink, tell } from './plain-link.js'
import { UNLIMITED } from '../plugins/remote-recv/rmw-place.js'

export class RmwCollector {
  readonly logs: string[] = []
  readonly senders: RmwSenders
  readonly #journal: DiskJournal
  readonly #intake: JournalIntake
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** On the same port as before if one is given. */
  static async start(dir: string, port = 0, reserveBytes = 0): Promise<RmwCollector> {
    const journal = await DiskJournal.open(dir, testGapLine, { currentLog: 'remote.log' })
    const freeBytes = async (): Promise<number> => {
      const { bavail, bsize } = await statfs(dir)
      return bavail * bsize
    }
    const world = { store: journal, clock: REAL_CLOCK, freeBytes }
    const options = { commitDelayMs: 1, lowBytes: reserveBytes, reserveBytes }
    const intake = new JournalIntake(world, options, { committed: () => {}, failed: () => {} })
    await intake.begin()
    const collector = new RmwCollector(journal, intake)
    await new Promise<void>((listens) => {
      collector.#server.listen(port, '127.0.0.1', listens)
    })
    return collector
  }

  private constructor(journal: DiskJournal, intake: JournalIntake) {
    this.#journal = journal
    this.#intake = intake
    this.senders = new RmwSenders(intake)
    const speak = rmwSpeaker(this.senders, { idleMs: 60_000, mayTake: () => true, limits: UNLIMITED })
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      const session = speak({
        intake,
        clock: REAL_CLOCK,
        link: plainLink(socket),
        peer: { principal: '127.0.0.1', address: `127.0.0.1:${socket.remotePort}`, certificateEndMs: undefined },
        log: (_level, text) => {
          this.logs.push(text)
        },
        strike: (reason) => {
          this.logs.push(reason)
        },
      })
      tell(socket, {
        data: (bytes) => session.data(bytes),
        drained: () => session.drained(),
        closed: (why) => {
          this.#sockets.delete(socket)
          session.closed(why)
        },
      })
    })
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the collector does not listen')
    return address.port
  }

  /** Records that are on disk. */
  get durable(): number {
    return this.#intake.durable({ principal: '127.0.0.1', stream: RMW_STREAM })?.lastSeq ?? 0
  }

  get repeated(): number {
    return [...this.senders].reduce((sum, { repeated }) => sum + repeated, 0)
  }

  get likelyRepeated(): number {
    return [...this.senders].reduce((sum, { likelyRepeated }) => sum + likelyRepeated, 0)
  }

  async lines(): Promise<string[]> {
    const blocks = await this.#journal.read(readLines(this.#journal.journal))
    return blocks.flatMap((lines) => lines.trimEnd().split('\n'))
  }

  /** As a process that ends: connections go without a word. */
  async end(): Promise<void> {
    const closed = new Promise<void>((done) => {
      this.#server.close(() => {
        done()
      })
    })
    for (const socket of this.#sockets) socket.destroy()
    await closed
    await this.#intake.close()
    await this.#journal.close()
  }
}
