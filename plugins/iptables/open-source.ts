import { readFileSync } from 'node:fs'
import type { IptablesConfig } from './config.js'
import { FollowedFile } from './followed-file.js'
import { readJsonLine } from './json-packet.js'
import { KmsgSource, openKmsg } from './kmsg-source.js'
import { REAL_LOG_FILES } from './log-files.js'
import { readLogLine } from './log-line.js'
import type { Reading } from './packet.js'
import type { Source, SourceEvents, Start } from './source.js'

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** What tells the source from others: positions and serials belong to it. */
export function sourceName({ source, file }: IptablesConfig): string {
  return `${source} ${file}`
}

/** Throws what node:fs throws when the kernel's buffer cannot be opened; a file may be absent, and come later. */
export function openSource(config: IptablesConfig, start: Start, events: SourceEvents): Source {
  const { source, file, isFromNow } = config
  if (source === 'kmsg')
    return new KmsgSource(openKmsg(file, readFileSync(BOOT_ID, 'latin1').trim()), start, isFromNow, events)
  const read = (line: Buffer): Reading =>
    source === 'json' ? readJsonLine(line) : readLogLine(line, source, Date.now())
  return new FollowedFile(file, REAL_LOG_FILES, start, isFromNow, read, events)
}
