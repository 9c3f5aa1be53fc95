// What the dispatcher answers to `stats from=NAME`: as much about itself, and about its plugins from that name on, as a line holds.

import { counts, fields, list, number, orNull, text, yesNo, type Shaped } from '../../src/config/json-shape.js'
import { NoMetrics } from './collection.js'

const MAX_TEXT = 1024
const MAX_ON_A_LINE = 10_000

const word = text(MAX_TEXT)

const plugin = fields({
  name: word,
  state: word,
  since: word,
  restarts: number,
  in: number,
  delivered: number,
  filtered: number,
  dropped: counts(100),
  queued: number,
  queuedBytes: number,
  depth: number,
  depthBytes: number,
  lagMs: number,
  flow: word,
  stalled: yesNo,
  paused: yesNo,
  held: yesNo,
  balanced: yesNo,
  sent: orNull(fields({ taken: number, bad: number, unsettled: number })),
  commands: orNull(fields({ taken: number, refused: number, notified: number })),
})

const page = fields({
  version: word,
  startedAt: word,
  phase: word,
  seq: number,
  input: fields({
    records: number,
    bytes: number,
    skippedBytes: number,
    resyncs: number,
    damaged: number,
    torn: number,
    tooLong: number,
    held: yesNo,
    lastAt: orNull(word),
  }),
  serials: orNull(
    fields({
      nodes: list(fields({ node: word, missing: number, pending: number, restarts: number }), MAX_ON_A_LINE),
      more: number,
      untracked: number,
    }),
  ),
  invalid: number,
  log: fields({ droppedLines: number }),
  lastReload: orNull(fields({ at: word, ok: yesNo })),
  plugins: list(plugin, MAX_ON_A_LINE),
  /** Where to go on; null: that was the last. */
  next: orNull(word),
})

type Page = Shaped<typeof page>
export type PluginReport = Shaped<typeof plugin>
export type DispatcherReport = Omit<Page, 'next'>

/** Asks as often as it takes. Rejects with NoMetrics when what comes is no report, and with what `stats` rejects. */
export async function askDispatcher(
  stats: (from: string) => Promise<unknown>,
  maxPlugins: number,
): Promise<DispatcherReport> {
  const first = await askPage(stats, '')
  const plugins = [...first.plugins]
  // A name that does not rise would have us ask for ever.
  for (let { next } = first; next !== null && plugins.length <= maxPlugins;) {
    const more = await askPage(stats, next)
    plugins.push(...more.plugins)
    if (more.next !== null && more.next <= next) throw new NoMetrics('the dispatcher gives its plugins in no order')
    next = more.next
  }
  return { ...first, plugins }
}

async function askPage(stats: (from: string) => Promise<unknown>, from: string): Promise<Page> {
  const found = page(await stats(`from=${from}`))
  if (found === undefined)
    throw new NoMetrics('the dispatcher answers what this program does not know: both have to be of one release')
  return found
}
