// Another dispatcher, given on the command line, that gets the same stream on its stdin.
//
// `{DIR}` in its command becomes a directory with audispd.conf and plugins.d/p1.conf … as audispd 2.x reads them, whose
// plugins count what they get; `{N}` becomes the number of plugins. A command without either has plugins of its own.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeConfiguration } from './configuration.js'
import type { Arrival, Consumer, Format, Program } from './consumer.js'
import { childCommands, waitUntil } from './processes.js'
import { LINE_BYTES, RECORD_BYTES } from './stream.js'

const DIR = '{DIR}'
const COUNT = '{N}'
/** The deepest queue that audispd 2.x takes. */
const Q_DEPTH = 99_999
/** What audispd 2.x and auditd 3.0 to 4.1.0 write for every record to a binary plugin. */
const PADDED_BYTES = 8986

export interface PeerPlan {
  readonly command: string
  readonly dir: string
  readonly formats: readonly Format[]
  /** A program that reads, and at the end writes to the file how many bytes there were. */
  readonly sink: (file: string) => Program
}

export function isConfiguredByUs(command: string): boolean {
  return command.includes(DIR)
}

/** Whether it can be asked for another number of plugins. */
export function takesCount(command: string): boolean {
  return command.includes(DIR) || command.includes(COUNT)
}

export function peer({ command, dir, formats, sink }: PeerPlan): Consumer {
  const counted = formats.map((format, index) => ({ format, file: join(dir, `p${index + 1}.bytes`) }))
  const settings = [
    `q_depth = ${Q_DEPTH}`,
    'overflow_action = ignore',
    'name_format = none',
    `plugin_dir = ${dir}/plugins.d`,
  ]
  const plugins = counted.map(({ format, file }) => ({ format, program: sink(file) }))
  writeConfiguration(dir, settings, 'plugins.d', plugins)
  const filled = command.replaceAll(DIR, dir).replaceAll(COUNT, String(formats.length))
  const wanted = takesCount(command) ? formats.length : 1
  const isPlugin = (line: string): boolean => !isConfiguredByUs(command) || line.includes('.bytes')
  return {
    command: ['/bin/sh', '-c', `exec ${filled}`],
    ready: async (pid) => {
      const running = (): number => childCommands(pid).filter(isPlugin).length
      await waitUntil(() => running() >= wanted, `it does not run ${wanted} plugins`)
    },
    arrival: async (sent) => {
      if (!isConfiguredByUs(command)) return { kind: 'unknown' }
      // It need not have waited for its plugins.
      await waitUntil(() => counted.every(({ file }) => existsSync(file)), 'its plugins have not ended')
      return arrivalIn(counted, sent)
    },
    close: async () => {},
  }
}

/** Records of the peer's own count too, as many as there are, so it can hide a loss of no more than those. */
function arrivalIn(counted: readonly { readonly format: Format; readonly file: string }[], sent: number): Arrival {
  const lost = Math.max(...counted.map(({ format, file }) => Math.ceil(sent - recordsIn(file, format, sent))))
  return lost <= 0 ? { kind: 'whole' } : { kind: 'lost', lost, of: sent }
}

function recordsIn(file: string, format: Format, sent: number): number {
  const bytes = Number(readFileSync(file, 'utf8'))
  if (format === 'string') return bytes / LINE_BYTES
  return bytes > (sent * (RECORD_BYTES + PADDED_BYTES)) / 2 ? bytes / PADDED_BYTES : bytes / RECORD_BYTES
}
