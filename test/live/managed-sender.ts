// A spool on disk and the managed uplink over it, in the test's own process.

import { connect } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import type { Clock } from '../../src/remote/ports.js'
import type { SenderOptions } from '../../src/remote/rmw/sender-input.js'
import { managedUplink } from '../../plugins/remote-send/managed-uplink.js'
import type { Uplink } from '../../plugins/remote-send/uplink.js'
import { testGapLine } from '../journal/journal-world.js'
import { plainLink, tell } from './plain-link.js'
import { until } from './until.js'

/** As quick as a test needs. */
const OPTIONS: SenderOptions = {
  window: 256,
  heartbeatMs: 1000,
  answerMs: 1000,
  connectMs: 2000,
  firstRetryMs: 20,
  longestRetryMs: 200,
  maxTries: 3,
}

export const REAL_CLOCK: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}

export class ManagedSender {
  readonly says: string[] = []
  readonly #journal: DiskJournal
  readonly uplink: Uplink

  static async start(t: Test, dir: string, port: number, options: Partial<SenderOptions> = {}): Promise<ManagedSender> {
    const journal = await DiskJournal.open(join(dir, 'spool'), testGapLine)
    const sender = new ManagedSender(journal, port, options)
    t.teardown(async () => {
      await sender.uplink.close()
      await journal.close()
    })
    return sender
  }

  private constructor(journal: DiskJournal, port: number, options: Partial<SenderOptions>) {
    this.#journal = journal
    this.uplink = managedUplink({ ...OPTIONS, ...options, gapLine: testGapLine })({
      store: journal,
      clock: REAL_CLOCK,
      random: { fraction: Math.random, bytes: (count) => Buffer.alloc(count) },
      servers: [{ host: '127.0.0.1', port }],
      dial: (server, events) => {
        const socket = connect({ ...server, noDelay: true })
        socket.on('connect', () => {
          events.connected({
            principal: 'auditd',
            address: `${server.host}:${server.port}`,
            certificateEndMs: undefined,
          })
        })
        tell(socket, events)
        return plainLink(socket)
      },
      log: () => {},
      acked: (seq, chain) => {
        journal.journal.acknowledge({ seq, chain })
      },
      peerSays: (what) => {
        this.says.push(what)
      },
      damaged: () => 'stop',
    })
  }

  async append(records: readonly string[]): Promise<void> {
    this.#journal.journal.append(Buffer.from(`${records.join('\n')}\n`), records.length, NO_SOURCE)
    await this.#journal.commit()
    this.uplink.durable()
  }

  async allAcked(): Promise<void> {
    const { durablePosition } = this.#journal.journal
    await until(
      () => `everything to be acknowledged: ${JSON.stringify(this.uplink.status)} ${this.says.join()}`,
      () => this.uplink.status.ackedSeq === durablePosition,
      60_000,
    )
  }
}
