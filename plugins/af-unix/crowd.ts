// All clients: who is let in, what they are given, and what is said about them.

import type { Socket } from 'node:net'
import { piecesOf } from './piece.js'
import type { RecordBatch } from '../../src/sdk/index.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import { Client, type ClientHost } from './client.js'
import { ClientQueue } from './client-queue.js'
import type { Settings } from './config.js'

/** A client that has closed its side may be gone without a sign while no records come. */
const PROBE_MS = 30_000
/** At the end, for clients that take nothing of what waits for them; and so often for those that do. */
const PATIENCE_MS = 1000
const MOST_PATIENCES = 4

export interface ClientState {
  readonly id: number
  readonly sinceMs: number
  readonly sent: number
  readonly queued: number
  readonly queuedBytes: number
  readonly mostQueued: number
  readonly lost: number
  readonly isLosing: boolean
}

export interface CrowdState {
  readonly records: number
  readonly tooLong: number
  readonly refused: number
  /** Of all clients, those that have gone among them. */
  readonly lost: number
  readonly clients: readonly ClientState[]
}

export class Crowd {
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #voice: Voice
  readonly #clients = new Set<Client>()
  readonly #host: ClientHost
  #nextId = 1
  #records = 0
  #tooLong = 0
  #refused = 0
  #lostByGone = 0
  /** How many were refused since all places were taken; undefined while there is a place. */
  #refusedNow: number | undefined
  #cancelTimer: (() => void) | undefined

  constructor(settings: Settings, clock: Clock, voice: Voice) {
    this.#settings = settings
    this.#clock = clock
    this.#voice = voice
    this.#host = {
      clock,
      begins: (client) => {
        this.#begins(client)
      },
      caughtUp: ({ id }, lost) => {
        voice.log('info', 'a client takes records again', { client: id, lost })
      },
      gone: (client) => {
        this.#gone(client)
      },
    }
  }

  /** A client that connects gets the records from the next one on. */
  welcome(socket: Socket): void {
    const { queueRecords, queueBytes, format, maxClients } = this.#settings
    if (this.#clients.size >= maxClients) {
      this.#refuse(socket)
      return
    }
    const queue = new ClientQueue({ records: queueRecords, bytes: queueBytes }, format)
    const client = new Client(this.#nextId++, socket, queue, this.#host)
    this.#clients.add(client)
    this.#voice.log('info', 'a client has come', { client: client.id, clients: this.#clients.size })
    this.#cancelTimer ??= this.#probeLater()
  }

  /** Returns when every client has the records in its queue, or has lost them. */
  give(batch: RecordBatch): void {
    this.#records += batch.count
    if (this.#clients.size === 0) return
    const { pieces, tooLong } = piecesOf(batch, this.#settings.format)
    for (const piece of pieces) for (const client of this.#clients) client.give(piece)
    if (tooLong === 0) return
    this.#tooLong += tooLong
    this.#voice.log('warn', 'records are too long for a frame, and no client gets them', { records: tooLong })
  }

  state(): CrowdState {
    const clients = [...this.#clients].map(({ id, sinceMs, queue }) => ({
      id,
      sinceMs,
      sent: queue.sent,
      queued: queue.records,
      queuedBytes: queue.bytes,
      mostQueued: queue.mostRecords,
      lost: queue.lost,
      isLosing: queue.isLosing,
    }))
    const lost = clients.reduce((sum, client) => sum + client.lost, this.#lostByGone)
    return { records: this.#records, tooLong: this.#tooLong, refused: this.#refused, lost, clients }
  }

  /** Gives the clients what waits for them, as far as they take it in time. */
  async end(): Promise<void> {
    this.#cancelTimer?.()
    this.#waitFor(MOST_PATIENCES)
    await Promise.all([...this.#clients].map((client) => client.finish()))
    this.#cancelTimer?.()
  }

  #waitFor(patiences: number): void {
    const before = new Map([...this.#clients].map((client) => [client, client.queue.sent]))
    this.#cancelTimer = this.#clock.after(PATIENCE_MS, () => {
      for (const client of this.#clients) {
        if (patiences === 1 || before.get(client) === client.queue.sent) client.destroy()
      }
      if (patiences > 1) this.#waitFor(patiences - 1)
    })
  }

  #begins({ id, queue }: Client): void {
    const fields = { client: id, queued: queue.records, queuedBytes: queue.bytes }
    this.#voice.log('warn', 'a client reads too slowly, and loses records until it has caught up', fields)
  }

  #gone(client: Client): void {
    const { sent, records, lost } = client.queue
    this.#clients.delete(client)
    this.#lostByGone += lost
    const fields = { client: client.id, sent, unsent: records, lost, clients: this.#clients.size }
    this.#voice.log('info', 'a client has gone', fields)
    if (this.#refusedNow === undefined) return
    this.#voice.log('info', 'there is room for a client again', { refused: this.#refusedNow })
    this.#refusedNow = undefined
  }

  #refuse(socket: Socket): void {
    // Nobody minds what becomes of it.
    socket.on('error', () => {}).destroy()
    this.#refused++
    if (this.#refusedNow === undefined) {
      const { maxClients } = this.#settings
      this.#voice.log('warn', 'as many clients as there may be: more are refused', { maxClients })
    }
    this.#refusedNow = (this.#refusedNow ?? 0) + 1
    this.#probe()
  }

  /** While there are clients. */
  #probeLater(): () => void {
    return this.#clock.after(PROBE_MS, () => {
      this.#probe()
      this.#cancelTimer = this.#clients.size === 0 ? undefined : this.#probeLater()
    })
  }

  #probe(): void {
    for (const client of this.#clients) if (client.isHalfClosed) client.probe()
  }
}
