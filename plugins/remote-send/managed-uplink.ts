// Sends the spool to an auditd, in auditd's own protocol. Its acknowledgement means that the record is in the page cache over there, and
// what comes again it stores again: so this uplink repeats as little as it can, and says so.

import type { GapLine } from '../../src/journal/gap.js'
import { harmlessText } from '../../src/protocol/harmless-text.js'
import type { Link, Peer } from '../../src/remote/ports.js'
import { RmwReader } from '../../src/remote/rmw/reader.js'
import { RmwSender } from '../../src/remote/rmw/sender.js'
import type { SenderEffect, SenderInput, SenderOptions } from '../../src/remote/rmw/sender-input.js'
import { ManagedCursor } from './managed-cursor.js'
import { ManagedSource } from './managed-source.js'
import { mergedFrames } from './merged-frames.js'
import type { Server, Uplink, UplinkHost, UplinkMaker, UplinkState, UplinkStatus } from './uplink.js'

const PROMISE =
  'auditd acknowledges from its page cache and knows no record again: what is unanswered when a connection breaks comes twice'
const MAX_TEXT_CHARACTERS = 200
/** A spool that cannot be read is tried again after so long. */
const READ_RETRY_MS = 1000
/**
 * auditd writes each answer by itself, and to be woken for each costs more than all else. So with that many records on their way, and at
 * least half a window, answers are let gather for a while: what is on its way lasts longer than that.
 */
const LEAST_TO_REST = 64
const REST_MS = 1

export interface ManagedOptions extends SenderOptions {
  /** The line that stands for records that auditd cannot be given. */
  readonly gapLine: GapLine
}

/** One connection; what comes from an older one is not listened to. */
interface Connection {
  readonly reader: RmwReader
  link: Link | undefined
  peer: Peer | undefined
}

interface Alarm {
  readonly atMs: number
  readonly cancel: () => void
}

export function managedUplink(options: ManagedOptions): UplinkMaker {
  return (host) => new ManagedUplink(host, options)
}

class ManagedUplink implements Uplink {
  readonly #host: UplinkHost
  readonly #window: number
  readonly #sender: RmwSender
  readonly #source: ManagedSource
  readonly #cursor: ManagedCursor
  #connection: Connection | undefined
  #alarm: Alarm | undefined
  #cancelRetry: () => void = () => {}
  #isClosed = false
  #connections = 0
  #told: Pick<UplinkStatus, 'state' | 'sinceMs'>
  #serverIndex = -1
  #ackedSeq: number
  #lastError = ''
  #sentBytes = 0
  #skippedSeqs = 0

