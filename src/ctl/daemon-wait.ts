import { setTimeout as pause } from 'node:timers/promises'
import { ControlError } from '../control/control-error.js'
import { findConfig } from '../dispatcher/config-place.js'
import { controlSocket, openControl } from './control-place.js'

/** auditd reloads at once, and Node without its compiler takes a second to start, several on a busy machine. */
export const START_DEADLINE_MS = 15_000
const POLL_MS = 100

/** Waits until the daemon of this configuration answers; its pid, or undefined when it has not done so in time. */
export async function waitForDaemon(configDir: string | undefined): Promise<number | undefined> {
  const endMs = performance.now() + START_DEADLINE_MS
  // One that holds no configuration is passed over by the daemon, and so it is here.
  const dashC = findConfig(configDir).explicit ? configDir : undefined
  while (performance.now() < endMs) {
    try {
      const client = await openControl(controlSocket({ 'config-dir': dashC }))
      client.close()
      return client.greeting.pid
    } catch (error) {
      if (!(error instanceof ControlError)) throw error
    }
    await pause(POLL_MS)
  }
  return undefined
}
