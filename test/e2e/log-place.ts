import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Place } from './place.js'

export const LOG_MAIN = resolve('build/plugins/log/main.js')

/** What log has in its drop-in and in its configuration. */
export interface LogDropIn {
  readonly format?: 'protocol' | 'string'
  readonly logFile?: string
  readonly more?: readonly string[]
}

/** log's drop-in in the place, and its configuration. */
export function logPlugin(place: Place, lines: readonly string[], dropIn: LogDropIn = {}): void {
  const { format = 'protocol', logFile = place.path('log/audit.log'), more = [] } = dropIn
  writeFileSync(place.path('log.conf'), [`log_file = ${logFile}`, ...lines, ''].join('\n'))
  // As under auditd, which forbids a compiler.
  const args = `--jitless ${LOG_MAIN} ${place.path('log.conf')}`
  const common = [`format = ${format}`, 'restart_delay = 10ms..10ms', 'max_restarts = 0']
  place.dropIn('log', [`path = ${process.execPath}`, `args = ${args}`, ...common, ...more])
}

/** The files of the log, from the oldest to the newest. */
export function logFiles(dir: string): string[] {
  const number = (name: string): number => Number(/^audit\.log\.(\d+)/.exec(name)?.[1] ?? 0)
  return readdirSync(dir)
    .filter((name) => /^audit\.log(\.\d+)?(\.gz)?$|^\d{14}\./.test(name))
    .toSorted((a, b) => number(b) - number(a) || (a < b ? -1 : 1))
    .map((name) => join(dir, name))
}

/** All records of the log. */
export function logged(place: Place): Buffer {
  const read = (path: string): Buffer => {
    const bytes = readFileSync(path)
    return path.endsWith('.gz') && bytes.length > 0 ? gunzipSync(bytes) : bytes
  }
  return Buffer.concat(logFiles(place.path('log')).map(read))
}
