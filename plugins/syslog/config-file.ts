import { readEntries, sortProblems, type Problem } from '../../src/config.js'
import type { Disk } from '../../src/config/disk.js'
import { openKeys, type Keys } from '../../src/config/keys.js'
import { size, time, timeRange } from '../../src/config/quantity.js'
import { loadTrusted } from '../../src/config/trusted-file.js'
import { absolutePath, oneOf, yesNo, type Parsed } from '../../src/config/value.js'
import { hostPorts } from '../../src/remote/host-port.js'
import { DEFAULT_CONFIG, placeText, type Place, type ReadConfig, type SyslogConfig, type TlsFiles } from './config.js'
import { facilityOf, severityOf, severityRules } from './priority.js'

export const DEFAULT_FILE = '/etc/audispd/syslog.conf'
const KIB = 1024
const MIB = 1024 ** 2
const GIB = 1024 ** 3
const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const MAX_SERVERS = 8
/** sockaddr_un has 108, the last one for a NUL. */
const MAX_SOCKET_PATH_BYTES = 107
const PORTS = { udp: 514, tcp: 601, tls: 6514 } as const
/** RFC 5424: a name of our own ends with @ and a private enterprise number. */
const SD_ID = /^[!#-<>-?A-\\^-~]{1,21}@\d{1,10}$/
const APP_NAME = /^[!-~]{1,48}$/
const HOST_NAME = /^[!-~]{1,255}$/

/** Reads the file if its owner and mode allow to believe it. */
export function loadConfig(file: string, disk?: Disk): ReadConfig {
  return loadTrusted(file, (bytes) => readConfig(bytes, file), disk)
}

/** Reads the text of syslog.conf. All mistakes are found at once. */
export function readConfig(text: Buffer | string, file: string): ReadConfig {
  const { entries, sections, problems } = readEntries(text, file)
  const keys = openKeys(entries, file)
  const defaults = DEFAULT_CONFIG
  const compat = keys.take('compat', oneOf(['none', 'audisp-syslog'])) ?? defaults.compat
  const isCompat = compat === 'audisp-syslog'
  const config: SyslogConfig = {
    compat,
    servers: keys.take('server', places) ?? defaults.servers,
    format: keys.take('format', oneOf(['auto', 'rfc5424', 'rfc3164'])) ?? defaults.format,
    interpret: keys.take('interpret', yesNo) ?? defaults.interpret,
    framing: keys.take('framing', oneOf(['octet-count', 'lf'])) ?? defaults.framing,
    facility: keys.take('facility', facilityOf) ?? defaults.facility,
    severity: keys.take('priority', severityOf) ?? defaults.severity,
    severityByType: keys.takeOrEmpty('priority_of', severityRules, []) ?? defaults.severityByType,
    appName: keys.take('app_name', printable(APP_NAME, 48)) ?? defaults.appName,
    hostName: keys.takeOrEmpty('host_name', printable(HOST_NAME, 255), '') ?? defaults.hostName,
    sdId: keys.take('sd_id', sdId) ?? defaults.sdId,
    separator: keys.take('separator', oneOf(['keep', 'blank', 'strip'])) ?? defaults.separator,
    sendEoe: keys.take('send_eoe', yesNo) ?? isCompat,
    maxDatagramBytes: keys.take('max_datagram', datagramSize),
    bufferBytes: keys.take('buffer', size(64 * KIB, GIB)) ?? defaults.bufferBytes,
    resend: keys.take('resend', yesNo) ?? !isCompat,
    confirmMs: keys.take('confirm', time(SECOND_MS, HOUR_MS)) ?? defaults.confirmMs,
    confirmBytes: keys.take('confirm_max', size(64 * KIB, 256 * MIB)) ?? defaults.confirmBytes,
    connectTimeoutMs: keys.take('connect_timeout', time(100, HOUR_MS)) ?? defaults.connectTimeoutMs,
    retry: keys.take('retry_time', timeRange(10, HOUR_MS)) ?? defaults.retry,
    tls: takeTls(keys),
  }
  checkTogether(keys, config)
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

function takeTls(keys: Keys): TlsFiles {
  return {
    ca: keys.takeOrEmpty('tls_ca', absolutePath, '') ?? '',
    cert: keys.takeOrEmpty('tls_cert', absolutePath, '') ?? '',
    key: keys.takeOrEmpty('tls_key', absolutePath, '') ?? '',
    serverName: keys.takeOrEmpty('tls_server_name', printable(HOST_NAME, 255), '') ?? '',
    minVersion: (keys.take('tls_min_version', oneOf(['1.2', '1.3'])) ?? '1.2') === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
  }
}

/** What can be said only of several keys at once. */
function checkTogether(
  keys: Keys,
  { servers, tls, compat, interpret, format, bufferBytes, confirmBytes }: SyslogConfig,
): void {
  const hasTls = servers.some(({ kind }) => kind === 'tls')
  if (hasTls && tls.ca === '')
    keys.report('error', 'tls_ca', 'tls:// needs it: the authority that has signed the server')
  if ((tls.cert === '') !== (tls.key === ''))
    keys.report('error', tls.cert === '' ? 'tls_cert' : 'tls_key', 'a certificate and its key belong together')
  if (!hasTls && (tls.ca !== '' || tls.cert !== ''))
    keys.report('warning', 'tls_ca', 'has an effect only with a tls:// server')
  if (compat === 'none' && interpret)
    keys.report('warning', 'interpret', 'has an effect only with compat = audisp-syslog')
  if (compat !== 'none' && format !== 'auto') keys.report('warning', 'format', 'compat = audisp-syslog has its own')
  if (keys.has('confirm_max') && confirmBytes > bufferBytes)
    keys.report('warning', 'confirm_max', 'is more than buffer, so that buffer counts')
}

/** Several between commas. */
function places(text: string): Parsed<readonly [Place, ...Place[]]> {
  const found: Place[] = []
  for (const word of text.split(',').map((each) => each.trim())) {
    const parsed = place(word)
    if ('mistake' in parsed) return parsed
    if (found.some((each) => placeText(each) === placeText(parsed.value)))
      return { mistake: `'${word}' stands there twice` }
    found.push(parsed.value)
  }
  const [first, ...more] = found
  if (first === undefined || more.length >= MAX_SERVERS)
    return { mistake: `${found.length} of them; ${MAX_SERVERS} are the most` }
  return { value: [first, ...more] }
}

function place(word: string): Parsed<Place> {
  if (word.startsWith('/')) {
    const fits = Buffer.byteLength(word) <= MAX_SOCKET_PATH_BYTES
    return fits
      ? { value: { kind: 'local', path: word } }
      : { mistake: `'${word}' is longer than a socket's path can be (${MAX_SOCKET_PATH_BYTES} bytes)` }
  }
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.+)$/i.exec(word) ?? []
  const parsed = oneOf(['udp', 'tcp', 'tls'])(scheme)
  if ('mistake' in parsed) return { mistake: `'${word}' is no server: ${DEFAULT_FILE_HINT}` }
  const kind = parsed.value
  const target = hostPorts(PORTS[kind], 'connect')(rest)
  if ('mistake' in target) return target
  const [server] = target.value
  return server === undefined ? { mistake: `'${word}' names no host` } : { value: { kind, ...server } }
}

const DEFAULT_FILE_HINT = 'give /dev/log, udp://HOST:514, tcp://HOST:601 or tls://HOST:6514'

function datagramSize(text: string): Parsed<number | undefined> {
  return text.toLowerCase() === 'auto' ? { value: undefined } : size(480, 65_507)(text)
}

function sdId(text: string): Parsed<string> {
  if (SD_ID.test(text)) return { value: text }
  return { mistake: `'${text}' is not NAME@NUMBER, such as audit@32473, with at most 32 characters and none of = ] "` }
}

function printable(pattern: RegExp, most: number): (text: string) => Parsed<string> {
  return (text) =>
    pattern.test(text) ? { value: text } : { mistake: `'${text}' is not 1 to ${most} ASCII characters without blanks` }
}
