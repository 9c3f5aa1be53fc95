import { setPriority } from 'node:os'
import type { Streaming } from '../control/control-client.js'
import { ControlError } from '../control/control-error.js'
import { controlFailure, openControl } from './control-place.js'

/** A program that only looks on gets what nobody else wants. */
const NICENESS = 19
/** So long the end waits for what was written last to be read. */
const LAST_WORDS_MS = 500

/** A connection to the daemon. */
export interface LiveClient {
  readonly ask: (words: readonly string[]) => Promise<unknown>
  readonly stream: (words: readonly string[]) => Promise<Streaming>
  readonly close: () => void
}

/** What a verb that goes on needs besides its host. */
export interface LiveWorld {
  /** Rejects with a ControlError, as the client does. */
  readonly connect: (socket: string) => Promise<LiveClient>
  readonly nowMs: () => number
  /** Calls again and again, until the function that comes back is called. */
  readonly every: (ms: number, call: () => void) => () => void
  /** Takes a signal that asks for the end, until the function that comes back is called; the next one ends at once. */
  readonly onInterrupt: (call: () => void) => () => void
  /** Leaves the processor to those who have something to do. */
  readonly stepBack: () => void
  /** What nobody reads any more must not keep the program from ending. */
  readonly letGo: () => void
}

export const LIVE_WORLD: LiveWorld = {
  connect: openControl,
  nowMs: () => performance.now(),
  every: (ms, call) => {
    const timer = setInterval(call, ms)
    return () => clearInterval(timer)
  },
  onInterrupt,
  stepBack: () => setPriority(NICENESS),
  letGo: () => {
    // A write that is under way keeps a process alive, whoever reads it or not.
    setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
  },
}

function onInterrupt(call: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const off = (): void => {
    for (const signal of signals) process.off(signal, once)
  }
  const once = (): void => {
    off()
    call()
  }
  for (const signal of signals) process.on(signal, once)
  return off
}

/** Asks; what is refused ends the verb. */
export async function orCtlError<T>(socket: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof ControlError ? controlFailure(socket, error) : error
  }
}
