// What an admin is told of the servers: once when they are gone, once when there is one again, with what that has cost.

import type { Voice } from '../../src/remote/voice.js'
import type { Tally } from './tally.js'

export class News {
  readonly #log: Voice['log']
  readonly #tally: Tally
  /** That was there last. */
  #server = ''
  #told: 'nothing' | 'there' | 'away' = 'nothing'

  constructor(log: Voice['log'], tally: Tally) {
    this.#log = log
    this.#tally = tally
  }

  away(server: string, error: string, waiting: number): void {
    if (this.#told === 'away') return
    const fields = { server, error, waiting, ...this.#tally.fresh() }
    if (this.#told === 'there') this.#log('warn', 'the syslog server has gone; records wait', fields)
    else this.#log('warn', 'no syslog server can be reached; records wait', fields)
    this.#told = 'away'
  }

  there(server: string, waiting: number): void {
    if (this.#told === 'there' && server === this.#server) return
    this.#server = server
    const fields = { server, waiting, ...this.#tally.fresh() }
    if (this.#told === 'away') this.#log('warn', 'a syslog server is there again', fields)
    else this.#log('info', 'a syslog server is there', fields)
    this.#told = 'there'
  }

  /** All that waited has been sent. */
  nothingWaits(): void {
    if (this.#told === 'there' && this.#tally.since('dropped') > 0)
      this.#log('warn', 'there is room again', this.#tally.fresh())
  }

  lost(server: string, count: number, error: string): void {
    this.#tally.add('lost', count)
    this.#log('warn', 'messages did not arrive', { server, count, error })
  }

  mute(server: string, unproven: number): void {
    this.#log('warn', 'the server does not close when it is asked to, so nothing proves what it has read', {
      server,
      unproven,
    })
  }

  way(server: string, text: string): void {
    this.#log('info', 'of the way to the syslog server', { server, text })
  }
}
