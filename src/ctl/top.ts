import { parseArgs, type ParseArgsConfig } from 'node:util'
import { readAccounts } from '../sdk/index.js'
import { asciiJson } from '../show/ascii-json.js'
import { CONTROL_OPTIONS, controlSocket } from './control-place.js'
import type { Host } from './host.js'
import { LIVE_WORLD, orCtlError, type LiveWorld } from './live-world.js'
import { PLAIN } from './paint.js'
import { TABLES, type TableName } from './top/census.js'
import { frameText, SORTS, type Sort } from './top/frame.js'
import { reportOf, type Look, type TopReport } from './top/report.js'
import { runScreen } from './top/screen.js'
import { TopSource } from './top/source.js'
import { withTyped } from './typed-place.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'top'
const MIN_SECONDS = 0.1
/** The daemon closes a connection on which nothing is asked for five minutes. */
const MAX_SECONDS = 60
const MS_A_SECOND = 1000
const UNSET_AUID = '4294967295'
/** Where nobody cuts anything off. */
const PLAIN_COLUMNS = 200
const PLAIN_ROWS = 200

const HELP = `usage: audispctl top [option ...]

Shows, again and again, how the plugins fare and who makes the noise: rates in and out, queues, lag, losses, and below them the
greatest share of all records by key, program, login user or type. It looks at a part of the records alone, says at which, and
slows nothing.

  --interval SECONDS   between two looks (default 1)
  --by TABLE           ${TABLES.join(', ')}: what the lower table is about at first (default key)
  --sort BY            ${SORTS.join(', ')}: how the plugins are sorted at first (default name)
  --once               one frame after one interval, and no terminal needed
  --json               each frame as a JSON object on one line
  --socket PATH, -c DIR
                       the daemon's control socket, or the directory of its configuration

Keys: k, e, a, t: by key, program, login user, type; s: sort by the next; q: quit.
Exit status: 0 ended as asked, 3 not running, 77 not permitted.
See audispctl(8).
`

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  interval: { type: 'string', default: '1' },
  by: { type: 'string', default: 'key' },
  sort: { type: 'string', default: 'name' },
  once: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options']

/** Shows how the plugins fare and who makes the noise. */
export async function top(args: readonly string[], host: Host, world: LiveWorld = LIVE_WORLD): Promise<number> {
  const { values } = orUsage(VERB, () => parseArgs({ args: [...args], options: OPTIONS, strict: true }))
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const intervalMs = intervalOf(values.interval)
  const table = oneOf('by', TABLES, values.by)
  const sort = oneOf('sort', SORTS, values.sort)
  const socket = controlSocket(values)
  world.stepBack()
  const source = new TopSource(socket, world)
  try {
    const first = await orCtlError(socket, () => source.look())
    const look = reporter(source, first)
    const next = async (): Promise<TopReport> => {
      const report = await look()
      return { ...report, findings: report.findings.map((finding) => withTyped(finding, values)) }
    }
    const { terminal } = host
    if (terminal !== undefined && !values.once && !values.json) {
      return await runScreen({ next, host, terminal, world, intervalMs, table, sort })
    }
    return await print({ next, host, world, intervalMs, table, sort, isOnce: values.once, isJson: values.json, socket })
  } finally {
    source.close()
  }
}

/** Each call is a look, told beside the one before. */
function reporter(source: TopSource, first: Look): () => Promise<TopReport> {
  const { users } = readAccounts()
  const userName = (auid: string): string => (auid === UNSET_AUID ? 'unset' : (users.get(Number(auid)) ?? auid))
  let before = first
  return async () => {
    const after = await source.look()
    const report = reportOf(before, after, source.isTapping ? source.census : null, userName)
    source.census.turn()
    before = after
    return report
  }
}

interface Printing {
  readonly next: () => Promise<TopReport>
  readonly host: Host
  readonly world: LiveWorld
  readonly intervalMs: number
  readonly table: TableName
  readonly sort: Sort
  readonly isOnce: boolean
  readonly isJson: boolean
  readonly socket: string
}

/** Frames one after the other, for scripts and files. */
async function print(printing: Printing): Promise<number> {
  const { next, host, world, intervalMs, table, sort, isOnce, isJson, socket } = printing
  let isOver = false
  let wake = (): void => {}
  const off = world.onInterrupt(() => {
    isOver = true
    wake()
  })
  const offTimer = world.every(intervalMs, () => wake())
  try {
    for (;;) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      if (isOver) return 0
      const report = await orCtlError(socket, next)
      const wish = { sort, table, columns: PLAIN_COLUMNS, rows: PLAIN_ROWS, hasKeys: false }
      host.out(isJson ? `${asciiJson({ verb: VERB, ...report })}\n` : `${frameText(report, wish, PLAIN).join('\n')}\n`)
      if (isOnce || !(await host.drained())) return 0
      if (!isJson) host.out('\n')
    }
  } finally {
    off()
    offTimer()
  }
}

function intervalOf(text: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds * MS_A_SECOND
  throw usage(VERB, `--interval takes ${MIN_SECONDS} to ${MAX_SECONDS} seconds, not '${text}'`)
}

function oneOf<T extends string>(option: string, words: readonly T[], word: string): T {
  const found = words.find((each) => each === word)
  if (found === undefined) throw usage(VERB, `--${option} takes ${words.join(', ')}, not '${word}'`)
  return found
}
