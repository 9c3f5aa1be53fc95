// What the remote pair needs of the world. The programs give it sockets, timers and the kernel's randomness; tests give it a
// network and a clock of their own, and the same code runs on them.

export interface Clock {
  /** Milliseconds that only go forward. Every decision of the protocol is made by these. */
  monotonicMs(): number
  /** The time of day, which may jump: for people and for certificates. */
  wallMs(): number
  /** Calls once after so many milliseconds; the result calls it off. */
  after(ms: number, call: () => void): () => void
}

export interface Random {
  /** From 0 up to, and without, 1. */
  fraction(): number
  bytes(count: number): Buffer
}

/** Who is at the other end, as the connection proves it. */
export interface Peer {
  /** The name by certificate, by key, or, where neither is asked for, by address. Never what the peer says of itself. */
  readonly principal: string
  /** Address and port, for people. */
  readonly address: string
  /** When its certificate ends, ms since 1970; undefined if it has none. */
  readonly certificateEndMs: number | undefined
}

/** One connection, whatever carries it. */
export interface Link {
  /** In order, all or nothing; false: more is to wait for `drained`, as so much is held already. */
  write(chunks: readonly Uint8Array[]): boolean
  /** Stops and goes on reading. */
  pause(): void
  resume(): void
  /** Sends what is held, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export interface LinkEvents {
  /** The other end has proved who it is; before that nothing is read or written. */
  connected(peer: Peer): void
  /** The bytes belong to whoever is called. */
  data(bytes: Buffer): void
  drained(): void
  /** Once, and last of all. Also when the connection never came about. */
  closed(why: string): void
}
