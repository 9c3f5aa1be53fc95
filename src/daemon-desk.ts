// What the control socket asks, answered by the daemon's parts.

import type { Answer, ControlDesk, Question } from './control/control-desk.js'
import { ControlError } from './control/control-error.js'
import type { DaemonStatus, ReloadStatus } from './control/daemon-status.js'
import type { Access } from './control/greeting.js'
import type { LogRing } from './control/log-ring.js'
import { publicStatus } from './control/public-status.js'
import type { Dispatcher } from './dispatcher/dispatcher.js'
import type { OpenLog } from './log.js'
import type { Reloading } from './reloading.js'
import { version } from './version.js'

export interface DeskParts {
  readonly dispatcher: Dispatcher
  readonly reloading: Reloading
  readonly log: Pick<OpenLog, 'target' | 'droppedLines'>
  readonly ring: LogRing
  readonly jitless: boolean
  /** The name of the process that started the daemon. */
  readonly parent: string
  /** Since 1970. */
  readonly startedMs: number
}

export class DaemonDesk implements ControlDesk {
  readonly #parts: DeskParts
  readonly #version = version()

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  /** How everything is, or of the plugins the one of that name alone. Throws ControlError. */
  status(plugin: string | undefined): DaemonStatus {
    const { dispatcher, reloading, log, jitless, parent, startedMs } = this.#parts
    const wallMs = Date.now()
    return {
      version: this.#version,
      pid: process.pid,
      now: new Date(wallMs).toISOString(),
      startedAt: new Date(startedMs).toISOString(),
      jitless,
      parent,
      ...dispatcher.status(plugin, wallMs),
      log: { target: log.target, droppedLines: log.droppedLines() },
      lastReload: reloading.last ?? null,
    }
  }

  async ask(question: Question, access: Access): Promise<unknown> {
    const { admin } = this.#parts.dispatcher
    switch (question.verb) {
      case 'ping':
        return { pid: process.pid, now: new Date().toISOString() }
      case 'status':
        return access === 'all' ? this.status(question.plugin) : publicStatus(this.status(question.plugin))
      case 'start':
        return admin.start(question.plugin)
      case 'stop':
        return admin.stop(question.plugin)
      case 'restart':
        return admin.restart(question.plugin)
      case 'resume':
        return { resumed: admin.resume(question.plugin) }
      case 'reload':
        return question.isDry ? this.#parts.reloading.dry() : this.#reload()
      default:
        return question satisfies never
    }
  }

  tap(selector: string, onMore: () => void): Answer {
    return { result: { selector }, spring: this.#parts.dispatcher.taps.open(selector, onMore) }
  }

  logs(plugin: string | undefined, follow: boolean, onMore: () => void): Answer {
    const { ring } = this.#parts
    const lines = ring.lines(plugin)
    // One that is gone may have lines still; with none, its name must at least be right.
    if (lines.length === 0 && plugin !== undefined) this.status(plugin)
    return { result: { lines }, spring: follow ? ring.follow(plugin, onMore) : undefined }
  }

  async #reload(): Promise<ReloadStatus> {
    const { dispatcher, reloading } = this.#parts
    if (!dispatcher.isEnding) dispatcher.admin.tellReload()
    const done = dispatcher.isEnding ? undefined : await reloading.finished()
    if (done !== undefined) return done
    throw new ControlError('state', 'audispd is ending', 'ask the daemon that comes after it')
  }
}
