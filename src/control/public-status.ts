import type { DaemonStatus } from './daemon-status.js'

/**
 * What those see who may read the status alone. Arguments may hold a password, and what a plugin says may hold anything: the log,
 * where that stands too, is not for them either.
 */
export function publicStatus(status: DaemonStatus): DaemonStatus {
  return { ...status, plugins: status.plugins.map((plugin) => ({ ...plugin, args: [], lastStderr: [] })) }
}
