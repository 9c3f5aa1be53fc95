// Reloads, whoever asks for them: a signal, the watch, a plugin, the admin. What the last one came to is remembered.

import { formatProblem, type Problem } from './config.js'
import type { ReloadStatus } from './control/daemon-status.js'
import { SYSTEM_CLOCK } from './dispatcher/clock.js'
import type { ConfigPlace } from './dispatcher/config-place.js'
import { problemTexts } from './dispatcher/daemon-report.js'
import type { Dispatcher } from './dispatcher/dispatcher.js'
import { readDropIns, type DropInReport } from './dispatcher/drop-in-dir.js'
import type { Herald } from './dispatcher/herald.js'
import { replayReport, replaySettings } from './dispatcher/replay-mode.js'
import { ReloadRequests } from './dispatcher/reload-requests.js'
import { loadSettings } from './dispatcher/settings-file.js'
import type { Settings } from './dispatcher/settings.js'
import type { Log } from './log.js'

export interface ReloadingParts {
  readonly place: ConfigPlace
  readonly only: readonly string[] | undefined
  /** The records are recorded ones, also after a reload. */
  readonly replay: boolean
  readonly dispatcher: Dispatcher
  readonly herald: Herald
  /** A reload begins, and is over, whatever it came to. */
  readonly onBegin: () => void
  readonly onOver: () => void
  /** A reload has taken over these settings. */
  readonly onSettings: (settings: Settings) => void
}

/** A configuration as it was read. */
interface Reading {
  readonly settings: Settings
  readonly reports: readonly DropInReport[]
  readonly problems: readonly Problem[]
  /** False: nothing of it may be used. */
  readonly isUsable: boolean
}

export class Reloading {
  readonly #parts: ReloadingParts
  readonly #requests: ReloadRequests
  #last: ReloadStatus | undefined

  constructor(parts: ReloadingParts) {
    this.#parts = parts
    this.#requests = new ReloadRequests(SYSTEM_CLOCK, async () => {
      parts.onBegin()
      await this.#reload()
      parts.onOver()
    })
  }

  /** What the last reload came to. */
  get last(): ReloadStatus | undefined {
    return this.#last
  }

  request(): void {
    this.#requests.request()
  }

  /** Resolves when a reload that began after this call is done; undefined: there was none, as the daemon ends. */
  async finished(): Promise<ReloadStatus | undefined> {
    const before = this.#last
    await this.#requests.finished()
    return this.#last === before ? undefined : this.#last
  }

  /** What a reload would do. */
  dry(): ReloadStatus {
    const { reports, problems, isUsable } = this.#read()
    return statusOf(isUsable, isUsable ? this.#parts.dispatcher.planReload(reports) : [], problems)
  }

  /** Reads the whole configuration first; a mistake in audispd.conf, or a directory that cannot be read, changes nothing. */
  async #reload(): Promise<void> {
    const { dispatcher, herald, onSettings } = this.#parts
    const { log } = herald
    if (dispatcher.isEnding) return log.info('asked to reload while ending; not reloading')
    const { settings, reports, problems, isUsable } = this.#read()
    tellProblems(log, problems)
    if (!isUsable) {
      log.error('configuration cannot be used; reload refused, everything goes on as it was')
      herald.publish({ op: 'dispatcher-reload', fields: { reason: 'configuration' }, success: false })
      this.#last = statusOf(false, [], problems)
      return
    }
    const changes = await dispatcher.reload(settings, reports)
    if (dispatcher.isEnding) return
    this.#last = statusOf(true, changes, problems)
    onSettings(settings)
  }

  #read(): Reading {
    const { place, only, replay } = this.#parts
    const { settings, problems } = loadSettings(place)
    const reports = problems.some(isError) ? [] : readDropIns(place, settings, only)
    const directories = reports.filter(({ kind }) => kind === 'directory').flatMap((report) => report.problems)
    const isUsable = ![...problems, ...directories].some(isError)
    const all = [...problems, ...reports.flatMap((report) => report.problems)]
    if (!replay) return { settings, reports, problems: all, isUsable }
    return { settings: replaySettings(settings), reports: reports.map(replayReport), problems: all, isUsable }
  }
}

/** What is wrong with the configuration, one line a problem. */
export function tellProblems(log: Log, problems: readonly Problem[]): void {
  for (const problem of problems) {
    if (isError(problem)) log.error(formatProblem(problem))
    else log.warn(formatProblem(problem))
  }
}

export function isError({ level }: Pick<Problem, 'level'>): boolean {
  return level === 'error'
}

function statusOf(
  ok: boolean,
  changes: readonly { readonly name: string; readonly change: ReloadStatus['changes'][number]['change'] }[],
  problems: readonly Problem[],
): ReloadStatus {
  return {
    at: new Date().toISOString(),
    ok,
    changes: changes.map(({ name, change }) => ({ name, change })),
    problems: problemTexts(problems),
  }
}
