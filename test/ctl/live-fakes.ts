// The world of a verb that goes on, in the hands of a test: what the daemon sends, the clock, and the signal that ends it.

import type { LiveClient, LiveWorld } from '../../src/ctl/live-world.js'

export interface FakeLive extends LiveWorld {
  /** What was asked for. */
  readonly asked: string[][]
  readonly send: (chunk: string | Buffer) => void
  /** The daemon ends the connection. */
  readonly hangUp: () => void
  readonly interrupt: () => void
  /** Time goes on, and timers go off. */
  readonly pass: (ms: number) => void
}

export function fakeLive(answer: (words: readonly string[]) => unknown = () => ({})): FakeLive {
  const asked: string[][] = []
  const timers = new Set<() => void>()
  const interrupts = new Set<() => void>()
  /** `undefined`: the daemon has ended the connection. */
  const chunks: (Buffer | undefined)[] = []
  const wakers = new Set<() => void>()
  let now = 0
  const put = (chunk: Buffer | undefined): void => {
    chunks.push(chunk)
    for (const wake of wakers) wake()
  }
  async function* read(client: { isClosed: boolean }): AsyncGenerator<Buffer> {
    for (;;) {
      while (chunks.length === 0 && !client.isClosed) {
        await new Promise<void>((resolve) => {
          wakers.add(resolve)
        })
      }
      const chunk = client.isClosed ? undefined : chunks.shift()
      if (chunk === undefined) return
      yield chunk
    }
  }
  const connect = (): Promise<LiveClient> => {
    const client = { isClosed: false }
    return Promise.resolve({
      ask: (words) => {
        asked.push([...words])
        return Promise.resolve(answer(words))
      },
      stream: (words) => {
        asked.push([...words])
        return Promise.resolve({ result: {}, chunks: read(client) })
      },
      close: () => {
        client.isClosed = true
        for (const wake of wakers) wake()
      },
    })
  }
  return {
    asked,
    connect,
    nowMs: () => now,
    every: (_ms, call) => {
      timers.add(call)
      return () => timers.delete(call)
    },
    onInterrupt: (call) => {
      interrupts.add(call)
      return () => interrupts.delete(call)
    },
    stepBack: () => {},
    letGo: () => {},
    send: (chunk) => put(Buffer.from(chunk)),
    hangUp: () => put(undefined),
    interrupt: () => {
      for (const call of interrupts) call()
    },
    pass: (ms) => {
      now += ms
      for (const call of timers) call()
    },
  }
}