  constructor(host: UplinkHost, options: ManagedOptions) {
    this.#host = host
    this.#window = options.window
    const { store } = host
    this.#sender = new RmwSender(options)
    this.#told = { state: 'down', sinceMs: host.clock.wallMs() }
    this.#ackedSeq = Math.min(store.journal.acked.seq, store.journal.durablePosition)
    this.#cursor = new ManagedCursor(store, options.window, (problem) => {
      if (this.#isClosed) return
      if (problem !== '') host.log('warn', 'the cursor cannot be saved; records may repeat', { error: problem })
      this.#feed()
    })
    const sourceHost = {
      store,
      gapLine: options.gapLine,
      wallMs: () => host.clock.wallMs(),
      ready: () => this.#feed(),
      damaged: (firstSeq: number, lastSeq: number) => this.#damaged(firstSeq, lastSeq),
      skipped: (count: number) => {
        this.#skippedSeqs += count
      },
      tooLong: (records: number) => {
        host.log('warn', 'records longer than auditd takes; a notice is sent in place of each', { records })
      },
      failed: (why: string) => this.#readFailed(why),
    }
    this.#source = new ManagedSource(sourceHost, this.#ackedSeq + 1, 2 * options.window)
    this.#arm()
  }

  get status(): UplinkStatus {
    const { host, port } = this.#server()
    return {
      protocol: 'managed',
      ...this.#told,
      server: `${host}:${port}`,
      peer: this.#connection?.peer,
      ackedSeq: this.#ackedSeq,
      lastError: this.#lastError,
      connections: this.#connections,
      sentBlocks: this.#source.settledBlocks,
      sentBytes: this.#sentBytes,
      skippedSeqs: this.#skippedSeqs,
      forks: 0,
      promise: PROMISE,
    }
  }

  durable(): void {
    this.#source.wake()
  }

  suspend(): void {
    this.#give({ kind: 'suspend' })
  }

  resume(): void {
    this.#give({ kind: 'resume' })
    this.#source.resume()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#alarm?.cancel()
    this.#cancelRetry()
    this.#connection?.link?.destroy()
    this.#connection = undefined
    this.#tellState('closed')
    await this.#source.close()
    await this.#cursor.close()
  }

  #give(input: SenderInput): void {
    if (this.#isClosed) return
    this.#run(input)
    this.#feed()
  }

  /** From the spool, as much as there is room for. */
  #feed(): void {
    for (let room = this.#sender.room; room > 0 && !this.#isClosed; room = this.#sender.room) {
      const records = this.#source.take(room, this.#cursor.limitSeq)
      if (records.length === 0) break
      this.#run({ kind: 'records', records })
    }
    this.#arm()
  }

  #run(input: SenderInput): void {
    const moment = { nowMs: this.#host.clock.monotonicMs(), fraction: this.#host.random.fraction() }
    for (const effect of this.#sender.on(input, moment)) this.#do(effect)
    if (!this.#isClosed) this.#tellState(this.#sender.state)
  }

  #do(effect: SenderEffect): void {
    switch (effect.kind) {
      case 'connect':
        return this.#connect()
      case 'close':
        this.#connection?.link?.destroy()
        return this.#closed(effect.why)
      case 'send':
        return this.#send(effect.frames)
      case 'settled':
        this.#ackedSeq = effect.seq
        this.#host.acked(effect.seq, this.#source.chainAt(effect.seq))
        return this.#cursor.moved(this.#sender.unanswered === 0)
      case 'says':
        return this.#host.peerSays(effect.what, harmlessText(effect.text, MAX_TEXT_CHARACTERS))
    }
    effect satisfies never
  }

  #connect(): void {
    this.#serverIndex++
    const connection: Connection = { reader: new RmwReader(), link: undefined, peer: undefined }
    this.#connection = connection
    const isCurrent = (): boolean => this.#connection === connection
    connection.link = this.#host.dial(this.#server(), {
      connected: (peer) => {
        if (!isCurrent()) return
        this.#connections++
        connection.peer = peer
        this.#give({ kind: 'connected' })
      },
      data: (bytes) => {
        if (!isCurrent()) return
        const { messages, fault } = connection.reader.push(bytes)
        if (messages.length > 0) this.#give({ kind: 'messages', messages })
        if (!isCurrent()) return
        if (fault === undefined) return this.#rest(connection)
        connection.link?.destroy()
        this.#closed(fault.message)
      },
      // The window bounds what is held for it, so there is nothing to stop.
      drained: () => {},
      closed: (why) => {
        if (isCurrent()) this.#closed(why)
      },
    })
  }

  #rest(connection: Connection): void {
    const { unanswered } = this.#sender
    if (unanswered < LEAST_TO_REST || 2 * unanswered < this.#window) return
    connection.link?.pause()
    this.#host.clock.after(REST_MS, () => {
      if (this.#connection === connection) connection.link?.resume()
    })
  }

  #closed(why: string): void {
    const wasUp = this.#told.state === 'up' || this.#told.state === 'suspended'
    this.#connection = undefined
    this.#lastError = harmlessText(why, MAX_TEXT_CHARACTERS)
    if (wasUp) {
      const { host, port } = this.#server()
      const fields = { server: `${host}:${port}`, error: this.#lastError }
      this.#host.log('warn', 'the connection to auditd is gone; trying again', fields)
    }
    this.#give({ kind: 'closed', why })
  }

  #send(frames: readonly Uint8Array[]): void {
    for (const { length } of frames) this.#sentBytes += length
    this.#connection?.link?.write(mergedFrames(frames))
  }

  #server(): Server {
    const { servers } = this.#host
    return servers[Math.max(0, this.#serverIndex) % servers.length] ?? servers[0]
  }

  #damaged(firstSeq: number, lastSeq: number): 'stop' | 'skip' {
    const verdict = this.#host.damaged(firstSeq, lastSeq)
    if (verdict === 'stop') this.#lastError = `the spool is damaged from seq ${firstSeq} to ${lastSeq}`
    return verdict
  }

  #readFailed(why: string): void {
    this.#lastError = why
    this.#host.log('warn', 'the spool cannot be read; trying again', { error: why })
    this.#cancelRetry()
    this.#cancelRetry = this.#host.clock.after(READ_RETRY_MS, () => this.#source.wake())
  }

  #tellState(state: UplinkState): void {
    if (this.#told.state === state) return
    this.#told = { state, sinceMs: this.#host.clock.wallMs() }
    const { host, port } = this.#server()
    if (state === 'up') this.#host.log('info', 'auditd answers; records are sent', { server: `${host}:${port}` })
  }

  /** An alarm that rings too early only asks, and is set anew: so it is not moved at each answer. */
  #arm(): void {
    if (this.#isClosed) return
    const atMs = this.#sender.deadlineMs
    if (atMs === Infinity || (this.#alarm !== undefined && this.#alarm.atMs <= atMs)) return
    this.#alarm?.cancel()
    const cancel = this.#host.clock.after(Math.max(0, atMs - this.#host.clock.monotonicMs()), () => {
      this.#alarm = undefined
      this.#give({ kind: 'time' })
    })
    this.#alarm = { atMs, cancel }
  }
}
