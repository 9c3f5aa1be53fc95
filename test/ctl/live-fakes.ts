// The world of a verb that goes on, in the hands of a test: what the daemon sends, the clock, and the signal that ends it.

import type { LiveWorld } from '../../src/ctl/live-world.js'

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
  const chunks: (Buffer | undefined)[] = []
  let wake = (): void => {}
  let now = 0
  const put = (chunk: Buffer | undefined): void => {
    chunks.push(chunk)
    wake()
  }
  async function* read(): AsyncGenerator<Buffer> {
    for (;;) {
      while (chunks.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      const chunk = chunks.shift()
      if (chunk === undefined) return
      yield chunk
    }
  }
  return {
    asked,
    connect: () =>
      Promise.resolve({
        ask: (words) => {
          asked.push([...words])
          return Promise.resolve(answer(words))
        },
        stream: (words) => {
          asked.push([...words])
          return Promise.resolve({ result: {}, chunks: read() })
        },
        close: () => put(undefined),
      }),
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
