// What becomes of a plugin that was told to start or to stop.

import type { ControlClient } from '../control/control-client.js'
import { ControlError } from '../control/control-error.js'
import { readDaemonStatus, type DaemonStatus, type PluginStatus } from '../control/daemon-status.js'
import type { Clock } from '../dispatcher/clock.js'
import { shown } from './status-text.js'

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 200
/** A plugin may take minutes to start or to stop; whoever sits before the terminal is told after one how far it is. */
const LIMIT_MS = 60_000
/**
 * A program that is started counts as running, unless it speaks the protocol and has to say so. One with a wrong argument is gone
 * again in no time: this long it has to last before its start is called a success.
 */
const SETTLE_MS = 400

export type Wanted = 'running' | 'stopped'

/** As it was wanted, or not and why; `plugin` is undefined where the daemon has none of the name any more. */
export interface Outcome {
  readonly name: string
  readonly isWell: boolean
  readonly what: string
  readonly plugin: PluginStatus | undefined
}

export type Asking = Pick<ControlClient, 'ask'>

/** Asks until the plugin is as it should be, or cannot become so. A process of `oldPid` is not the one that is meant. */
export async function awaitOutcome(
  client: Asking,
  name: string,
  wanted: Wanted,
  clock: Clock,
  oldPid: number | null = null,
): Promise<Outcome> {
  const deadlineMs = clock.nowMs() + LIMIT_MS
  let runs: { readonly pid: number | null; readonly sinceMs: number } | undefined
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const status = await ofPlugin(client, name)
    const [plugin] = status?.plugins ?? []
    const nowMs = clock.nowMs()
    if (plugin?.state === 'running' && plugin.pid !== oldPid) {
      if (runs?.pid !== plugin.pid) runs = { pid: plugin.pid, sinceMs: nowMs }
    } else runs = undefined
    const isSettled = runs !== undefined && (plugin?.format === 'protocol' || nowMs - runs.sinceMs >= SETTLE_MS)
    const outcome = verdict(name, status, wanted, isSettled)
    if (outcome !== undefined) return outcome
    if (nowMs >= deadlineMs) {
      const what = `is still ${plugin?.state ?? 'there'} after ${LIMIT_MS / 1000} s; see: audispctl status ${name}`
      return { name, isWell: false, what, plugin }
    }
    await new Promise<void>((resolve) => {
      clock.after(pauseMs, resolve)
    })
  }
}

/** One line, and where it did not go well what the plugin said last. */
export function outcomeText({ name, isWell, what, plugin }: Outcome): string {
  const said = isWell ? [] : (plugin?.lastStderr ?? [])
  return [`${name}: ${what}`, ...said.map((line) => `    ${shown(line)}`), ''].join('\n')
}

/** What stands for it in JSON. */
export function outcomeJson({ name, isWell, what, plugin }: Outcome): unknown {
  return { name, ok: isWell, what, status: plugin ?? null }
}

/** The status of one plugin; undefined where there is none of that name. */
export async function ofPlugin(client: Asking, name: string): Promise<DaemonStatus | undefined> {
  try {
    return readDaemonStatus(await client.ask(['status', name]))
  } catch (error) {
    if (error instanceof ControlError && error.code === 'no-such-plugin') return undefined
    throw error
  }
}

/** Undefined: it may still become what it should be. */
function verdict(
  name: string,
  status: DaemonStatus | undefined,
  wanted: Wanted,
  isSettled: boolean,
): Outcome | undefined {
  const plugin = status?.plugins.find((each) => each.name === name)
  const outcome = (isWell: boolean, what: string): Outcome => ({ name, isWell, what, plugin })
  const invalid = status?.invalid.find((each) => each.name === name)
  if (plugin === undefined) {
    if (invalid !== undefined) return outcome(wanted === 'stopped', `invalid: ${shown(invalid.problems[0] ?? '')}`)
    return outcome(wanted === 'stopped', wanted === 'stopped' ? 'stopped' : 'there is no such plugin any more')
  }
  const { state, pid, lastExit } = plugin
  const why = lastExit === null ? '' : `: ${shown(lastExit.how)}`
  switch (state) {
    case 'running':
      return wanted === 'running' && isSettled ? outcome(true, `running, pid ${pid}`) : undefined
    case 'stopped':
      if (wanted === 'stopped') return outcome(true, 'stopped')
      return plugin.held ? outcome(false, `held since it was stopped; see: audispctl start ${name}`) : undefined
    case 'failed':
      return wanted === 'stopped'
        ? outcome(true, 'stopped')
        : outcome(false, `failed${why}; see: audispctl logs ${name}`)
    case 'backoff':
      if (wanted === 'stopped') return undefined
      return outcome(false, `has died${why}, and is started again; see: audispctl logs ${name}`)
    case 'invalid':
      return outcome(wanted === 'stopped', `invalid; see: audispctl check`)
    case 'starting':
    case 'stopping':
      if (wanted === 'stopped' || status?.phase === 'running') return undefined
      return outcome(false, `is not started: the daemon is ${status?.phase ?? 'gone'}`)
    default:
      return state satisfies never
  }
}
