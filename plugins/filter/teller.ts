// Tells whom a rule names of what it has matched: the dispatcher's log, a program, somebody by mail, or an action of the
// dispatcher's. Nobody waits for that, records least of all; what fails is counted and said.

import type { Voice } from '../../src/remote/voice.js'
import { CommandError, Stopped, type Plugin } from '../../src/sdk/index.js'
import type { Command } from './config.js'
import { fieldIn, keyOf, recordsOf, shownEvent } from './event-fields.js'
import type { HeldBack } from './hold-back.js'
import { MAX_WAITING_JOBS, type JobRunner } from './job-runner.js'
import { mailText } from './mail.js'
import type { ActionArgument, Telling } from './rule.js'
import type { RuleListener, RuleState } from './rule-book.js'

const LF = Buffer.from('\n')
/** What a program or a mail gets of one event; the records beyond are left out. */
const MAX_TOLD_BYTES = 64 * 1024
/** As the dispatcher takes an argument of an action. */
const MAX_ARGUMENT_BYTES = 256
const CONTROL = /\p{Cc}/u
const SECOND_MS = 1000

export interface TellerWorld {
  readonly voice: Voice
  readonly jobs: JobRunner
  readonly sendmail: Command
  /** What this machine is called. */
  readonly host: string
}

/** Whom notes and requests for actions go to. */
export type Told = Pick<Plugin, 'notify' | 'action'>

export class Teller implements RuleListener {
  readonly #world: TellerWorld
  #plugin: Told | undefined

  constructor(world: TellerWorld) {
    this.#world = world
  }

  /** The dispatcher listens from now on. */
  heardBy(plugin: Told): void {
    this.#plugin = plugin
  }

  matched(state: RuleState, records: readonly Buffer[]): void {
    const { rule, counts, holdBack } = state
    const { verb } = rule
    if (verb.kind === 'keep' || verb.kind === 'drop' || verb.kind === 'count') return
    const taken = holdBack.take(rule.restraint.once === undefined ? '' : keyOf(records, rule.restraint.once.fields))
    counts[taken]++
    if (taken === 'told') this.#tell(state, verb, records)
  }

  heldBack(state: RuleState, { limited, repeated, ms }: HeldBack): void {
    const { verb, name } = state.rule
    const why = [limited > 0 ? `${limited} over the limit` : '', repeated > 0 ? `${repeated} told before` : '']
    const text = `${limited + repeated} more in ${Math.round(ms / SECOND_MS)} s were held back: ${why.filter(Boolean).join(', ')}`
    switch (verb.kind) {
      case 'notify':
        this.#notify(state, verb.level, `${name}: ${text}`)
        return
      case 'exec':
        this.#run(state, { program: verb.program, args: verb.args }, Buffer.from(`# ${name}: ${text}\n`))
        return
      case 'mail':
        this.#mail(state, verb.to, `${name}: ${text}`, [])
        return
      case 'action':
        // An action is done about something, and here is nothing in particular.
        this.#world.voice.log('warn', 'an action was held back', { rule: name, limited, repeated })
        return
      case 'keep':
      case 'drop':
      case 'count':
        return
      default:
        verb satisfies never
    }
  }

  #tell(state: RuleState, verb: Telling, records: readonly Buffer[]): void {
    switch (verb.kind) {
      case 'notify':
        this.#notify(state, verb.level, `${verb.text === '' ? state.rule.name : verb.text}: ${shownEvent(records)}`)
        return
      case 'exec':
        this.#run(state, { program: verb.program, args: verb.args }, linesOf(records))
        return
      case 'mail':
        this.#mail(state, verb.to, `This has matched: ${state.rule.condition}`, records)
        return
      case 'action':
        this.#act(state, verb.name, verb.args, records)
        return
      default:
        verb satisfies never
    }
  }

  #notify(state: RuleState, level: 'debug' | 'info' | 'warn' | 'error', text: string): void {
    if (this.#plugin === undefined) return this.#failed(state, 'nobody listens yet')
    this.#plugin.notify(level, text).catch((error: unknown) => {
      this.#refused(state, error)
    })
  }

  #mail(state: RuleState, to: readonly string[], text: string, records: readonly Buffer[]): void {
    const subject = `audit on ${this.#world.host}: ${state.rule.name}`
    this.#run(state, this.#world.sendmail, mailText({ to, subject, text, records: within(records) }))
  }

  #run(state: RuleState, command: Command, input: Buffer): void {
    const done = (failure: string): void => {
      if (failure !== '') this.#failed(state, `${command.program}: ${failure}`)
    }
    if (!this.#world.jobs.run({ command, input, done }))
      this.#failed(state, `${MAX_WAITING_JOBS} programs wait already`)
  }

  #act(state: RuleState, name: string, wanted: readonly ActionArgument[], records: readonly Buffer[]): void {
    const args = argumentsFor(wanted, records)
    if ('mistake' in args) return this.#failed(state, args.mistake)
    if (this.#plugin === undefined) return this.#failed(state, 'nobody listens yet')
    this.#plugin.action(name, ...args.values).catch((error: unknown) => {
      this.#refused(state, error)
    })
  }

  #refused(state: RuleState, error: unknown): void {
    // The plugin is ending: the answer will not come, and what was asked for may have been done.
    if (error instanceof Stopped) return
    if (!(error instanceof CommandError)) throw error
    this.#failed(state, `${error.code}: ${error.message}`)
  }

  #failed({ rule, counts }: RuleState, why: string): void {
    counts.failed++
    this.#world.voice.log('warn', 'a rule could not tell what it has matched', { rule: rule.name, why })
  }
}

/** What an action is given comes out of the event, and so from anybody: the action's own `accept` has the last word. */
function argumentsFor(
  wanted: readonly ActionArgument[],
  records: readonly Buffer[],
): { readonly values: readonly string[] } | { readonly mistake: string } {
  const parsed = recordsOf(records)
  const values: string[] = []
  for (const argument of wanted) {
    const value = argument.kind === 'text' ? argument.text : fieldIn(parsed, argument.field)
    const field = argument.kind === 'text' ? '' : argument.field
    if (value === undefined) return { mistake: `the event has no field ${field}` }
    if (CONTROL.test(value) || Buffer.byteLength(value) > MAX_ARGUMENT_BYTES)
      return { mistake: `the value of ${field} is too long, or has control characters in it` }
    values.push(value)
  }
  return { values }
}

function linesOf(records: readonly Buffer[]): Buffer {
  return Buffer.concat(within(records).flatMap((record) => [record, LF]))
}

function within(records: readonly Buffer[]): readonly Buffer[] {
  let bytes = 0
  return records.filter((record) => (bytes += record.length + 1) <= MAX_TOLD_BYTES)
}
