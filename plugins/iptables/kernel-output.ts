// Under auditd nobody reads what a plugin writes. What goes to the kernel as a message of a user-space program comes back to auditd as a
// record of type USER, with the kernel's own time and serial.

import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import type { Voice } from '../../src/remote/voice.js'

const AUDITCTL = '/usr/sbin/auditctl'
const LONGEST_RUN_MS = 10_000
const RETRY_MS = 1000

/** Undefined: the kernel has taken it. Otherwise why not. */
export type TellKernel = (message: string) => Promise<string | undefined>

/** One message after the other: that bounds how fast processes are made. */
export class KernelOutput {
  readonly #voice: Voice
  readonly #tell: TellKernel
  readonly #retryMs: number
  #why = ''

  constructor(voice: Voice, tell: TellKernel = tellByAuditctl, retryMs = RETRY_MS) {
    this.#voice = voice
    this.#tell = tell
    this.#retryMs = retryMs
  }

  /** Tries until the kernel takes it, or `stopping` is aborted; then it is false. */
  async send(message: string, stopping: AbortSignal): Promise<boolean> {
    while (!stopping.aborted) {
      const why = (await this.#tell(message)) ?? ''
      if (why !== '' && this.#why === '')
        this.#voice.log('error', 'the kernel does not take messages; trying again', { why })
      if (why === '' && this.#why !== '') this.#voice.log('info', 'the kernel takes messages again')
      this.#why = why
      if (why === '') return true
      await pause(this.#retryMs, undefined, { signal: stopping }).catch(() => {
        // AbortError: the end.
      })
    }
    return false
  }
}

function tellByAuditctl(message: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // No shell: the message is one argument, whatever stands in it.
    execFile(AUDITCTL, ['-m', message], { env: {}, timeout: LONGEST_RUN_MS }, (error, _stdout, stderr) => {
      resolve(error === null ? undefined : stderr.trim() || error.message)
    })
  })
}
