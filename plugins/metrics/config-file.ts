import { readEntries, sortProblems, type Problem } from '../../src/config.js'
import type { Disk } from '../../src/config/disk.js'
import { openKeys } from '../../src/config/keys.js'
import { count, size, time } from '../../src/config/quantity.js'
import { loadTrusted } from '../../src/config/trusted-file.js'
import { absolutePath, type Parsed } from '../../src/config/value.js'
import { hostPorts } from '../../src/remote/host-port.js'
import {
  DEFAULT_CONFIG,
  type GraphitePlace,
  type ListenPlace,
  type MetricsConfig,
  type ReadConfig,
  type StatsdPlace,
} from './config.js'

export const DEFAULT_FILE = '/etc/audispd/metrics.conf'
const KIB = 1024
const GIB = 1024 ** 3
const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const MAX_STREAMS = 10_000
const MAX_DIRS = 100
/** sockaddr_un has 108, the last one for a NUL. */
const MAX_SOCKET_PATH_BYTES = 107
const OUTPUTS = new Set(['listen', 'textfile', 'statsd', 'graphite'])
const PORTS = { listen: 9790, statsd: 8125, graphite: 2003 } as const
const SUFFIX = '.prom'
/** Of a name at graphite: parts between dots. */
const PREFIX = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/
const HOST_NAME = /^[!-~]{1,255}$/
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1)$/

/** Reads the file if its owner and mode allow to believe it. */
export function loadConfig(file: string, disk?: Disk): ReadConfig {
  return loadTrusted(file, (bytes) => readConfig(bytes, file), disk)
}

/** Reads the text of metrics.conf. All mistakes are found at once. */
export function readConfig(text: Buffer | string, file: string): ReadConfig {
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entries, file)
  const defaults = DEFAULT_CONFIG
  const config: MetricsConfig = {
    listen: keys.takeOrEmpty('listen', listenPlace, undefined),
    socketMode: keys.take('socket_mode', socketMode) ?? defaults.socketMode,
    textfile: keys.takeOrEmpty('textfile', textfile, undefined),
    statsd: keys.takeOrEmpty('statsd', statsdPlace, undefined),
    graphite: keys.takeOrEmpty('graphite', graphitePlace, undefined),
    intervalMs: keys.take('interval', time(SECOND_MS, HOUR_MS)) ?? defaults.intervalMs,
    prefix: keys.take('prefix', matching(PREFIX, 'words of A-Z, a-z, 0-9, _ and - between dots')) ?? defaults.prefix,
    hostName:
      keys.takeOrEmpty('host_name', matching(HOST_NAME, '1 to 255 ASCII characters without blanks'), '') ??
      defaults.hostName,
    bufferBytes: keys.take('graphite_buffer', size(64 * KIB, GIB)) ?? defaults.bufferBytes,
    remoteDirs: keys.takeOrEmpty('remote_dirs', directories, []) ?? defaults.remoteDirs,
    maxStreams: keys.take('max_streams', count(0, MAX_STREAMS)) ?? defaults.maxStreams,
  }
  if (!entries.some(({ key, value }) => OUTPUTS.has(key) && value !== ''))
    keys.report('warning', '', 'no output is on: set listen, textfile, statsd or graphite')
  if (keys.has('socket_mode') && config.listen?.kind === 'tcp')
    keys.report('warning', 'socket_mode', 'has an effect only where listen is the path of a socket')
  const stray = sections.map((section): Problem => ({
    level: 'error',
    file,
    line: section.line,
    key: '',
    text: `[${section.name}]: there are no sections in this file`,
  }))
  const all = sortProblems([...problems, ...keys.finish(), ...stray])
  return { config: all.some(({ level }) => level === 'error') ? undefined : config, problems: all }
}

/** A path, or an address that nobody reaches from outside. */
function listenPlace(text: string): Parsed<ListenPlace> {
  if (text.startsWith('/')) return socketPath(text)
  const parsed = oneHostPort(text, PORTS.listen)
  if ('mistake' in parsed) return { mistake: `${parsed.mistake}, nor the path of a socket` }
  if (LOOPBACK.test(parsed.value.host)) return { value: { kind: 'tcp', ...parsed.value } }
  return {
    mistake:
      `'${text}' can be reached from outside, and this says who may scrape to nobody: give 127.0.0.1:${PORTS.listen}, ` +
      `[::1]:${PORTS.listen} or a socket, and put a proxy before it that knows its clients`,
  }
}

function statsdPlace(text: string): Parsed<StatsdPlace> {
  const [, scheme = '', rest = ''] = /^(udp|unix):(?:\/\/)?(.+)$/i.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case 'udp': {
      const parsed = oneHostPort(rest, PORTS.statsd)
      return 'mistake' in parsed ? parsed : { value: { kind: 'udp', ...parsed.value } }
    }
    case 'unix':
      return socketPath(rest)
    default:
      return { mistake: `'${text}' is not udp://HOST:${PORTS.statsd} or unix:/PATH` }
  }
}

function graphitePlace(text: string): Parsed<GraphitePlace> {
  const [, rest] = /^tcp:\/\/(.+)$/i.exec(text) ?? []
  return rest === undefined
    ? { mistake: `'${text}' is not tcp://HOST:${PORTS.graphite}` }
    : oneHostPort(rest, PORTS.graphite)
}

function oneHostPort(text: string, defaultPort: number): Parsed<GraphitePlace> {
  const parsed = hostPorts(defaultPort, 'connect')(text)
  if ('mistake' in parsed) return parsed
  const [first, ...more] = parsed.value
  return first === undefined || more.length > 0 ? { mistake: `'${text}' names more than one place` } : { value: first }
}

function socketPath(text: string): Parsed<{ readonly kind: 'unix'; readonly path: string }> {
  const path = absolutePath(text)
  if ('mistake' in path) return path
  return Buffer.byteLength(text) <= MAX_SOCKET_PATH_BYTES
    ? { value: { kind: 'unix', path: text } }
    : { mistake: `'${text}' is longer than a socket's path can be (${MAX_SOCKET_PATH_BYTES} bytes)` }
}

/** node_exporter reads nothing else. */
function textfile(text: string): Parsed<string> {
  if (text.endsWith(SUFFIX)) return absolutePath(text)
  return { mistake: `'${text}' does not end in ${SUFFIX}, and node_exporter would not read it` }
}

function socketMode(text: string): Parsed<number> {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : -1
  return mode >= 0 && (mode & 0o600) === 0o600 && (mode & 0o111) === 0
    ? { value: mode }
    : { mistake: `'${text}' is not the mode of a socket, such as 0600 or 0660` }
}

function directories(text: string): Parsed<readonly string[]> {
  const found: string[] = []
  for (const word of text.split(',').map((each) => each.trim())) {
    const path = absolutePath(word)
    if ('mistake' in path) return path
    found.push(path.value)
  }
  return found.length > MAX_DIRS ? { mistake: `${found.length} of them; ${MAX_DIRS} are the most` } : { value: found }
}

function matching(pattern: RegExp, what: string): (text: string) => Parsed<string> {
  return (text) => (pattern.test(text) ? { value: text } : { mistake: `'${text}' is not ${what}` })
}
