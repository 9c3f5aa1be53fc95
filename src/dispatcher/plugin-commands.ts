// The commands of one plugin: each is answered once, an action's when it has ended. Whoever reads the plugin's lines hands
// them in; what a command changes is done through the callbacks. It outlives the plugin's processes, and so do its limits.

import type { Command, CommandMistake } from '../protocol/command.js'
import { harmlessText } from '../protocol/harmless-text.js'
import { errLine, LONGEST_LINE_BYTES, okLine } from '../protocol/line.js'
import { parseSelector, SelectorError, type Selector } from '../protocol/selector.js'
import { ActionGate, type ActionGateWorld, type Reply } from './action-gate.js'
import type { DropIn } from './drop-in.js'
import { RateWindow } from './rate-window.js'
import type { OverflowAction } from './settings.js'
import { pageStart } from './stats-page.js'

const MAX_TEXT_CHARACTERS = 300
const MAX_NOTICE_CHARACTERS = 1000
const NOTICES_PER_WINDOW = 50
const NOTICE_WINDOW_MS = 10_000
/** Each of them parts what all plugins get anew. */
const SUBSCRIPTIONS_PER_WINDOW = 60
const SUBSCRIPTION_WINDOW_MS = 60_000
const RELOADS_PER_WINDOW = 10
const RELOAD_WINDOW_MS = 60_000
/** Where a full queue has consequences for others, a plugin may not let its own fill up. */
const NO_PAUSE: ReadonlySet<OverflowAction> = new Set(['block', 'suspend', 'single', 'halt'])
const BLANK = Buffer.from(' ')

const LEVELS: ReadonlyMap<string, 'debug' | 'info' | 'warn' | 'error'> = new Map([
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
])

/** What commands do, for one plugin. */
export interface CommandWorld extends ActionGateWorld {
  /** As it is now. */
  readonly dropIn: () => Pick<DropIn, 'allow' | 'queue'>
  readonly subscribe: (selector: Selector) => void
  readonly pause: () => void
  readonly resume: () => void
  /** Counters as JSON on one line, of everything or of one plugin; undefined when there is no such plugin. */
  readonly stats: (plugin: string | undefined) => string | undefined
  /** The same with all figures, of the plugins from this name on, as many as a line holds. */
  readonly statsPage: (from: string) => string
  /** The same as SIGHUP. */
  readonly reload: () => void
}

/** How many commands came, how many of them were answered ERR, how many notices were logged. */
export interface CommandCounts {
  readonly taken: number
  readonly errors: number
  readonly notified: number
}

type Handler = (command: Command | CommandMistake, reply: Reply) => void

export class PluginCommands {
  readonly #plugin: string
  readonly #world: CommandWorld
  readonly #gate: ActionGate
  readonly #notices: RateWindow
  readonly #subscriptions: RateWindow
  readonly #reloads: RateWindow
  readonly #handlers: ReadonlyMap<string, Handler>
  #counts: CommandCounts = { taken: 0, errors: 0, notified: 0 }

