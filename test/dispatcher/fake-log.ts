import type { Log } from '../../src/log.js'

export interface Said {
  readonly level: keyof Log
  readonly text: string
  readonly fields: unknown
}

/** A log that keeps what it is told. */
export class FakeLog implements Log {
  readonly said: Said[] = []
  readonly debug = this.#taking('debug')
  readonly info = this.#taking('info')
  readonly warn = this.#taking('warn')
  readonly error = this.#taking('error')
  readonly fatal = this.#taking('fatal')

  get texts(): string[] {
    return this.said.map(({ text }) => text)
  }

  #taking(level: keyof Log) {
    return (first: unknown, second?: unknown): void => {
      if (typeof first === 'string') this.said.push({ level, text: first, fields: {} })
      else this.said.push({ level, text: String(second), fields: first })
    }
  }
}
