import { parseArgs, type ParseArgsConfig } from 'node:util'
import { readAccounts, type Accounts } from '../sdk/index.js'
import { EVERYTHING, parseSelector, SelectorError, type Selector } from '../protocol/selector.js'
import { paintFor } from '../show/paint.js'
import { CONTROL_OPTIONS, controlSocket } from './control-place.js'
import { countOf } from './figures.js'
import type { Host } from './host.js'
import { LIVE_WORLD, orCtlError, type LiveWorld } from './live-world.js'
import { TapStream } from './tap-stream.js'
import { TapView, type TapWish } from './tap-view.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'tap'
const EXIT_CLOSED = 1
/** How often events are looked at that no record has ended. */
const EXPIRY_MS = 500
/** Losses are told at most so often. */
const TOLD_EVERY_MS = 1000
const UNSET_AUID = '4294967295'

const HELP = `usage: audispctl tap [option ...] [SELECTOR]

Shows records as they come, as a string plugin gets them; what a terminal could take for a command stands escaped.
It takes nothing from any plugin. Who does not keep up loses records of his own view alone, and is told how many.

  SELECTOR     which records, as in 'subscribe': type=AVC,USER_* node=web1 (default: all)
  --event      a line for each event, put together from its records, as audispd-print shows it. Of types in the SELECTOR
               one record of the event has to be
  --json       a JSON object for each record or event, and {"lost":N} where N records are missing
  --raw        byte for byte, for files and programs; not on a terminal
  --limit N    end after N records or events
  --key KEY    of rules with this key (auditctl -k) alone; may be given several times
  --auid WHO   of this login user alone: a name, a number or unset; may be given several times
  --socket PATH, -c DIR
               the daemon's control socket, or the directory of its configuration

Ctrl-C ends it, with a sum on standard error.
Exit status: 0 ended as asked, ${EXIT_CLOSED} the daemon has closed the connection, 3 not running, 77 not permitted.
See audispctl(8).
`

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  event: { type: 'boolean', short: 'e', default: false },
  json: { type: 'boolean', default: false },
  raw: { type: 'boolean', default: false },
  limit: { type: 'string', short: 'n' },
  key: { type: 'string', multiple: true, default: [] },
  auid: { type: 'string', multiple: true, default: [] },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options']

type Ending = 'done' | 'interrupted' | 'unread' | 'closed'

/** Shows the records that pass through the daemon. */
export async function tap(args: readonly string[], host: Host, world: LiveWorld = LIVE_WORLD): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  if (values.raw && (values.json || values.event)) throw usage(VERB, '--raw goes with neither --json nor --event')
  if (values.raw && host.terminal !== undefined) throw usage(VERB, '--raw is not for a terminal: records are hostile')
  const words = positionals.flatMap((word) => word.split(/[ \t]+/)).filter((word) => word !== '')
  selectorOf(words)
  // A whole event is judged by any of its records, so all of them have to come.
  const isType = (word: string): boolean => values.event && /^!?type=/i.test(word)
  const types = words.filter(isType)
  const wish: TapWish = {
    shows: values.event ? 'events' : 'records',
    form: values.json ? 'json' : values.raw ? 'raw' : 'text',
    selection: { types: types.length === 0 ? undefined : selectorOf(types), keys: values.key },
    auids: values.auid.length === 0 ? [] : auidsOf(values.auid, readAccounts()),
    limit: limitOf(values.limit),
  }
  const view = new TapView(wish, paintFor('auto', host.terminal !== undefined, host.env), world.nowMs)
  world.stepBack()
  const socket = controlSocket(values)
  const client = await orCtlError(socket, () => world.connect(socket))
  const teller = new LossTeller(view, wish, host, world)
  try {
    const asked = [VERB, ...words.filter((word) => !isType(word))]
    const { chunks } = await orCtlError(socket, () => client.stream(asked))
    const ending = await show(chunks, view, teller, { host, world })
    teller.tell()
    host.warn(sumText(wish, view, ending))
    return ending === 'closed' ? EXIT_CLOSED : 0
  } finally {
    client.close()
  }
}

