// Programs that are told of an event on their standard input: so many at once, each only so long, and so many waiting. No
// shell, no environment, and an end in any case, with all that they have started.

import type { Clock } from '../../src/remote/ports.js'
import type { Exit } from './child-feed.js'
import type { Command } from './config.js'

/** What comes when so many wait is not told. */
export const MAX_WAITING_JOBS = 64

export interface Job {
  readonly command: Command
  readonly input: Buffer
  /** '' when the program has ended with status 0. */
  readonly done: (failure: string) => void
}

/** A program that runs. */
export interface JobProcess {
  /** Kills it and all that it has started. */
  kill(): void
}

/** `onExit` is called once, also when no process came to be; `error` says then why. */
export type StartJob = (
  command: Command,
  input: Buffer,
  onExit: (exit: Exit & { readonly error: string | undefined }) => void,
) => JobProcess

export class JobRunner {
  readonly #maxRunning: number
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #start: StartJob
  readonly #waiting: Job[] = []
  readonly #running = new Set<JobProcess>()
  #whenIdle: (() => void) | undefined

  constructor(maxRunning: number, timeoutMs: number, clock: Clock, start: StartJob) {
    this.#maxRunning = maxRunning
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#start = start
  }

  /** False: too many wait already, and `done` is not called. */
  run(job: Job): boolean {
    if (this.#waiting.length >= MAX_WAITING_JOBS) return false
    this.#waiting.push(job)
    this.#startNext()
    return true
  }

  /** Waits so long for what runs and waits, then kills it. */
  async close(patienceMs: number): Promise<void> {
    if (this.#running.size > 0) {
      await new Promise<void>((done) => {
        this.#whenIdle = done
        this.#clock.after(patienceMs, done)
      })
    }
    for (const { done } of this.#waiting.splice(0)) done('the filter ends')
    for (const started of this.#running) started.kill()
  }

  #startNext(): void {
    if (this.#running.size >= this.#maxRunning) return
    const job = this.#waiting.shift()
    if (job === undefined) {
      if (this.#running.size === 0) this.#whenIdle?.()
      return
    }
    let isLate = false
    const started = this.#start(job.command, job.input, (exit) => {
      callOff()
      // What it leaves behind would be held to no timeout.
      started.kill()
      this.#running.delete(started)
      job.done(isLate ? `it took longer than ${this.#timeoutMs} ms` : failureOf(exit))
      this.#startNext()
    })
    this.#running.add(started)
    const callOff = this.#clock.after(this.#timeoutMs, () => {
      isLate = true
      started.kill()
    })
  }
}

function failureOf({ code, signal, error }: Exit & { readonly error: string | undefined }): string {
  if (error !== undefined) return error
  if (signal !== undefined) return `signal ${signal}`
  return code === 0 ? '' : `exit status ${code ?? 'unknown'}`
}
