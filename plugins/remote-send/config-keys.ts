import { sortProblems, type Entries, type Problem } from '../../src/config.js'
import { openKeys, type Keys } from '../../src/config/keys.js'
import { count, size, time, timeRange } from '../../src/config/quantity.js'
import { absolutePath, oneOf, type Parsed } from '../../src/config/value.js'
import { takeClientChannel } from '../../src/remote/channel.js'
import { freeSpace } from '../../src/remote/free-space.js'
import { hostPorts } from '../../src/remote/host-port.js'
import { endingAction, failureAction, onFull, overflowAction } from './admin-action.js'
import {
  DEFAULT_CONFIG,
  type AdminActions,
  type ReadConfig,
  type RemoteSendConfig,
  type RetainAfterAck,
} from './config.js'

const NATIVE_PORT = 6514
/** auditd's listener has none of its own; this is what audisp-remote takes. */
const MANAGED_PORT = 60

const KIB = 1024
const MIB = 1024 ** 2
const TIB = 1024 ** 4
const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The keys of remote-send.conf. */
export function readOwnKeys({ entries, sections, problems }: Entries, file: string): ReadConfig {
  const keys = openKeys(entries, file)
  const defaults = DEFAULT_CONFIG
  const protocol = keys.take('protocol', oneOf(['native', 'managed'])) ?? defaults.protocol
  const servers = keys.take('server', hostPorts(protocol === 'native' ? NATIVE_PORT : MANAGED_PORT, 'connect')) ?? []
  if (!keys.has('server'))
    keys.report('error', 'server', 'missing; where do the records go? Such as agg1.example.org:6514')
  const rest: Omit<RemoteSendConfig, 'servers'> = {
    protocol,
    localPort: keys.take('local_port', localPort) ?? defaults.localPort,
    channel: takeClientChannel(keys, servers),
    spoolDir: keys.take('spool_dir', absolutePath) ?? defaults.spoolDir,
    maxBytes: keys.take('max_bytes', size(256 * MIB, 1024 * TIB)) ?? defaults.maxBytes,
    minFsFree: keys.take('min_fs_free', freeSpace) ?? defaults.minFsFree,
    retainAfterAck: keys.take('retain_after_ack', retainAfterAck) ?? defaults.retainAfterAck,
    onFull: keys.take('on_full', onFull) ?? defaults.onFull,
    onDamage: keys.take('on_damage', oneOf(['stop', 'skip'])) ?? defaults.onDamage,
    window: keys.take('window', count(1, 4096)) ?? defaults.window,
    windowMaxBytes: keys.take('window_max', size(64 * KIB, 64 * MIB)) ?? defaults.windowMaxBytes,
    maxBlockBytes: keys.take('max_block', size(64 * KIB, MIB)) ?? defaults.maxBlockBytes,
    connectTimeoutMs: keys.take('connect_timeout', time(100, HOUR_MS)) ?? defaults.connectTimeoutMs,
    networkRetry: keys.take('network_retry_time', timeRange(10, HOUR_MS)) ?? defaults.networkRetry,
    maxTriesPerRecord: keys.take('max_tries_per_record', count(1, 1_000_000)) ?? defaults.maxTriesPerRecord,
    maxTimePerRecordMs: keys.take('max_time_per_record', time(SECOND_MS, HOUR_MS)) ?? defaults.maxTimePerRecordMs,
    heartbeatTimeoutMs: keys.take('heartbeat_timeout', time(0, HOUR_MS)) ?? defaults.heartbeatTimeoutMs,
    actions: takeActions(keys, defaults.actions),
  }
  checkTogether(keys, rest)
  const [first, ...more] = servers
  const all = sortProblems([...problems, ...keys.finish(), ...sections.map((section) => noSections(file, section))])
  return { config: first === undefined ? undefined : { servers: [first, ...more], ...rest }, problems: all }
}

function takeActions(keys: Keys, defaults: AdminActions): AdminActions {
  return {
    networkFailure: keys.take('network_failure_action', failureAction) ?? defaults.networkFailure,
    startupFailure: keys.take('startup_failure_action', failureAction) ?? defaults.startupFailure,
    remoteEnding: keys.take('remote_ending_action', endingAction) ?? defaults.remoteEnding,
    diskLow: keys.take('disk_low_action', failureAction) ?? defaults.diskLow,
    diskFull: keys.take('disk_full_action', failureAction) ?? defaults.diskFull,
    diskError: keys.take('disk_error_action', failureAction) ?? defaults.diskError,
    genericError: keys.take('generic_error_action', failureAction) ?? defaults.genericError,
    genericWarning: keys.take('generic_warning_action', failureAction) ?? defaults.genericWarning,
    queueError: keys.take('queue_error_action', failureAction) ?? defaults.queueError,
    overflow: keys.take('overflow_action', overflowAction) ?? defaults.overflow,
  }
}

/** What can be said only of several keys at once. */
function checkTogether(keys: Keys, config: Omit<RemoteSendConfig, 'servers'>): void {
  const idle = config.protocol === 'native' ? ['window', 'heartbeat_timeout', 'max_time_per_record'] : ['window_max']
  const needed = config.protocol === 'native' ? 'managed' : 'native'
  const isDefault: Readonly<Record<string, boolean>> = {
    window: config.window === DEFAULT_CONFIG.window,
    window_max: config.windowMaxBytes === DEFAULT_CONFIG.windowMaxBytes,
    heartbeat_timeout: config.heartbeatTimeoutMs === DEFAULT_CONFIG.heartbeatTimeoutMs,
    max_time_per_record: config.maxTimePerRecordMs === DEFAULT_CONFIG.maxTimePerRecordMs,
  }
  for (const key of idle.filter((each) => keys.has(each) && isDefault[each] === false))
    keys.report('warning', key, `has an effect only with protocol = ${needed}`)
  const { bytes } = config.retainAfterAck
  if (bytes !== Infinity && bytes > config.maxBytes)
    keys.report('warning', 'retain_after_ack', 'is more than max_bytes, so that max_bytes counts')
}

function localPort(text: string): Parsed<number> {
  if (text.toLowerCase() === 'any') return { value: 0 }
  const parsed = count(0, 65_535)(text)
  return 'mistake' in parsed ? { mistake: `${parsed.mistake}, nor any` } : parsed
}

function retainAfterAck(text: string): Parsed<RetainAfterAck> {
  const mistake = `'${text}' is not such as 1G/48h, 1G or 48h; 0 keeps nothing`
  if (text === '0') return { value: { bytes: 0, ms: 0 } }
  const [first = '', second, ...more] = text.split('/').map((word) => word.trim())
  if (more.length > 0) return { mistake }
  const bytes = size(0, 1024 * TIB)
  const age = time(0, 3660 * DAY_MS)
  const isAge = (word: string) => /[smhd]$/.test(word)
  if (second === undefined) {
    // A number alone is bytes, and a letter that could be either is a unit of time in lower case: 5m is minutes, 5M is megabytes.
    const parsed = isAge(first) ? age(first) : bytes(first)
    if ('mistake' in parsed) return { mistake }
    return { value: isAge(first) ? { bytes: Infinity, ms: parsed.value } : { bytes: parsed.value, ms: Infinity } }
  }
  const room = bytes(first)
  const kept = age(second)
  return 'mistake' in room || 'mistake' in kept ? { mistake } : { value: { bytes: room.value, ms: kept.value } }
}

function noSections(file: string, { name, line }: { name: string; line: number }): Problem {
  return { level: 'error', file, line, key: '', text: `there are no sections here; take [${name}] out` }
}
