import { readEntries, sortProblems } from '../../src/config.js'
import type { Disk } from '../../src/config/disk.js'
import { openKeys, type Keys } from '../../src/config/keys.js'
import { count, size, time } from '../../src/config/quantity.js'
import { loadTrusted } from '../../src/config/trusted-file.js'
import { absolutePath, oneOf, type Parsed } from '../../src/config/value.js'
import { takeServerChannels } from '../../src/remote/channel.js'
import { freeSpace } from '../../src/remote/free-space.js'
import { hostPorts } from '../../src/remote/host-port.js'
import { DEFAULT_CONFIG, type DefaultLimits, type ReadConfig, type RemoteRecvConfig } from './config.js'

export const DEFAULT_FILE = '/etc/audispd/remote-recv.conf'
const NATIVE_PORT = 6514
/** What audisp-remote connects to by default. */
const RMW_PORT = 60

const KIB = 1024
const MIB = 1024 ** 2
const GIB = 1024 ** 3
const TIB = 1024 ** 4
const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Reads the file if its owner and mode allow to believe it. */
export function loadConfig(file: string, disk?: Disk): ReadConfig {
  return loadTrusted(file, (bytes) => readConfig(bytes, file), disk)
}

/** Reads the text of remote-recv.conf. All mistakes are found at once. */
export function readConfig(text: Buffer | string, file: string): ReadConfig {
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entries, file)
  const defaults = DEFAULT_CONFIG
  const listen = keys.takeOrEmpty('listen', hostPorts(NATIVE_PORT, 'listen'), []) ?? []
  const rmwListen = keys.takeOrEmpty('rmw_listen', hostPorts(RMW_PORT, 'listen'), []) ?? []
  const channels = takeServerChannels(keys, listen, rmwListen)
  const config: RemoteRecvConfig = {
    listen: { places: listen, channel: channels.native },
    rmwListen: { places: rmwListen, channel: channels.rmw },
    allowFile: keys.take('allow_file', fileOrNone) ?? defaults.allowFile,
    journalDir: keys.take('journal_dir', absolutePath) ?? defaults.journalDir,
    keepMs: keys.take('keep', time(0, 3660 * DAY_MS)) ?? defaults.keepMs,
    segmentBytes: keys.take('segment_size', size(4 * MIB, GIB)) ?? defaults.segmentBytes,
    rotateEveryMs: keys.take('rotate_every', orNever(time(SECOND_MS, 366 * DAY_MS))) ?? defaults.rotateEveryMs,
    verifyEveryMs: keys.take('verify_every', orNever(time(SECOND_MS, 366 * DAY_MS))) ?? defaults.verifyEveryMs,
    onDamage: keys.take('on_damage', oneOf(['stop', 'skip'])) ?? defaults.onDamage,
    minFsFree: keys.take('min_fs_free', freeSpace) ?? defaults.minFsFree,
    lowFsFree: keys.take('low_fs_free', freeSpace) ?? defaults.lowFsFree,
    nodeCheck: keys.take('node_check', oneOf(['off', 'warn', 'enforce'])) ?? defaults.nodeCheck,
    maxSessions: keys.take('max_sessions', count(1, 100_000)) ?? defaults.maxSessions,
    maxPending: keys.take('max_pending', count(1, 10_000)) ?? defaults.maxPending,
    maxPendingPerAddress: keys.take('max_pending_per_address', count(1, 10_000)) ?? defaults.maxPendingPerAddress,
    handshakeTimeoutMs: keys.take('handshake_timeout', time(100, 10 * 60 * SECOND_MS)) ?? defaults.handshakeTimeoutMs,
    receiveBudgetBytes: keys.take('receive_budget', size(4 * MIB, 64 * GIB)) ?? defaults.receiveBudgetBytes,
    maxBlockBytes: keys.take('max_block', size(64 * KIB, MIB)) ?? defaults.maxBlockBytes,
    commitDelayMs: keys.take('commit_delay', time(0, 10 * SECOND_MS)) ?? defaults.commitDelayMs,
    limits: takeLimits(keys, defaults.limits),
  }
  checkTogether(keys, config)
  const noSections = sections.map(({ name, line }) => ({
    level: 'error' as const,
    file,
    line,
    key: '',
    text: `there are no sections here; take [${name}] out`,
  }))
  const all = sortProblems([...problems, ...keys.finish(), ...noSections])
  return { config: all.some(({ level }) => level === 'error') ? undefined : config, problems: all }
}

function takeLimits(keys: Keys, defaults: DefaultLimits): DefaultLimits {
  return {
    bytesPerS: keys.take('bytes_per_s', size(0, TIB)) ?? defaults.bytesPerS,
    recordsPerS: keys.take('records_per_s', count(0, 1_000_000_000)) ?? defaults.recordsPerS,
    journalBytes: keys.take('journal_bytes', size(0, 1024 * TIB)) ?? defaults.journalBytes,
    maxStreams: keys.take('max_streams', count(1, 4096)) ?? defaults.maxStreams,
    maxConnections: keys.take('max_connections', count(1, 1024)) ?? defaults.maxConnections,
  }
}

/** What can be said only of several keys at once. */
function checkTogether(keys: Keys, config: RemoteRecvConfig): void {
  const { listen, rmwListen, minFsFree, lowFsFree, receiveBudgetBytes, maxBlockBytes } = config
  const isWrong = keys.has('listen') || keys.has('rmw_listen') ? '' : 'missing; '
  if (listen.places.length + rmwListen.places.length === 0)
    keys.report('error', 'listen', `${isWrong}nobody could connect: set listen = *:${NATIVE_PORT}, or rmw_listen`)
  for (const place of rmwListen.places) {
    const same = listen.places.some(
      ({ host, port }) => port === place.port && (host === place.host || host === '' || place.host === ''),
    )
    if (same) keys.report('error', 'rmw_listen', `port ${place.port} is in listen as well; give each its own`)
  }
  if (minFsFree.kind === lowFsFree.kind && sizeOf(minFsFree) > sizeOf(lowFsFree))
    keys.report(
      'warning',
      'low_fs_free',
      'is less than min_fs_free, so that nobody is warned before nothing is taken any more',
    )
  if (receiveBudgetBytes < 2 * maxBlockBytes)
    keys.report('error', 'receive_budget', 'is less than two blocks (max_block)')
}

function sizeOf(space: RemoteRecvConfig['minFsFree']): number {
  return space.kind === 'bytes' ? space.bytes : space.percent
}

function fileOrNone(text: string): Parsed<string> {
  if (text.toLowerCase() === 'none') return { value: '' }
  const parsed = absolutePath(text)
  return 'mistake' in parsed ? { mistake: `${parsed.mistake}, nor none` } : parsed
}

function orNever(parse: (text: string) => Parsed<number>): (text: string) => Parsed<number> {
  return (text) => {
    if (text.toLowerCase() === 'never' || text === '0') return { value: 0 }
    const parsed = parse(text)
    return 'mistake' in parsed ? { mistake: `${parsed.mistake}, nor never` } : parsed
  }
}
