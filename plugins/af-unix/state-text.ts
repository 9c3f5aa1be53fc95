import type { Settings } from './config.js'
import type { CrowdState } from './crowd.js'

/** What SIGUSR1 asks for, a `name = value` a line; no bytes of a record or a client are in it. */
export function stateText({ path, format, maxClients }: Settings, crowd: CrowdState, nowMs: number): string {
  const { records, tooLong, refused, lost, clients } = crowd
  const lines = [
    `current_time = ${new Date(nowMs).toISOString()}`,
    `socket = ${path}`,
    `format = ${format}`,
    `client_connected = ${clients.length > 0 ? 'yes' : 'no'}`,
    `clients = ${clients.length}`,
    `max_clients = ${maxClients}`,
    `refused = ${refused}`,
    `records = ${records}`,
    `too_long = ${tooLong}`,
    `lost = ${lost}`,
    ...clients.map(
      (client) =>
        `client ${client.id}: since=${new Date(client.sinceMs).toISOString()} sent=${client.sent}` +
        ` queued=${client.queued} queued_bytes=${client.queuedBytes} most_queued=${client.mostQueued}` +
        ` lost=${client.lost} losing=${client.isLosing ? 'yes' : 'no'}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}
