// auditd in memory, for tests of plugins: it writes, and reads nothing.

import { PassThrough, Writable } from 'node:stream'
import {
  runPlugin,
  type Gap,
  type PluginDefinition,
  type PluginSignal,
  type Surroundings,
} from '../../src/sdk/index.js'
import { TestClock } from '../../src/sdk/test-clock.js'

export class Auditd {
  readonly #signals = new Map<PluginSignal, () => void>()
  readonly #clock = new TestClock()
  readonly input = new PassThrough({ highWaterMark: 1 })
  /** What the plugin has written to stdout. */
  said = ''
  /** What it has written to stderr. */
  complaints = ''
  /** Resolves with the exit status. */
  readonly status: Promise<number>

  constructor(plugin: PluginDefinition, surroundings: Surroundings = {}) {
    this.status = runPlugin(plugin, {
      input: this.input,
      output: written((text) => (this.said += text)),
      error: written((text) => (this.complaints += text)),
      exit: () => {},
      clock: this.#clock,
      onSignal: (signal, listener) => this.#signals.set(signal, listener),
      ...surroundings,
    })
  }

  write(bytes: string | Buffer): void {
    this.input.write(bytes)
  }

  /** The end of input. Resolves with the exit status. */
  async end(): Promise<number> {
    this.input.end()
    return this.status
  }

  signal(name: PluginSignal): void {
    this.#signals.get(name)?.()
  }

  pass(ms: number): void {
    this.#clock.pass(ms)
  }
}

/** Resolves when the condition holds; it is asked after each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** Notes each record and each gap, as text. */
export function noting(seen: string[], more: Partial<PluginDefinition> = {}): PluginDefinition {
  return {
    records(batch) {
      for (const record of batch) seen.push(`${record.seq} ${record.bytes.toString('latin1')}`)
    },
    lost(gap: Gap) {
      seen.push(`lost ${gap.count} ${gap.first} ${gap.last} ${gap.reason}`)
    },
    ...more,
  }
}

function written(take: (text: string) => void): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      take(chunk.toString('latin1'))
      done()
    },
  })
}