interface Looking {
  readonly host: Host
  readonly world: LiveWorld
}

async function show(
  chunks: AsyncIterable<Buffer>,
  view: TapView,
  teller: LossTeller,
  { host, world }: Looking,
): Promise<Ending> {
  const stream = new TapStream(view)
  let isFull = false
  const write = (): void => {
    for (const piece of view.output()) host.out(piece)
  }
  let stop: (ending: Ending) => void = () => {}
  const stopped = new Promise<Ending>((resolve) => {
    stop = resolve
  })
  const offInterrupt = world.onInterrupt(() => {
    world.letGo()
    stop(isFull ? 'unread' : 'interrupted')
  })
  const offTimer = world.every(EXPIRY_MS, () => {
    teller.look()
    // Whoever does not read gets nothing more to read.
    if (isFull) return
    view.expire()
    write()
    if (view.isDone) stop('done')
  })
  const pump = async (): Promise<Ending> => {
    for await (const chunk of chunks) {
      stream.push(chunk)
      write()
      if (view.isDone) return 'done'
      isFull = true
      if (!(await host.drained())) return 'unread'
      isFull = false
    }
    return 'closed'
  }
  try {
    const ending = await Promise.race([pump().catch(endOf), stopped])
    if (ending === 'closed' || ending === 'interrupted') {
      view.end()
      if (!isFull) write()
    }
    return ending
  } finally {
    offTimer()
    offInterrupt()
  }
}

/** The connection broke, as it does when the daemon is killed. */
function endOf(error: unknown): Ending {
  if (error instanceof Error && 'code' in error) return 'closed'
  throw error
}

/** Says on standard error how many records are missing; in JSON it stands at its place among the others. */
class LossTeller {
  readonly #view: TapView
  readonly #isSilent: boolean
  readonly #host: Host
  readonly #world: LiveWorld
  #told = 0
  #toldMs = -Infinity

  constructor(view: TapView, wish: TapWish, host: Host, world: LiveWorld) {
    this.#view = view
    this.#isSilent = wish.form === 'json'
    this.#host = host
    this.#world = world
  }

  look(): void {
    if (this.#world.nowMs() - this.#toldMs >= TOLD_EVERY_MS) this.tell()
  }

  tell(): void {
    const lost = this.#view.lostRecords - this.#told
    if (lost === 0 || this.#isSilent) return
    this.#told += lost
    this.#toldMs = this.#world.nowMs()
    this.#host.warn(`audispctl ${VERB}: ${countOf(lost, 'record')} missing here: this view does not keep up\n`)
  }
}

function sumText({ shows }: TapWish, view: TapView, ending: Ending): string {
  const why =
    ending === 'closed' ? '; audispd has closed the connection' : ending === 'unread' ? '; nobody read more' : ''
  const shown = countOf(view.shown, shows === 'events' ? 'event' : 'record')
  return `audispctl ${VERB}: ${shown} shown, ${countOf(view.lostRecords, 'record')} lost in this view${why}\n`
}

function selectorOf(words: readonly string[]): Selector {
  if (words.length === 0) return EVERYTHING
  try {
    return parseSelector(words.join(' '))
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw usage(VERB, error.message, error)
  }
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^[1-9]\d{0,14}$/.test(text)) throw usage(VERB, `--limit takes a whole number above 0, not '${text}'`)
  return Number(text)
}

/** As records have them: numbers. */
function auidsOf(names: readonly string[], { users }: Accounts): string[] {
  return names.map((name) => {
    if (name === 'unset' || name === '-1') return UNSET_AUID
    if (/^\d{1,10}$/.test(name)) return name
    const found = [...users].find(([, user]) => user === name)
    if (found === undefined) throw usage(VERB, `--auid: there is no user '${name}' here; give the number`)
    return String(found[0])
  })
}
