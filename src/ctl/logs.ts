import { parseArgs } from 'node:util'
import type { ControlClient } from '../control/control-client.js'
import { OTHER_VERSION_MEND } from '../control/control-error.js'
import { asciiJson } from '../show/ascii-json.js'
import { CONTROL_OPTIONS, withControl } from './control-place.js'
import { CtlError, EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { logLineAsText, readLogLine, readLogLines, type LogLine } from './log-lines.js'
import { painter } from './paint.js'
import { maybeOnePlugin } from './plugin-name.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'logs'
const LF = 0x0a
/** A line that has no end is none of the daemon's. */
const MAX_LINE_BYTES = 1 << 20

const HELP = `usage: audispctl ${VERB} [PLUGIN] [-f] [-n N] [--json] [-c DIR | --socket PATH]

Shows the last lines of the daemon's log, or those about one plugin, with what the plugin itself wrote to
its standard error. The daemon keeps them whatever 'log' in audispd.conf says; older ones are where that
says.

  -f, --follow          go on with those that come, until interrupted
  -n, --lines N         only the last so many (default: all that are kept)
      --json            each line as a JSON object of its own
  -c, --config-dir DIR  ask the daemon that runs with this configuration
      --socket PATH     ask the daemon whose control socket that is

Exit status: 0 shown, 3 the daemon is not running, or with -f has ended.
See audispctl(8).
`

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  follow: { type: 'boolean', short: 'f', default: false },
  lines: { type: 'string', short: 'n' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Shows what the daemon has logged. */
export async function logs(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const name = maybeOnePlugin(VERB, positionals)
  const count = values.lines === undefined ? undefined : countOf(values.lines)
  const paint = painter(host)
  const show = (line: LogLine): void => {
    host.out(values.json ? `${asciiJson(line)}\n` : logLineAsText(line, paint))
  }
  const words = name === undefined ? [VERB] : [VERB, name]
  return withControl(values, async (client) => {
    if (values.follow) return follow(client, words, count, show, host)
    lastOf(await client.ask(words), count).forEach(show)
    return 0
  })
}

async function follow(
  client: ControlClient,
  words: readonly string[],
  count: number | undefined,
  show: (line: LogLine) => void,
  host: Host,
): Promise<number> {
  const { result, chunks } = await client.stream([...words, 'follow'])
  lastOf(result, count).forEach(show)
  for await (const line of linesIn(chunks)) {
    const found = readLogLine(line)
    if (found !== undefined) show(found)
    if (!(await host.drained())) return 0
  }
  host.warn(`audispctl ${VERB}: audispd has closed the connection\n`)
  return EXIT_STATUS['not-running']
}

async function* linesIn(chunks: AsyncIterable<Buffer>): AsyncGenerator {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk])
    let start = 0
    for (let lf = held.indexOf(LF); lf !== -1; lf = held.indexOf(LF, start)) {
      yield parsed(held.toString('utf8', start, lf))
      start = lf + 1
    }
    held = held.subarray(start)
    if (held.length > MAX_LINE_BYTES) throw strange()
  }
}

function lastOf(result: unknown, count: number | undefined): readonly LogLine[] {
  const found = readLogLines(result)
  if (found === undefined) throw strange()
  return count === undefined ? found.lines : found.lines.slice(Math.max(0, found.lines.length - count))
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw strange(error)
  }
}

function countOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw usage(VERB, `-n takes a number of lines, not '${text}'`)
}

function strange(cause?: unknown): CtlError {
  const message = 'what audispd answers is no log that this audispctl knows'
  return new CtlError('system', [{ message, mend: OTHER_VERSION_MEND }], { cause })
}