  constructor(plugin: string, world: CommandWorld) {
    this.#plugin = plugin
    this.#world = world
    this.#gate = new ActionGate(plugin, world)
    this.#notices = this.#window('notify', NOTICES_PER_WINDOW, NOTICE_WINDOW_MS)
    this.#subscriptions = this.#window('subscribe', SUBSCRIPTIONS_PER_WINDOW, SUBSCRIPTION_WINDOW_MS)
    this.#reloads = this.#window('reload', RELOADS_PER_WINDOW, RELOAD_WINDOW_MS)
    this.#handlers = new Map<string, Handler>([
      ['subscribe', withArguments((args, reply) => this.#subscribe(args, reply))],
      ['pause', withArguments((args, reply) => this.#pauseOrResume(args, reply, world.pause))],
      ['resume', withArguments((args, reply) => this.#pauseOrResume(args, reply, world.resume))],
      ['stats', withArguments((args, reply) => this.#stats(args, reply))],
      ['notify', withArguments((args, reply) => this.#notify(args, reply))],
      ['action', (command, reply) => this.#gate.ask(command, world.dropIn().allow, reply)],
      ['reload', withArguments((args, reply) => this.#reload(args, reply))],
    ])
  }

  get counts(): CommandCounts {
    return this.#counts
  }

  /** Runs a command. `answer` gets one line, at once or later; who asked may be gone by then. */
  take(command: Command | CommandMistake, answer: (line: string) => void): void {
    const { tag } = command
    this.#count('taken')
    const reply: Reply = {
      ok: (result) => {
        answer(okLine(tag, result))
      },
      error: (code, text) => {
        this.#count('errors')
        answer(errLine(tag, code, harmlessText(text, MAX_TEXT_CHARACTERS)))
      },
    }
    const handler = this.#handlers.get(command.name)
    if (handler === undefined) reply.error('unknown-command', `there are ${[...this.#handlers.keys()].join(', ')}`)
    else handler(command, reply)
  }

  /** The plugin has left for good: tells what is still to be told. */
  close(): void {
    this.#gate.close()
    this.#notices.close()
    this.#subscriptions.close()
    this.#reloads.close()
  }

  #window(command: string, limit: number, windowMs: number): RateWindow {
    return new RateWindow(limit, windowMs, this.#world.clock, (count) => {
      const fields = { plugin: this.#plugin, command, count }
      this.#world.herald.log.warn(fields, 'plugin commands more than is done; the rest was answered busy')
    })
  }

  #subscribe(args: readonly Buffer[], reply: Reply): void {
    let selector: Selector
    try {
      selector = parseSelector(joined(args))
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error
      return reply.error('bad-arguments', error.message)
    }
    if (!this.#subscriptions.take()) return reply.error('busy', `at most ${SUBSCRIPTIONS_PER_WINDOW} a minute`)
    this.#world.subscribe(selector)
    reply.ok('')
  }

  #pauseOrResume(args: readonly Buffer[], reply: Reply, change: () => void): void {
    if (args.length > 0) return reply.error('bad-arguments', 'this command takes no arguments')
    const { overflow } = this.#world.dropIn().queue
    if (NO_PAUSE.has(overflow)) return reply.error('denied', `not with overflow_action = ${overflow}`)
    change()
    reply.ok('')
  }

  #stats(args: readonly Buffer[], reply: Reply): void {
    if (args.length > 1) return reply.error('bad-arguments', 'stats [plugin]')
    const asked = args[0]?.toString()
    const from = pageStart(asked)
    const json = from === undefined ? this.#world.stats(asked) : this.#world.statsPage(from)
    if (json === undefined) return reply.error('bad-arguments', 'there is no such plugin')
    const result = inAscii(json)
    // With the verb, the tag, and what stands between them.
    if (okLine('x'.repeat(32), result).length <= LONGEST_LINE_BYTES) return reply.ok(result)
    reply.error('too-long', 'the counters do not fit on a line; ask for one plugin')
  }

  #notify([word, ...text]: readonly Buffer[], reply: Reply): void {
    const level = LEVELS.get(word?.toString() ?? '')
    if (level === undefined) {
      return reply.error('bad-arguments', 'notify LEVEL text, where LEVEL is debug, info, warn or error')
    }
    const notice = harmlessText(joined(text), MAX_NOTICE_CHARACTERS)
    if (notice === '') return reply.error('bad-arguments', 'there is no text')
    if (!this.#notices.take()) return reply.error('busy', `at most ${NOTICES_PER_WINDOW} in 10 s`)
    this.#count('notified')
    this.#world.herald.log[level]({ plugin: this.#plugin, notice }, 'plugin notifies')
    reply.ok('')
  }

  #reload(args: readonly Buffer[], reply: Reply): void {
    if (args.length > 0) return reply.error('bad-arguments', 'this command takes no arguments')
    if (!this.#world.dropIn().allow.includes('reload')) return reply.error('denied', 'the drop-in does not allow it')
    if (!this.#reloads.take()) return reply.error('busy', `at most ${RELOADS_PER_WINDOW} a minute`)
    this.#world.herald.log.info({ plugin: this.#plugin }, 'plugin asks for a reload')
    this.#world.reload()
    reply.ok('')
  }

  #count(what: keyof CommandCounts): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 }
  }
}

/** For a command of which only what can be read is of interest. */
function withArguments(run: (args: readonly Buffer[], reply: Reply) => void): Handler {
  return (command, reply) => {
    if (command.kind === 'command') run(command.args, reply)
    else reply.error(command.code, command.text)
  }
}

/** A last argument may hold blanks, as the last field of any line. */
function joined(args: readonly Buffer[]): string {
  return Buffer.concat(args.flatMap((arg, index) => (index === 0 ? [arg] : [BLANK, arg]))).toString()
}

/** The same JSON: outside of its strings there is only ASCII. */
function inAscii(json: string): string {
  return json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
