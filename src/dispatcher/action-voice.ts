// What is said about the actions that one plugin asks for: each is told in the log and as a record. What the plugin sent
// stands in hex, whatever it looks like: it is evidence, and must not be taken for anything else.

import { harmlessText } from '../protocol/harmless-text.js'
import type { Refusal } from './action-arguments.js'
import type { ActionOutcome } from './action-process.js'
import type { Herald } from './herald.js'

/** Of what is refused so much is told: in hex and with all else it is less than the 8970 bytes of a binary record. */
export const MAX_TOLD_BYTES = 3072
const MAX_TOLD_NAME_BYTES = 96
/** A line of the log is for people, who find all of it in the record. */
const LOGGED_BYTES = 128
const MAX_REASON_CHARACTERS = 300

/** A request as the plugin wrote it. */
export interface SentAction {
  readonly name: Buffer
  readonly args: Buffer
}

export class ActionVoice {
  readonly #plugin: string
  readonly #herald: Herald

  constructor(plugin: string, herald: Herald) {
    this.#plugin = plugin
    this.#herald = herald
  }

  runs(sent: SentAction, exe: string): void {
    const about = exe === '' ? {} : { exe }
    this.#herald.log.info({ ...this.#logged(sent), ...about }, 'action runs, as a plugin asked')
    this.#herald.publish({ op: 'action-run', fields: { ...this.#told(sent), ...about }, success: true })
  }

  ended(sent: SentAction, outcome: ActionOutcome): void {
    const exit = outcome.exit === undefined ? {} : { exit: outcome.exit }
    const stderr = outcome.stderr.length === 0 ? {} : { stderr: outcome.stderr }
    if (outcome.failure === '') {
      this.#herald.log.info({ ...this.#logged(sent), ...exit, ...stderr }, 'action is done')
      this.#herald.publish({ op: 'action-done', fields: { ...this.#told(sent), ...exit }, success: true })
      return
    }
    const reason = harmlessText(outcome.failure, MAX_REASON_CHARACTERS)
    this.#herald.log.warn({ ...this.#logged(sent), reason, ...exit, ...stderr }, 'action failed')
    this.#herald.publish({ op: 'action-failed', fields: { ...this.#told(sent), reason, ...exit }, success: false })
  }

  refused(sent: SentAction, { code, reason }: Refusal): void {
    this.#herald.log.warn({ ...this.#logged(sent), code, reason }, 'action refused')
    this.#herald.publish({ op: 'action-refused', fields: { ...this.#told(sent), code, reason }, success: false })
  }

  /** `count` more were refused, of which nothing else is told. */
  refusedMore(count: number): void {
    this.#herald.log.warn({ plugin: this.#plugin, count }, 'actions refused: the plugin asks for too many')
    const fields = { plugin: this.#plugin, code: 'busy', count }
    this.#herald.publish({ op: 'action-refused', fields, success: false })
  }

  #told({ name, args }: SentAction): Record<string, string | number | Uint8Array> {
    const told = { name: name.subarray(0, MAX_TOLD_NAME_BYTES), args: args.subarray(0, MAX_TOLD_BYTES) }
    const cut = name.length - told.name.length + args.length - told.args.length
    return { plugin: this.#plugin, action: told.name, args: told.args, ...(cut === 0 ? {} : { cut }) }
  }

  #logged({ name, args }: SentAction): { plugin: string; action: string; args: string } {
    return { plugin: this.#plugin, action: loggedHex(name), args: loggedHex(args) }
  }
}

function loggedHex(bytes: Buffer): string {
  const hex = bytes.subarray(0, LOGGED_BYTES).toString('hex').toUpperCase()
  return bytes.length > LOGGED_BYTES ? `${hex}…` : hex
}
