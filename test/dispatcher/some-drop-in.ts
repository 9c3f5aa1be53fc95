import type { DropIn } from '../../src/dispatcher/drop-in.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { EVERYTHING } from '../../src/protocol/selector.js'

/** A drop-in as one reads it from a file with a path and nothing else, but for what is given. */
export function someDropIn(given: Partial<DropIn> = {}): DropIn {
  return {
    name: 'p',
    file: '/etc/audispd/audispd.d/p.conf',
    active: true,
    direction: 'out',
    path: '/bin/p',
    args: [],
    format: 'string',
    subscribe: EVERYTHING,
    queue: DEFAULT_SETTINGS.queue,
    restart: DEFAULT_SETTINGS.restart,
    user: '',
    group: '',
    env: {},
    allow: [],
    readyTimeoutMs: 10_000,
    stopTimeoutMs: 5000,
    watchdogMs: 0,
    ...given,
  }
}
