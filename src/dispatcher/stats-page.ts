// `stats from=NAME`: the figures of the dispatcher and of its plugins from that name on, as many as a line of the protocol holds. Who
// asks again from `next` on comes to the end, however many there are.

import type { DaemonStatus, NodeSerials, PluginStatus } from '../control/daemon-status.js'

/** With the rest of the line, well below the longest that there can be. */
const MAX_PLUGINS_LENGTH = 40 * 1024
const MAX_NODES_LENGTH = 12 * 1024
/** Beyond them only their number is told: those come first of which most is missing. */
export const MAX_NODES = 100
/** Characters of a node's name. */
const MAX_NAME_LENGTH = 255
const FROM = 'from='

/** From where on; undefined: the argument is a plugin's name, or there is none. */
export function pageStart(argument: string | undefined): string | undefined {
  return argument?.startsWith(FROM) === true ? argument.slice(FROM.length) : undefined
}

/** One page as JSON. Plugins are in the order of their names. */
export function statsPage(status: DaemonStatus, from: string): string {
  const { version, startedAt, phase, run, seq, input, serials, log, lastReload } = status
  const following = status.plugins.filter(({ name }) => name >= from).sort(byName)
  const plugins = asManyAsFit(following, pluginFigures, MAX_PLUGINS_LENGTH)
  return JSON.stringify({
    version,
    startedAt,
    phase,
    run,
    seq,
    input,
    serials: serials === null ? null : serialFigures(serials),
    invalid: status.invalid.length,
    log: { droppedLines: log.droppedLines },
    lastReload: lastReload === null ? null : { at: lastReload.at, ok: lastReload.ok },
    plugins,
    next: following[plugins.length]?.name ?? null,
  })
}

/** What of it is figures: no text that can be long. */
function pluginFigures(plugin: PluginStatus): Omit<PluginStatus, 'path' | 'args' | 'selector' | 'file' | 'lastStderr'> {
  const { path: _path, args: _args, selector: _selector, file: _file, lastStderr: _lastStderr, ...figures } = plugin
  return { ...figures, lastExit: null }
}

function serialFigures({ nodes, untracked }: NonNullable<DaemonStatus['serials']>): object {
  const first = [...nodes].sort((a, b) => b.missing - a.missing || (a.node < b.node ? -1 : 1)).slice(0, MAX_NODES)
  const fitting = asManyAsFit(first, nodeFigures, MAX_NODES_LENGTH)
  return { nodes: fitting, more: nodes.length - fitting.length, untracked }
}

function nodeFigures({ node, missing, pending, restarts }: NodeSerials): object {
  return { node: node.slice(0, MAX_NAME_LENGTH), missing, pending, restarts }
}

/** What the first of them come to, one in any case. */
function asManyAsFit<T>(items: readonly T[], figures: (item: T) => object, maxLength: number): object[] {
  const fitting: object[] = []
  let length = 0
  for (const item of items) {
    const found = figures(item)
    length += lengthInAscii(JSON.stringify(found)) + 1
    if (length > maxLength && fitting.length > 0) break
    fitting.push(found)
  }
  return fitting
}

/** What is not ASCII goes over the line as `\uXXXX`. */
function lengthInAscii(json: string): number {
  return json.replaceAll(/[^\x20-\x7e]/g, '\\uXXXX').length
}

function byName(a: PluginStatus, b: PluginStatus): number {
  return a.name < b.name ? -1 : 1
}
