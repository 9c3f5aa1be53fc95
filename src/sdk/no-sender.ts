import { unminded } from './deferred.js'
import type { RecordSender } from './peer.js'
import { RefusedRecord } from './sdk-error.js'

/** For a plugin whose standard output nobody reads records from. */
export class NoSender implements RecordSender {
  readonly #complain: (text: string) => void
  #isTold = false
  readonly lastSent = 0
  readonly unsettled = 0

  constructor(complain: (text: string) => void) {
    this.#complain = complain
  }

  send(_record: Buffer | string, n: number | undefined): Promise<number> {
    return this.#refuse(n ?? 1)
  }

  sendLines(_lines: Buffer, n: number): Promise<number> {
    return this.#refuse(n)
  }

  async settled(): Promise<void> {
    // Nothing was ever sent.
  }

  end(): void {
    // Nothing waits.
  }

  #refuse(n: number): Promise<number> {
    const text =
      'auditd takes no records from a plugin; under audispd it takes direction = in or both, with format = protocol'
    if (!this.#isTold) this.#complain(`a record was not sent: ${text}`)
    this.#isTold = true
    return unminded(Promise.reject(new RefusedRecord(n, 'denied', text)))
  }
}
