import { isUtf8 } from 'node:buffer'
import { parseArgs } from 'node:util'
import { runWork, type FilePort, type Work } from '../journal/file-port.js'
import { OWN_STREAM } from '../journal/entry.js'
import { JournalReader, type ReadBlock, type ReadDamage } from '../journal/journal-reader.js'
import { loadMeta, timelineOf, type Meta } from '../journal/meta.js'
import { newestOf } from '../journal/newest.js'
import type { SegmentPath } from '../journal/segment-path.js'
import { segmentName } from '../journal/segment-name.js'
import { asciiJson } from '../show/ascii-json.js'
import type { Host } from './host.js'
import { journalDirs, readJournal } from './journal-dir.js'
import { momentIn } from './moment.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'remote export'
const EXIT_DAMAGED = 1
const LF = 0x0a

const HELP = `usage: audispctl remote export [option ...] [DIR ...]

Prints the records of a journal to standard output, as ausearch and aureport read them. The journal may be in use.

  DIR           a spool_dir or journal_dir
                (default: those that the configuration names)
  --stream ID   of this stream alone: its 32 digits, or as many of the first as are needed
  --since TIME  what was taken into the journal then or later: 2026-11-22, 2026-11-22T10:30:00Z, or seconds since 1970
  --json        one JSON object a record, with its sender, stream and seq

Exit status: 0 all that was asked for is printed, ${EXIT_DAMAGED} some of it is damaged, with a line on standard error for each
damage.
See audispctl(8).
`

export const REMOTE_EXPORT_OPTIONS = {
  stream: { type: 'string', default: '' },
  since: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

interface Wanted {
  readonly stream: string
  readonly sinceMs: number
  readonly isJson: boolean
}

/** Prints what the journals of this machine hold. */
export async function remoteExport(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: REMOTE_EXPORT_OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  if (!/^[0-9a-f]{0,32}$/.test(values.stream)) throw usage(VERB, `--stream '${values.stream}' is no id of a stream`)
  const wanted = {
    stream: values.stream,
    sinceMs: values.since === undefined ? 0 : momentIn(VERB, 'since', values.since),
    isJson: values.json,
  }
  let damages = 0
  for (const dir of await journalDirs(positionals))
    damages += await readJournal(dir, (port) => exportOne(dir, port, wanted, host))
  return damages > 0 ? EXIT_DAMAGED : 0
}

/** Returns how many damages were met. */
async function exportOne(dir: string, port: FilePort, wanted: Wanted, host: Host): Promise<number> {
  const meta = await runWork(port, loadMeta())
  const newest = await runWork(port, newestOf())
  if (newest === undefined) return 0
  const reader = new JournalReader(
    newest.path,
    await runWork(port, startOf(newest.path, wanted.sinceMs)),
    () => newest.end,
  )
  let damages = 0
  // The last commit of a journal in use, or of one that died, may be unfinished: only what something follows was ever whole.
  let open: ReadDamage[] = []
  for (let item = await runWork(port, reader.next()); item !== undefined; item = await runWork(port, reader.next())) {
    if (item.kind === 'damage') {
      open.push(item)
      continue
    }
    for (const damage of open) host.warn(damageAsText(dir, damage))
    damages += open.length
    open = []
    if (!isWanted(item, meta, wanted)) continue
    host.out(wanted.isJson ? blockAsJson(item, meta) : item.lines)
    if (!(await host.drained())) return damages
  }
  return damages
}

/** Behind the segments that were full before that time: each ends where the next one was begun. */
function* startOf(path: SegmentPath, sinceMs: number): Work<number> {
  const [oldest, ...others] = path.all
  let position = oldest?.firstSeq ?? 0
  for (const segment of others) {
    const begunMs = yield* path.begunMs(segment)
    if (begunMs === undefined || begunMs >= sinceMs) return position
    position = segment.firstSeq
  }
  return position
}

function isWanted(block: ReadBlock, meta: Meta | undefined, { stream, sinceMs }: Wanted): boolean {
  return block.entry.takenMs >= sinceMs && streamOf(block, meta).startsWith(stream)
}

/** Own blocks go by the id of their timeline. */
function streamOf({ entry: { origin, block } }: ReadBlock, meta: Meta | undefined): string {
  const own = origin.stream === OWN_STREAM && meta !== undefined ? timelineOf(meta, block.firstSeq) : undefined
  return own?.stream ?? origin.stream
}

function blockAsJson(item: ReadBlock, meta: Meta | undefined): string {
  const { origin, position, takenMs, block } = item.entry
  const stream = streamOf(item, meta)
  const taken = new Date(takenMs).toISOString()
  let text = ''
  for (let from = 0, index = 0; from < item.lines.length; index++) {
    const end = item.lines.indexOf(LF, from)
    const line = item.lines.subarray(from, end)
    from = end + 1
    // A line that stands for others has the seq of the first of them.
    const seqs = block.kind === 'data' ? { seq: block.firstSeq + index } : { seq: block.firstSeq, count: block.count }
    const record = isUtf8(line) ? { record: line.toString() } : { base64: line.toString('base64') }
    const { principal, peer } = origin
    text += `${asciiJson({ principal, stream, ...seqs, position: position + index, kind: block.kind, taken, peer, ...record })}\n`
  }
  return text
}

function damageAsText(dir: string, { segment, idxFrom, idxTo, entry }: ReadDamage): string {
  const { origin, block } = entry ?? {}
  const what =
    origin === undefined || block === undefined
      ? `bytes ${idxFrom} to ${idxTo} of the index`
      : `seqs ${block.firstSeq} to ${block.firstSeq + block.count - 1} of stream ${origin.stream}`
  return `audispctl ${VERB}: ${dir}: damaged, left out: ${what} in ${segmentName(segment)}\n`
}
