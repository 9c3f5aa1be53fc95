import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { formatProblem } from '../config.js'
import type { ConfigPlace } from '../dispatcher/config-place.js'
import { readDropIns } from '../dispatcher/drop-in-dir.js'
import { loadSettings } from '../dispatcher/settings-file.js'
import { harmlessText } from '../protocol/harmless-text.js'
import { asciiJson } from '../show/ascii-json.js'
import { columns } from './columns.js'
import { configDir } from './config-dir.js'
import { CtlError, problemText } from './ctl-error.js'
import { countOf, countText, rateText } from './figures.js'
import type { Host } from './host.js'
import { LIVE_WORLD, type LiveWorld } from './live-world.js'
import { feedFile, type Fed, type Progress } from './replay/feed.js'
import { asItWas, AT_ONCE, steadily, type Pace } from './replay/pace.js'
import { startPlayer, type Player, type PlayerEnd } from './replay/player.js'
import type { TimeSpan } from './replay/record-reader.js'
import { recordedFiles, type RecordedFile } from './replay/recording.js'
import { momentIn } from './moment.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'replay'
const EXIT_LOST = 1
const EXIT_MISCONFIGURED = 78
const TOLD_EVERY_MS = 1000
/** Where each line of progress stays. */
const TOLD_RARELY_MS = 10_000
const MAX_LINE_CHARACTERS = 2000
const PERCENT = 100

const HELP = `usage: audispctl replay [option ...] FILE ...

Sends recorded audit records through the configured plugins, or through one, as a stream: an audispd of its own starts them,
beside the one that runs. Nothing is dropped for want of room. The plugins do what they always do: they send, write, block
addresses.

  FILE             audit.log, also rotated or gzipped, what ausearch --raw prints, a recorded stream of a dispatcher; a directory
                   such as /var/log/audit stands for the logs in it; - is standard input. The oldest goes first
  --plugin NAME    through this plugin, active or not; may be given several times (default: all that are active)
  --since TIME, --until TIME
                   what happened then or later, and before: 2026-11-22, 2026-11-22T10:30:00Z, or seconds since 1970
  --rate N         at most N records a second
  --speed X        with the pauses that there were, X times as fast: 1 is as it was
  --json           the result as one JSON object
  -c DIR           the directory of the configuration (default /etc/audispd)

Ctrl-C ends the reading, and what was read is delivered; a second one ends it at once.
Exit status: 0 every record was delivered or filtered, ${EXIT_LOST} something was dropped or not read.
See audispctl(8).
`

export const OPTIONS = {
  'config-dir': { type: 'string', short: 'c' },
  plugin: { type: 'string', multiple: true, default: [] },
  since: { type: 'string' },
  until: { type: 'string' },
  rate: { type: 'string' },
  speed: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options']

/** Sends recorded records through plugins. `program`: the launcher of audispd. */
export async function replay(
  args: readonly string[],
  host: Host,
  program: string,
  world: LiveWorld = LIVE_WORLD,
): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  if (positionals.length === 0) throw usage(VERB, 'a file is missing: an audit.log, or - for standard input')
  const span: TimeSpan = {
    fromMs: values.since === undefined ? -Infinity : momentIn(VERB, 'since', values.since),
    toMs: values.until === undefined ? Infinity : momentIn(VERB, 'until', values.until),
  }
  const makePace = paceOf(values.rate, values.speed)
  const dashC = values['config-dir'] === undefined ? undefined : resolve(values['config-dir'])
  const place = configDir(dashC)
  const plugins = values.plugin.length > 0 ? values.plugin : activePlugins(place)
  const files = await recordedFiles(positionals)
  const player = await startPlayer({
    program,
    plugins,
    configDir: dashC,
    isJitless: process.execArgv.includes('--jitless'),
    tell: (line) => host.warn(`${harmlessText(line, MAX_LINE_CHARACTERS)}\n`),
  })
  const played = await play(files, span, makePace(world.nowMs()), player, host, world)
  const exitStatus = exitStatusOf(played)
  const { end, fed, isCutShort } = played
  const records = fed.reduce((sum, file) => sum + file.records, 0)
  const result = { verb: VERB, records, isCutShort, files: fed, plugins: end.ledgers, exitStatus }
  host.out(values.json ? `${asciiJson(result, 2)}\n` : resultText(played, records))
  return exitStatus
}

interface Played {
  readonly fed: readonly Fed[]
  readonly end: PlayerEnd
  /** Somebody ended it before its end. */
  readonly isCutShort: boolean
}

