import { rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from './ports.js'
import { STATUS_NAME, writeStatus, type StatusReport } from './status.js'

/** It is not written more often, however much happens. */
const LEAST_PAUSE_MS = 1000
/** Nor may it take more than one part in so many of the time: with thousands of streams a status is large. */
const SHARE = 20
/** It is written this often though nothing happens, as a sign of life. */
const LONGEST_PAUSE_MS = 10_000
const FILE_MODE = 0o640

type State =
  | { readonly kind: 'waiting'; readonly dueMs: number; readonly callOff: () => void }
  /** `isStale`: something has changed since what is being written was put together. */
  | { readonly kind: 'writing'; readonly written: Promise<void>; readonly isStale: boolean }
  | { readonly kind: 'closed' }

/** Keeps `status.json` of a directory. It is written beside and renamed, so that a reader sees the old one or the new one, whole. */
export class StatusFile {
  readonly #dir: string
  readonly #clock: Clock
  readonly #report: () => StatusReport
  readonly #trouble: (error: unknown) => void
  #state: State
  #lastMs: number
  #pauseMs = LEAST_PAUSE_MS

  /** `report` says how things are at the moment; `trouble` is told what keeps the file from being written, each time. */
  constructor(dir: string, clock: Clock, report: () => StatusReport, trouble: (error: unknown) => void) {
    this.#dir = dir
    this.#clock = clock
    this.#report = report
    this.#trouble = trouble
    this.#lastMs = clock.monotonicMs()
    this.#state = this.#waitUntil(this.#lastMs)
  }

  /** Something has changed that people would want to see. Cheap: called as often as it likes. */
  changed(): void {
    const state = this.#state
    const dueMs = this.#lastMs + this.#pauseMs
    if (state.kind === 'writing') {
      this.#state = { ...state, isStale: true }
    } else if (state.kind === 'waiting' && state.dueMs > dueMs) {
      state.callOff()
      this.#state = this.#waitUntil(dueMs)
    }
  }

  /** Says that the program has ended by itself. */
  async close(): Promise<void> {
    const state = this.#state
    if (state.kind === 'closed') return
    this.#state = { kind: 'closed' }
    if (state.kind === 'waiting') state.callOff()
    if (state.kind === 'writing') await state.written
    await this.#write('stopped')
  }

  #waitUntil(dueMs: number): State {
    const callOff = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      this.#lastMs = this.#clock.monotonicMs()
      this.#state = { kind: 'writing', written: this.#writeAndWait(), isStale: false }
    })
    return { kind: 'waiting', dueMs, callOff }
  }

  async #writeAndWait(): Promise<void> {
    await this.#write('running')
    const state = this.#state
    if (state.kind !== 'writing') return
    this.#pauseMs = Math.max(LEAST_PAUSE_MS, SHARE * (this.#clock.monotonicMs() - this.#lastMs))
    this.#state = this.#waitUntil(this.#lastMs + Math.max(this.#pauseMs, state.isStale ? 0 : LONGEST_PAUSE_MS))
  }

  async #write(state: 'running' | 'stopped'): Promise<void> {
    const path = join(this.#dir, STATUS_NAME)
    try {
      await writeFile(`${path}.new`, writeStatus(this.#report(), state, this.#clock.wallMs()), { mode: FILE_MODE })
      await rename(`${path}.new`, path)
    } catch (error) {
      this.#trouble(error)
      // What was written in part would take room on a disk that is full.
      await unlink(`${path}.new`).catch(() => {
        // ENOENT: nothing was written.
      })
    }
  }
}
