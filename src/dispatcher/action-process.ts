// One run of an action's program: no input, no output but the beginning of its stderr, and an end in any case.

import { harmlessText } from '../protocol/harmless-text.js'
import { describeExit, type BareChild, type Exit, type Program } from './child.js'
import type { Clock } from './clock.js'
import { signalGroup } from './process-table.js'

const MAX_STDERR_BYTES = 4096
const MAX_LINES = 20
const MAX_LINE_CHARACTERS = 300
/** What is written to stderr by something that left the group is waited for no longer than this. */
const STDERR_LIMIT_MS = 200
/** A program that even SIGKILL does not end in this time hangs in the kernel. */
const KILL_LIMIT_MS = 1000

export type StartBare = (program: Program, onExit: (exit: Exit) => void) => BareChild

/** How a run came out. */
export interface ActionOutcome {
  /** '' when the program has ended with status 0. */
  readonly failure: string
  /** Its exit status, if it ended by itself. */
  readonly exit: number | undefined
  /** The first lines of its stderr, made harmless. */
  readonly stderr: readonly string[]
}

type State =
  | { readonly kind: 'running' }
  /** Killed for a reason, and not gone yet. */
  | { readonly kind: 'killed'; readonly why: string }
  /** Its outcome has been told before it was gone. */
  | { readonly kind: 'told' }
  /** Gone, but what it wrote to stderr may still come. */
  | { readonly kind: 'ended'; readonly failure: string; readonly exit: number | undefined }
  | { readonly kind: 'gone' }

export class ActionProcess {
  readonly #child: BareChild
  readonly #clock: Clock
  readonly #onOutcome: (outcome: ActionOutcome) => void
  readonly #onGone: () => void
  #state: State = { kind: 'running' }
  #cancelTimer: () => void
  #stderr = Buffer.alloc(0)

  /**
   * Starts `program`. `onGone` is called once, when it runs no more; `onOutcome` is called once too, right after that or,
   * if the program cannot be ended, without waiting for it.
   */
  constructor(
    program: Program,
    timeoutMs: number,
    { clock, start }: { readonly clock: Clock; readonly start: StartBare },
    onGone: () => void,
    onOutcome: (outcome: ActionOutcome) => void,
  ) {
    this.#clock = clock
    this.#onGone = onGone
    this.#onOutcome = onOutcome
    this.#cancelTimer = clock.after(timeoutMs, () => {
      this.#timedOut(`it took longer than its timeout of ${timeoutMs} ms`)
    })
    this.#child = start(program, (exit) => {
      this.#exited(exit)
    })
    this.#child.stderr.on('data', (chunk: Buffer) => {
      // The rest is read and thrown away: a program must not be held up by what it says.
      const room = MAX_STDERR_BYTES - this.#stderr.length
      if (room > 0) this.#stderr = Buffer.concat([this.#stderr, chunk.subarray(0, room)])
    })
    // ECONNRESET and the like: the other end is gone, which its end tells as well.
    this.#child.stderr.on('error', () => {})
  }

  /** Kills it and tells the outcome at once: whoever asks does not wait. */
  end(why: string): void {
    if (this.#state.kind !== 'running' && this.#state.kind !== 'killed') return
    this.#kill()
    this.#state = { kind: 'told' }
    this.#tellOutcome(why, undefined)
  }

  #timedOut(why: string): void {
    this.#state = { kind: 'killed', why }
    this.#kill()
    this.#cancelTimer = this.#clock.after(KILL_LIMIT_MS, () => {
      this.#state = { kind: 'told' }
      this.#tellOutcome(`${why}, and cannot be killed`, undefined)
    })
  }

  #kill(): void {
    this.#cancelTimer()
    if (this.#child.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL')
  }

  #exited(exit: Exit): void {
    // What it leaves behind would be held to no timeout.
    this.#kill()
    if (this.#state.kind === 'told') return this.#finish()
    const failure = this.#state.kind === 'killed' ? this.#state.why : failureOf(exit)
    this.#state = { kind: 'ended', failure, exit: exit.code }
    const { stderr } = this.#child
    if (stderr.closed) return this.#finish()
    this.#cancelTimer = this.#clock.after(STDERR_LIMIT_MS, () => {
      this.#finish()
    })
    stderr.once('close', () => {
      this.#finish()
    })
  }

  #finish(): void {
    const state = this.#state
    if (state.kind === 'gone') return
    this.#state = { kind: 'gone' }
    this.#cancelTimer()
    this.#child.stderr.destroy()
    this.#onGone()
    if (state.kind === 'ended') this.#tellOutcome(state.failure, state.exit)
  }

  #tellOutcome(failure: string, exit: number | undefined): void {
    this.#onOutcome({ failure, exit, stderr: linesIn(this.#stderr) })
  }
}

function failureOf(exit: Exit): string {
  if (exit.error !== undefined) return exit.error
  return exit.code === 0 ? '' : describeExit(exit)
}

function linesIn(bytes: Buffer): readonly string[] {
  const lines = bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
  return lines.slice(0, MAX_LINES).map((line) => harmlessText(line, MAX_LINE_CHARACTERS))
}
