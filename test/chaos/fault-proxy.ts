// A bad network between two programs on one machine: what passes it may be late, slow, in other pieces, or end at a chosen byte.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** `up` is from who dials to who is dialled. */
export type Direction = 'up' | 'down'

/**
 * How a connection ends: closed in order, reset, `silence`: nothing more passes in that direction, while the other goes on,
 * `stall`: nothing passes in either, `half-open`: whoever was dialled is gone and who dialled is not told.
 */
export type CutKind = 'end' | 'reset' | 'silence' | 'stall' | 'half-open'

export interface Cut {
  readonly direction: Direction
  /** So many bytes still pass in that direction. */
  readonly afterBytes: number
  readonly kind: CutKind
}

export interface Faults {
  readonly delayMs?: number
  readonly bytesPerSecond?: number
  /** Nothing larger passes in one piece. */
  readonly pieceBytes?: number
  /** What comes within so long passes in one piece. */
  readonly gatherMs?: number
  readonly cut?: Cut
}

export const NO_FAULTS: Faults = {}

const HOST = '127.0.0.1'

export class FaultProxy {
  /** How many were accepted, and how many of them were cut by their own plan. */
  accepted = 0
  cuts = 0
  readonly #server: Server
  readonly #targetPort: number
  readonly #fromAddress: string
  readonly #passages = new Set<Passage>()
  /** The faults of the n-th connection, from 0. */
  faultsOf: (connection: number) => Faults = () => NO_FAULTS
  /** Nobody is let in. */
  isClosed = false
  /** Called when a connection is cut by its plan. */
  onCut: (connection: number) => void = () => undefined

  /** `fromAddress`: of 127.0.0.0/8, by which whoever is dialled tells one from another. */
  static async listen(targetPort: number, fromAddress = HOST): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort, fromAddress)
    await new Promise<void>((done, failed) => {
      proxy.#server.once('error', failed)
      proxy.#server.listen(0, HOST, done)
    })
    return proxy
  }

  private constructor(targetPort: number, fromAddress: string) {
    this.#targetPort = targetPort
    this.#fromAddress = fromAddress
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      this.#accept(near)
    })
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  get open(): number {
    return this.#passages.size
  }

  /** Bytes that have passed on connections that are open now. */
  passed(direction: Direction): number {
    return [...this.#passages].reduce((sum, passage) => sum + passage.passed[direction], 0)
  }

  /** Ends what is open now. */
  cutAll(kind: CutKind, direction: Direction = 'up'): void {
    for (const passage of this.#passages) passage.end(kind, direction)
  }

  async close(): Promise<void> {
    for (const passage of this.#passages) passage.end('reset', 'up')
    await new Promise<void>((done) => {
      this.#server.close(() => {
        done()
      })
    })
  }

  #accept(near: Socket): void {
    if (this.isClosed) {
      near.on('error', ignore)
      near.resetAndDestroy()
      return
    }
    const connection = this.accepted++
    const to = { port: this.#targetPort, host: HOST, localAddress: this.#fromAddress }
    const far = connect({ ...to, allowHalfOpen: true, noDelay: true })
    const passage = new Passage(near, far, this.faultsOf(connection), () => {
      this.cuts++
      this.onCut(connection)
    })
    this.#passages.add(passage)
    let left = 2
    for (const socket of [near, far]) {
      socket.on('close', () => {
        if (--left === 0) this.#passages.delete(passage)
      })
    }
  }
}

/** Both directions of one connection. */
class Passage {
  readonly passed: Record<Direction, number> = { up: 0, down: 0 }
  readonly #near: Socket
  readonly #far: Socket
  readonly #faults: Faults
  readonly #onCut: () => void
  readonly #silent = new Set<Direction>()

  constructor(near: Socket, far: Socket, faults: Faults, onCut: () => void) {
    this.#near = near
    this.#far = far
    this.#faults = faults
    this.#onCut = onCut
    this.#flow(near, far, 'up')
    this.#flow(far, near, 'down')
  }

  end(kind: CutKind, direction: Direction): void {
    switch (kind) {
      case 'end':
        this.#near.destroy()
        this.#far.destroy()
        break
      case 'reset':
        this.#near.resetAndDestroy()
        this.#far.resetAndDestroy()
        break
      case 'silence':
        this.#silent.add(direction)
        break
      case 'stall':
        this.#silent.add('up').add('down')
        break
      case 'half-open':
        this.#silent.add('up').add('down')
        this.#far.resetAndDestroy()
        break
      default:
        kind satisfies never
    }
  }

  #flow(from: Socket, to: Socket, direction: Direction): void {
    let last: Promise<unknown> = Promise.resolve()
    const inTurn = (turn: () => Promise<void> | void): void => {
      const before = last
      last = (async () => {
        await before
        await turn()
      })()
    }
    const gathered: Buffer[] = []
    from.on('data', (bytes: Buffer) => {
      if (gathered.push(bytes) > 1) return
      inTurn(async () => {
        await this.#gather(from)
        await this.#pass(Buffer.concat(gathered.splice(0)), to, direction)
        from.resume()
      })
    })
    from.on('end', () => {
      inTurn(() => {
        if (!this.#silent.has(direction)) to.end()
      })
    })
    from.on('error', ignore)
    from.on('close', () => {
      inTurn(() => {
        if (this.#silent.size === 0) to.destroy()
      })
    })
  }

  async #gather(from: Socket): Promise<void> {
    const { delayMs = 0, gatherMs = 0 } = this.#faults
    if (gatherMs > 0) await delay(gatherMs)
    from.pause()
    if (delayMs > 0) await delay(delayMs)
  }

  async #pass(bytes: Buffer, to: Socket, direction: Direction): Promise<void> {
    const { cut, pieceBytes = bytes.length, bytesPerSecond } = this.#faults
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      // Silence swallows: whoever sends goes on believing that it is heard.
      if (this.#silent.has(direction)) return
      const piece = bytes.subarray(at, at + pieceBytes)
      const left = cut?.direction === direction ? cut.afterBytes - this.passed[direction] : Infinity
      await write(to, piece.subarray(0, Math.max(0, left)))
      this.passed[direction] += Math.min(piece.length, left)
      if (cut !== undefined && piece.length >= left) {
        this.#onCut()
        this.end(cut.kind, direction)
        return
      }
      if (bytesPerSecond !== undefined) await delay((1000 * piece.length) / bytesPerSecond)
    }
  }
}

/** Resolves when the kernel has it, or when nobody takes it any more. */
async function write(to: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || to.destroyed) return
  await new Promise<void>((done) => {
    to.write(bytes, () => {
      done()
    })
  })
}

/** A peer that is killed resets its connections: that is what this is for. */
function ignore(): void {
  // ECONNRESET, EPIPE, ECONNREFUSED: the close that follows is passed on.
}
