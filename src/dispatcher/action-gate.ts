// What stands between a plugin and the actions: what it asks for is judged, told, run, and answered. A flood of requests
// is cut off here, before it becomes a flood of records.

import { wordEnd, type Command, type CommandMistake } from '../protocol/command.js'
import type { ErrorCode } from '../protocol/line.js'
import type { Refusal } from './action-arguments.js'
import type { ActionRunner } from './action-runner.js'
import { ActionVoice, MAX_TOLD_BYTES, type SentAction } from './action-voice.js'
import type { Clock } from './clock.js'
import type { Herald } from './herald.js'
import { RateWindow } from './rate-window.js'

const REQUESTS_PER_WINDOW = 60
const WINDOW_MS = 60_000

/** How a command is answered; exactly one of them is called, once. */
export interface Reply {
  ok(result: string): void
  error(code: ErrorCode, text: string): void
}

export interface ActionGateWorld {
  readonly clock: Clock
  readonly herald: Herald
  readonly runner: ActionRunner
}

export class ActionGate {
  readonly #runner: ActionRunner
  readonly #voice: ActionVoice
  readonly #window: RateWindow

  constructor(plugin: string, { clock, herald, runner }: ActionGateWorld) {
    this.#runner = runner
    this.#voice = new ActionVoice(plugin, herald)
    this.#window = new RateWindow(REQUESTS_PER_WINDOW, WINDOW_MS, clock, (count) => {
      this.#voice.refusedMore(count)
    })
  }

  /** Takes a command of the name `action`. */
  ask(command: Command | CommandMistake, allow: readonly string[], reply: Reply): void {
    if (!this.#window.take()) {
      reply.error('busy', `at most ${REQUESTS_PER_WINDOW} requests for actions a minute`)
      return
    }
    const sent = sentAction(command.sent)
    const asked = judge(command, sent, allow)
    if ('code' in asked) return this.#refuse(sent, asked, reply)
    this.#runner.run(asked.name, asked.args, (event) => {
      switch (event.kind) {
        case 'refused':
          this.#refuse(sent, event, reply)
          return
        case 'runs':
          this.#voice.runs(sent, event.exe)
          return
        case 'ended':
          this.#voice.ended(sent, event)
          if (event.failure === '') reply.ok('')
          else reply.error('failed', event.failure)
          return
        default:
          event satisfies never
      }
    })
  }

  /** Tells what is still to be told. */
  close(): void {
    this.#window.close()
  }

  #refuse(sent: SentAction, refusal: Refusal, reply: Reply): void {
    this.#voice.refused(sent, refusal)
    reply.error(refusal.code, refusal.reason)
  }
}

interface AskedAction {
  readonly name: string
  readonly args: readonly Buffer[]
}

/** What is not allowed is denied whether there is such an action or not: a plugin is not to find out which there are. */
function judge(command: Command | CommandMistake, sent: SentAction, allow: readonly string[]): AskedAction | Refusal {
  if (command.kind === 'mistake') return { code: command.code, reason: command.text }
  const [word, ...args] = command.args
  if (word === undefined || word.length === 0) return { code: 'bad-arguments', reason: 'action NAME [argument …]' }
  const name = word.toString('latin1')
  if (!allow.includes(`action:${name}`)) return { code: 'denied', reason: 'the drop-in does not allow this action' }
  // What runs is told whole.
  if (sent.args.length > MAX_TOLD_BYTES) {
    return { code: 'too-long', reason: `all arguments together have at most ${MAX_TOLD_BYTES} bytes` }
  }
  return { name, args }
}

function sentAction(sent: Buffer): SentAction {
  const nameEnd = wordEnd(sent, 0, sent.length)
  return { name: sent.subarray(0, nameEnd), args: sent.subarray(nameEnd + 1) }
}
