import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Place } from './place.js'

const MAIN = resolve('build/plugins/remote-send/main.js')

/** remote-send's drop-in in the place, and its configuration. */
export function remoteSend(place: Place, lines: readonly string[], dropIn: readonly string[] = []): void {
  configure(place, lines)
  // As under auditd, which forbids a compiler.
  const args = `--jitless ${MAIN} ${place.path('remote-send.conf')}`
  const more = ['format = protocol', 'restart_delay = 10ms..10ms', 'max_restarts = 0', ...dropIn]
  place.dropIn('remote-send', [`path = ${process.execPath}`, `args = ${args}`, ...more])
}

/** In clear text, unless the lines say otherwise. */
export function configure(place: Place, lines: readonly string[]): void {
  const common = ['transport = tcp', `spool_dir = ${place.path('spool')}`, 'min_fs_free = 0']
  const given = new Set(lines.map(keyOf))
  const text = [...common.filter((line) => !given.has(keyOf(line))), ...lines, ''].join('\n')
  writeFileSync(place.path('remote-send.conf'), text)
}

function keyOf(line: string): string {
  return line.split(' ')[0] ?? ''
}