async function play(
  files: readonly RecordedFile[],
  span: TimeSpan,
  pace: Pace,
  player: Player,
  host: Host,
  world: LiveWorld,
): Promise<Played> {
  const reading = new AbortController()
  const { signal } = reading
  let isInterrupted = false
  let offInterrupt = world.onInterrupt(() => {
    isInterrupted = true
    reading.abort()
    host.warn(`audispctl ${VERB}: delivering what was read; once more ends it at once\n`)
    offInterrupt = world.onInterrupt(() => player.stop())
  })
  const progress: Progress = { records: 0, bytes: 0 }
  const offTimer = tellProgress(files, progress, host, world)
  // Standard input may be silent for ever, and nobody there takes what it says.
  void player.gone.then(() => reading.abort())
  const feedWorld = { nowMs: world.nowMs, sleep: (ms: number) => sleep(ms), isOver: () => signal.aborted, signal }
  const fed: Fed[] = []
  try {
    for (const file of files) {
      if (signal.aborted) break
      const one = await feedFile(file, span, pace, player, progress, feedWorld)
      fed.push(one)
      if (one.problem !== undefined) host.warn(`audispctl ${VERB}: ${problemText(one.problem)}\n`)
    }
    const isUnread = signal.aborted
    const end = await player.finish()
    return { fed, end, isCutShort: isUnread || isInterrupted }
  } finally {
    offTimer()
    offInterrupt()
  }
}

/** On a terminal one line that changes, elsewhere now and then one more. */
function tellProgress(files: readonly RecordedFile[], progress: Progress, host: Host, world: LiveWorld): () => void {
  const isTerminal = host.terminal !== undefined
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const startMs = world.nowMs()
  const off = world.every(isTerminal ? TOLD_EVERY_MS : TOLD_RARELY_MS, () => {
    const part =
      all === 0 ? '' : `, ${Math.floor((progress.bytes / all) * PERCENT)}% of ${countOf(files.length, 'file')}`
    const rate = rateText((progress.records * 1000) / Math.max(1, world.nowMs() - startMs))
    const text = `audispctl ${VERB}: ${countOf(progress.records, 'record')}${part}, ${rate}`
    host.warn(isTerminal ? `\r${text}\x1b[K` : `${text}\n`)
  })
  return () => {
    off()
    if (isTerminal) host.warn('\r\x1b[K')
  }
}

/** A daemon that did not start has said why. */
function exitStatusOf({ fed, end, isCutShort }: Played): number {
  if (end.exitStatus !== 0) {
    const message = `audispd ended with status ${end.exitStatus ?? 'of a signal'}; what it said stands above`
    const code = end.exitStatus === EXIT_MISCONFIGURED ? 'config' : 'system'
    throw new CtlError(code, [{ message, mend: 'see: audispctl check, and audispd(8) for the status' }])
  }
  const isLost = end.ledgers.some(({ dropped, queued }) => dropped + queued > 0)
  return isLost || isCutShort || fed.some(({ problem }) => problem !== undefined) ? EXIT_LOST : 0
}

function resultText({ fed, end, isCutShort }: Played, records: number): string {
  const sum = (of: (file: Fed) => number): number => fed.reduce((all, file) => all + of(file), 0)
  const passedOver = sum((file) => file.passedOver)
  const strange = sum((file) => file.strange)
  const asides = [
    ...(passedOver > 0 ? [`${countText(passedOver)} of another time`] : []),
    ...(strange > 0 ? [`${countText(strange)} that are none, left out`] : []),
    ...(isCutShort ? ['ended before the end'] : []),
  ]
  const rows = end.ledgers.map((ledger) => [
    ledger.plugin,
    ...[ledger.in, ledger.delivered, ledger.filtered, ledger.dropped + ledger.queued].map(countText),
  ])
  const head = ['PLUGIN', 'IN', 'DELIVERED', 'FILTERED', 'DROPPED']
  const read = `${countOf(records, 'record')} from ${countOf(fed.length, 'file')}${asides.map((text) => `, ${text}`).join('')}`
  return `${read}\n${columns(rows, { head, right: [1, 2, 3, 4] })}`
}

function paceOf(rate: string | undefined, speed: string | undefined): (startMs: number) => Pace {
  if (rate !== undefined && speed !== undefined) throw usage(VERB, '--rate and --speed exclude each other')
  if (rate !== undefined) {
    const aSecond = positive('rate', rate)
    return (startMs) => steadily(aSecond, startMs)
  }
  if (speed === undefined) return () => AT_ONCE
  const times = positive('speed', speed)
  return (startMs) => asItWas(times, startMs)
}

function positive(option: string, text: string): number {
  const value = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : 0
  if (value > 0) return value
  throw usage(VERB, `--${option} takes a number above 0, not '${text}'`)
}

/** Those that get records; input plugins would add their own. */
function activePlugins(place: ConfigPlace): string[] {
  const { settings, problems } = loadSettings(place)
  const mistake = problems.find(({ level }) => level === 'error')
  if (mistake !== undefined) {
    throw new CtlError('config', [{ message: formatProblem(mistake), mend: 'mend that, then try again' }])
  }
  const names = readDropIns(place, settings).flatMap((report) =>
    report.kind === 'active' && report.dropIn.direction !== 'in' ? [report.name] : [],
  )
  if (names.length > 0) return names
  const message = `no plugin is active in ${place.dropInDirs.join(' or ')}`
  throw new CtlError('config', [{ message, mend: 'name one: --plugin NAME' }])
}
