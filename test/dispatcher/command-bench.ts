// A plugin's commands with everything round them that a test wants to look at.

import type { ActionDefinition } from '../../src/dispatcher/action-definition.js'
import type { StartBare } from '../../src/dispatcher/action-process.js'
import { ActionRunner } from '../../src/dispatcher/action-runner.js'
import { startBare } from '../../src/dispatcher/child.js'
import { Herald } from '../../src/dispatcher/herald.js'
import { PluginCommands } from '../../src/dispatcher/plugin-commands.js'
import type { OverflowAction } from '../../src/dispatcher/settings.js'
import { ACCEPT_NOTHING } from '../../src/protocol/accept-pattern.js'
import { readCommand } from '../../src/protocol/command.js'
import { FakeClock } from './fake-clock.js'
import { FakeLog } from './fake-log.js'
import { someDropIn } from './some-drop-in.js'

const AUTHOR = { pid: 42, uid: 0, auid: 1000, ses: 3 }

export class CommandBench {
  readonly clock = new FakeClock()
  readonly log = new FakeLog()
  readonly herald = new Herald(this.log, AUTHOR, () => {})
  /** What was done through the callbacks. */
  readonly done: string[] = []
  readonly runner: ActionRunner
  readonly commands: PluginCommands
  allow: readonly string[] = []
  overflow: OverflowAction = 'drop-newest'
  stats: string | undefined = '{}'

  constructor(start: StartBare = startBare) {
    const { clock, herald } = this
    this.runner = new ActionRunner({
      clock,
      start,
      programDoubt: () => '',
      changeRunlevel: (to) => {
        this.done.push(to)
      },
    })
    this.commands = new PluginCommands('siem', {
      clock,
      herald,
      runner: this.runner,
      dropIn: () => {
        const { queue, ...rest } = someDropIn({ allow: this.allow })
        return { ...rest, queue: { ...queue, overflow: this.overflow } }
      },
      subscribe: (selector) => {
        this.done.push(`subscribe ${selector.text}`)
      },
      pause: () => {
        this.done.push('pause')
      },
      resume: () => {
        this.done.push('resume')
      },
      stats: (plugin) => {
        this.done.push(`stats ${plugin ?? '-'}`)
        return this.stats
      },
      statsPage: (from) => {
        this.done.push(`stats page ${from}`)
        return this.stats ?? ''
      },
      reload: () => {
        this.done.push('reload')
      },
    })
  }

  define(...actions: readonly (Partial<ActionDefinition> & { readonly name: string })[]): void {
    const rest = { path: '/bin/true', args: [], accept: ACCEPT_NOTHING, user: '', timeoutMs: 10_000, perMinute: 100 }
    this.runner.define(new Map(actions.map((action) => [action.name, { ...rest, ...action }])))
  }

  /** Gives the command behind `COMMAND `; all lines that it is answered with. */
  give(text: string | Buffer): string[] {
    const bytes = Buffer.from(text)
    const command = readCommand(bytes, 0, bytes.length)
    if (command.kind === 'tagless') throw new Error(command.text)
    const lines: string[] = []
    this.commands.take(command, (line) => lines.push(line))
    return lines
  }

  /** The text of each own record since the last time. */
  records(): string[] {
    return this.herald.take().map((line) => / msg='(.*)'\n$/s.exec(line.toString())?.[1] ?? '')
  }
}

/** As a record has it. */
export function hex(text: string): string {
  return Buffer.from(text).toString('hex').toUpperCase()
}
