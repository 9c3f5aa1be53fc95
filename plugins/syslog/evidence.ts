// What is known of what was sent. A server that is killed while it is asked looks like one that answers, and what it had read and not
// stored is gone. But one that took a connection after that was alive: until then its proof is provisional.

import type { Outbox } from './outbox.js'
import type { Tally } from './tally.js'

const NONE = { server: '', entries: 0, bytes: 0 }

export class Evidence {
  readonly #outbox: Outbox
  readonly #tally: Tally
  /** Of what is unproven, the first so many: `server` has proved them, if it did not die of it. */
  #provisional = NONE

  constructor(outbox: Outbox, tally: Tally) {
    this.#outbox = outbox
    this.#tally = tally
  }

  /** Entries for which there is no proof at all. */
  get missing(): number {
    return this.#outbox.unproven - this.#provisional.entries
  }

  get missingBytes(): number {
    return this.#outbox.unprovenBytes - this.#provisional.bytes
  }

  /** The server has closed after all that was sent, as it was asked to. */
  provisional(server: string): void {
    this.confirm()
    this.#provisional = { server, entries: this.#outbox.unproven, bytes: this.#outbox.unprovenBytes }
  }

  /** Whoever has given it lives. */
  confirm(): void {
    this.#outbox.prove(this.#provisional.entries)
    this.#provisional = NONE
  }

  /** The last so many bytes can be sent again; `isTold`: the rest should have been proven, and will not be. */
  keep(bytes: number, isTold: boolean): void {
    this.confirm()
    const { unproven } = this.#outbox
    this.#outbox.keep(bytes)
    if (isTold) this.#tally.add('unconfirmed', unproven - this.#outbox.unproven)
  }

  /** That a server cannot be reached says nothing of what another one has proved. */
  isAbout(server: string): boolean {
    return this.#provisional.server === server
  }

  /** The connection broke: what is unproven waits again, or is given up. */
  takeBack(isSentAgain: boolean): void {
    this.#provisional = NONE
    if (!isSentAgain) {
      this.#tally.add('inDoubt', this.#outbox.takenUnproven)
      this.#outbox.prove(this.#outbox.takenUnproven)
    }
    this.#outbox.rewind()
  }
}
