// Where one scene is played: what it may wait for, what is known about the plugin so far, and the processes to clear away.

import type { Clock } from '../../dispatcher/clock.js'
import type { Direction, Format } from './check.js'
import { PluginUnderTest, type OutputSink, type ProgramUnderTest } from './plugin-under-test.js'
import { Transcript, type Mark } from './transcript.js'
import type { Workplace } from './workplace.js'

/** How long the kit waits for what the contract bounds. */
export interface Limits {
  readonly readyMs: number
  readonly stopMs: number
  /** For anything else that is to happen at once. */
  readonly answerMs: number
  /** For an acknowledgement, which may take a second. */
  readonly ackMs: number
}

/** A rule that was broken, the first time. */
export interface Violation {
  readonly expected: string
  readonly seen: string
  /** The check that was made just then. */
  readonly during: string
  readonly transcript: Transcript
  readonly mark: Mark
}

/** What the scenes have seen the plugin do. */
export interface Facts {
  /** It sent a command that may be denied. */
  sentDeniable: boolean
  /** It does not end as it should after STOP: other scenes do not wait for that. */
  stopFails: boolean
  /** The most records that it sent in one process. */
  mostRecords: number
}

export interface Examinee {
  readonly program: ProgramUnderTest
  readonly format: Format
  readonly direction: Direction
  readonly limits: Limits
  readonly clock: Clock
  readonly workplace: Workplace
  readonly facts: Facts
  readonly violations: Map<string, Violation>
}

export class Stage {
  readonly examinee: Examinee
  readonly transcript: Transcript
  readonly #scene: string
  readonly #processes: PluginUnderTest[] = []

  constructor(examinee: Examinee, scene: string) {
    this.examinee = examinee
    this.#scene = scene
    this.transcript = new Transcript(examinee.clock)
  }

  get limits(): Limits {
    return this.examinee.limits
  }

  /** An input plugin is sent no records. */
  get givesRecords(): boolean {
    return this.examinee.direction !== 'in'
  }

  async start(sink: OutputSink): Promise<PluginUnderTest> {
    const { program, workplace, clock } = this.examinee
    const started = await PluginUnderTest.start({ program, workplace, clock, transcript: this.transcript }, sink)
    this.#processes.push(started)
    return started
  }

  /** Only the first time counts: what follows is often its consequence. */
  violated(rule: string, expected: string, seen: string): void {
    const { violations } = this.examinee
    if (violations.has(rule)) return
    const mark = this.transcript.now - 1
    violations.set(rule, { expected, seen, during: this.#scene, transcript: this.transcript, mark })
  }

  /** Ends every process of the scene. */
  async clear(): Promise<void> {
    for (const each of this.#processes.splice(0)) await each.end()
  }
}
