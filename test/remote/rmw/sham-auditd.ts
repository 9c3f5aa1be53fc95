// What auditd 3.0.9 was seen to do with its clients, as a model: it stores what comes, answers in order and at once, swallows an end of
// event without an answer, and refuses when its disk is full. It keeps what it has stored over all connections.

import { rmw } from './wire.js'

export type ShamDisk = 'ok' | 'low' | 'full' | 'error'

const ANSWERS = {
  ok: [0x40000000, ''],
  low: [0x50000001, ''],
  full: [0x60000001, 'disk full'],
  error: [0x60000002, 'remote logging suspended'],
} as const

export const PIECE = 'a piece '

/** What is not glued to a piece. */
export function whole(stored: readonly string[]): string[] {
  return stored.filter((line) => !line.startsWith(PIECE))
}

/** What nobody could keep from being glued: a refusal of which the sender never heard, as its connection broke. */
export function glued(stored: readonly string[]): string[] {
  return stored.filter((line) => line.startsWith(PIECE)).map((line) => line.slice(PIECE.length))
}

export class ShamAuditd {
  readonly stored: string[] = []
  disk: ShamDisk = 'ok'
  heartbeats = 0
  /** A write that failed leaves this without an end. */
  #piece = ''

  /** One connection: bytes in, answers out. */
  accept(): (bytes: Buffer) => Buffer {
    let held = Buffer.alloc(0)
    return (bytes) => {
      held = Buffer.concat([held, bytes])
      const answers: Buffer[] = []
      while (held.length >= 16 && held.length >= 16 + held.readUInt16LE(10)) {
        const end = 16 + held.readUInt16LE(10)
        answers.push(this.#answer(held.readUInt32LE(6), held.readUInt32LE(12), held.toString('latin1', 16, end)))
        held = held.subarray(end)
      }
      return Buffer.concat(answers)
    }
  }

  #answer(type: number, sequence: number, payload: string): Buffer {
    if (type === 1) {
      this.heartbeats++
      return rmw(0x40000000, sequence)
    }
    if (/^(?:node=\S* )?type=(?:EOE|1320) /.test(payload)) return Buffer.alloc(0)
    const line = payload.replace(/\n$/, '')
    if (this.disk === 'full' && this.#piece === '') this.#piece = PIECE
    if (this.disk === 'ok' || this.disk === 'low') {
      if (line !== '') this.stored.push(this.#piece + line)
      this.#piece = ''
    }
    const [answer, text] = ANSWERS[this.disk]
    return rmw(answer, sequence, text)
  }
}
