// How the daemon is, as `status` on the control socket answers it. All times are RFC 3339 with milliseconds, in UTC; all that ends
// in Ms is a duration. Readers pass over fields that they do not know, so that more may join; and what has joined they do without
// (`later`), as the daemon that runs may be older than they are: it is, from an upgrade to the next restart.

import {
  counts,
  fields,
  later,
  list,
  number,
  oneOf,
  orNull,
  pair,
  text,
  yesNo,
  type Shaped,
} from '../config/json-shape.js'
import { ControlError, OTHER_VERSION_MEND } from './control-error.js'

/** More than there are; what does not fit is no status. */
const MAX_PLUGINS = 100_000
const MAX_NODES = 100_000
const MAX_RANGES = 100_000
const MAX_LINES = 10_000
const MAX_TEXT = 1 << 20

/** Lines of stderr that are shown of a plugin. */
export const MAX_LAST_LINES = 20

const words = text(MAX_TEXT)
const lines = list(words, MAX_LINES)

const input = fields({
  /** `exact` or `padded`, both binary, or `text`; `undecided` before the first record. */
  format: words,
  records: number,
  bytes: number,
  skippedBytes: number,
  resyncs: number,
  damaged: number,
  torn: number,
  tooLong: number,
  /** Nothing is read, because a queue with `overflow_action = block` is full. */
  held: yesNo,
  /** When something was read last. */
  lastAt: orNull(words),
  /** A fault of auditd's that was seen in what it writes. */
  fault: orNull(words),
})

/** The serials of one node as they came in: what is missing there never reached us. */
const nodeSerials = fields({
  node: words,
  first: number,
  last: number,
  missing: number,
  /** Gaps that may still close. */
  pending: number,
  /** Of those missing, how many are in none of `ranges`. */
  unlisted: number,
  ranges: list(pair(number), MAX_RANGES),
  restarts: number,
  /** Numbers that were out of place by far: damaged, or another machine's. */
  strays: number,
})

const serials = fields({
  nodes: list(nodeSerials, MAX_NODES),
  /** Records of nodes that there was no room to follow. */
  untracked: number,
})

const plugin = fields({
  name: words,
  state: oneOf(['starting', 'running', 'backoff', 'stopping', 'stopped', 'failed', 'invalid']),
  pid: orNull(number),
  /** Since when the state is what it is. */
  since: words,
  restarts: number,
  format: oneOf(['string', 'binary', 'protocol']),
  direction: oneOf(['out', 'in', 'both']),
  path: words,
  args: lines,
  /** '' is everything. */
  selector: words,
  user: orNull(words),
  /** The drop-in. */
  file: words,
  overflow: oneOf(['drop-newest', 'drop-oldest', 'block', 'suspend', 'single', 'halt', 'ignore']),
  depth: number,
  depthBytes: number,
  in: number,
  delivered: number,
  filtered: number,
  /** By reason, those that there are. */
  dropped: counts(100),
  droppedTotal: number,
  /** When it lost a record last. */
  lastLossAt: later(orNull(words), null),
  queued: number,
  queuedBytes: number,
  /** How long the oldest record has waited, or been on its way; 0 when none does. */
  lagMs: number,
  flow: oneOf(['open', 'losing', 'suspended', 'shut']),
  /** It takes nothing, or acknowledges nothing, although it should. */
  stalled: yesNo,
  /** It has asked to be given nothing for the time being. */
  paused: yesNo,
  /** Stopped by the admin, until it is started again. */
  held: yesNo,
  /** `in = delivered + filtered + dropped + queued`, as always. */
  balanced: yesNo,
  lastExit: orNull(fields({ how: words, at: words })),
  lastStderr: lines,
  /** Records that it has sent. */
  sent: orNull(fields({ taken: number, bad: number, repeats: number, busy: number, unsettled: number })),
  /** Commands that it has sent. */
  commands: orNull(fields({ taken: number, refused: number, notified: number })),
})

const invalid = fields({ name: words, file: words, problems: lines })

const reload = fields({
  at: words,
  ok: yesNo,
  changes: list(
    fields({ name: words, change: oneOf(['kept', 'started', 'restarted', 'stopped', 'invalid']) }),
    MAX_PLUGINS,
  ),
  problems: lines,
})

const status = fields({
  version: words,
  pid: number,
  now: words,
  startedAt: words,
  /** `leaving`: asked to stop; `draining`: the input has ended; `stopping`: plugins are stopped, whatever waits. */
  phase: oneOf(['running', 'leaving', 'draining', 'stopping']),
  /** This run of the dispatcher, as no other is called. */
  run: words,
  /** audispd.conf. */
  configuration: words,
  /** The name that records get as `node=`; '' is none. */
  node: words,
  /** The number of the last record. */
  seq: number,
  jitless: yesNo,
  /** The name of the process that started the daemon. */
  parent: words,
  input,
  serials: orNull(serials),
  plugins: list(plugin, MAX_PLUGINS),
  invalid: list(invalid, MAX_PLUGINS),
  /** `droppedLines`: nobody read them. */
  log: fields({ target: words, droppedLines: number }),
  lastReload: orNull(reload),
})

export type DaemonStatus = Shaped<typeof status>
export type InputStatus = Shaped<typeof input>
export type SerialsStatus = Shaped<typeof serials>
export type NodeSerials = Shaped<typeof nodeSerials>
export type PluginStatus = Shaped<typeof plugin>
export type InvalidStatus = Shaped<typeof invalid>
export type ReloadStatus = Shaped<typeof reload>

/** Checks that this is a status; of `status NAME` too, which has that plugin alone. Throws ControlError `bad-answer`. */
export function readDaemonStatus(json: unknown): DaemonStatus {
  return statusOr(json, status(json))
}

/** What a reload has changed, as `reload` answers it. */
export function readReloadStatus(json: unknown): ReloadStatus {
  return statusOr(json, reload(json))
}

function statusOr<T>(json: unknown, found: T | undefined): T {
  if (found !== undefined) return found
  const shown = JSON.stringify(json ?? null).slice(0, 100)
  throw new ControlError('bad-answer', `the daemon's answer is not what it should be: ${shown}`, OTHER_VERSION_MEND)
}
