// What every way that messages can go needs to know to write them.

import { compatIdent } from './compat.js'
import { DATAGRAM_BYTES, type SyslogConfig } from './config.js'
import { formatOf, type Format, type FormatWorld, type Way } from './format.js'

export interface Messages {
  readonly format: (way: Way) => Format
  readonly maxBytes: (way: 'local' | 'udp') => number
  /** For logger(1), which makes the head itself. */
  readonly tag: string
  readonly withPid: boolean
}

export function messagesOf(config: SyslogConfig, world: FormatWorld): Messages {
  const isCompat = config.compat !== 'none'
  return {
    format: (way) => formatOf(config, way, world),
    // audisp-syslog sends what it has read, however long.
    maxBytes: (way) => (isCompat ? Infinity : (config.maxDatagramBytes ?? DATAGRAM_BYTES[way])),
    tag: isCompat ? compatIdent(config) : config.appName,
    withPid: !isCompat,
  }
}

/** Whether what is too long for a datagram can go in more parts; else it is lost, and must not hold up all that comes behind it. */
export function canBeLess(maxBytes: number, least: number): boolean {
  return Number.isFinite(maxBytes) && maxBytes > least
}
