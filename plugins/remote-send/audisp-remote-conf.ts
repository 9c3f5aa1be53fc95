// An audisp-remote.conf as it is. What it says is taken over where it means the same here, and one line is said for each key that
// means something else or nothing. Its own parser is not copied: it cuts lines at 127 bytes, and where that would have changed a
// value, this is said, as the file then has never meant what it reads.

import { Buffer } from 'node:buffer'
import { sortProblems, type Entries, type Entry, type Problem } from '../../src/config.js'
import { openKeys, type Keys } from '../../src/config/keys.js'
import { linesOf } from '../../src/config/lines.js'
import { count, time } from '../../src/config/quantity.js'
import { absolutePath, oneOf, yesNo, type Parsed } from '../../src/config/value.js'
import { pskIdentity, type ClientChannel } from '../../src/remote/channel.js'
import { hostPorts } from '../../src/remote/host-port.js'
import { takeTheirActions } from './audisp-remote-actions.js'
import { DEFAULT_CONFIG, type ReadConfig, type RemoteSendConfig } from './config.js'

const THEIR_LINE_BYTES = 127
const THEIR_PORT = 60
const LONGEST_RETRY_MS = 60_000
const HOUR_MS = 3_600_000
/** Keys that no remote-send.conf has. */
const THEIR_KEYS = new Set(['remote_server', 'port', 'queue_file', 'queue_depth', 'mode', 'format', 'enable_krb5'])

/** Whether these are the keys of an audisp-remote.conf. */
export function isAudispRemoteConf(entries: readonly Entry[]): boolean {
  return entries.some(({ key }) => THEIR_KEYS.has(key)) && !entries.some(({ key }) => key === 'server')
}

/** What an audisp-remote.conf means here. */
export function readAudispRemoteConf(text: Buffer | string, read: Entries, file: string): ReadConfig {
  const keys = openKeys(read.entries, file)
  const servers = keys.takeOrEmpty('remote_server', oneServer, []) ?? []
  const port = keys.take('port', count(1, 65_535)) ?? THEIR_PORT
  if (!keys.has('remote_server') || (servers.length === 0 && isEmpty(read.entries, 'remote_server')))
    keys.report('error', 'remote_server', 'the value is missing: where do the records go?')
  takeModes(keys)
  const channel = takeChannel(keys)
  takeQueue(keys)
  const retryMs = keys.take('network_retry_time', seconds(1)) ?? 1000
  if (keys.has('network_retry_time')) {
    const said = `here the pause doubles up to ${Math.max(LONGEST_RETRY_MS, retryMs) / 1000} s while the collector is away, and it is tried for ever`
    keys.report('warning', 'network_retry_time', said)
  }
  const config: Omit<RemoteSendConfig, 'servers'> = {
    ...DEFAULT_CONFIG,
    protocol: 'managed',
    channel,
    localPort: keys.take('local_port', localPort) ?? 0,
    networkRetry: { firstMs: retryMs, longestMs: Math.max(LONGEST_RETRY_MS, retryMs) },
    maxTriesPerRecord: keys.take('max_tries_per_record', count(1, 1_000_000)) ?? 3,
    maxTimePerRecordMs: keys.take('max_time_per_record', seconds(1)) ?? 5000,
    heartbeatTimeoutMs: keys.take('heartbeat_timeout', seconds(0)) ?? 0,
    actions: takeTheirActions(keys),
  }
  const [host] = servers
  const problems = sortProblems([
    ...read.problems,
    ...keys.finish(),
    ...read.sections.map(({ name, line }) => ({
      ...about(file, line, ''),
      text: `there are no sections; take [${name}] out`,
    })),
    ...cutLines(text, read.entries, file),
  ])
  return { config: host === undefined ? undefined : { ...config, servers: [{ host, port }] }, problems }
}

/** Which protocol, and whether records wait on disk. */
function takeModes(keys: Keys): void {
  const format = keys.take('format', oneOf(['managed', 'ascii']))
  if (format === 'ascii') {
    const text = "'ascii' is not supported: auditd throws such records away, and nothing is acknowledged; use managed"
    keys.report('error', 'format', text)
  }
  const mode = keys.take('mode', oneOf(['immediate', 'forward']))
  if (mode === 'immediate')
    keys.report(
      'warning',
      'mode',
      'here records always wait on disk, as with forward, and are synced before they are sent',
    )
}

/** Where records wait: a directory of our own, whatever these say. */
function takeQueue(keys: Keys): void {
  if (keys.takeOrEmpty('queue_file', absolutePath, '') !== undefined && keys.has('queue_file')) {
    const text = `not used, and what waits in it is not sent: records wait in ${DEFAULT_CONFIG.spoolDir}`
    keys.report('warning', 'queue_file', text)
  }
  if (keys.take('queue_depth', count(1, 2 ** 31 - 1)) !== undefined)
    keys.report('warning', 'queue_depth', 'not used: the spool has max_bytes = 10G, however many records that are')
}

function takeChannel(keys: Keys): ClientChannel {
  const transport = keys.take('transport', oneOf(['tcp', 'krb5', 'tls'])) ?? 'tcp'
  const enableKrb5 = keys.take('enable_krb5', yesNo) ?? false
  for (const key of ['krb5_principal', 'krb5_client_name', 'krb5_key_file']) {
    if (keys.takeOrEmpty(key, anything, '') !== undefined && keys.has(key) && transport !== 'krb5')
      keys.report('warning', key, 'not used: Kerberos is not supported')
  }
  const file = keys.take('tls_psk_file', absolutePath) ?? ''
  const identity = keys.take('tls_psk_identity', pskIdentity) ?? ''
  takeTlsKeys(keys)
  if (transport === 'krb5' || enableKrb5) {
    const text = 'Kerberos is not supported; use transport = tls, with auditd 4.2 or remote-recv on the other side'
    keys.report('error', enableKrb5 ? 'enable_krb5' : 'transport', text)
  }
  if (transport !== 'tls') {
    if (transport === 'tcp')
      keys.report('warning', 'transport', 'tcp: records go in clear text, as they do with audisp-remote')
    return { kind: 'tcp' }
  }
  if (file === '') keys.report('error', 'tls_psk_file', 'transport = tls needs it')
  if (identity === '') keys.report('error', 'tls_psk_identity', 'transport = tls needs it')
  return { kind: 'tls-psk', file, identity }
}

function takeTlsKeys(keys: Keys): void {
  keys.take('tls_auth', oneOf(['psk']))
  const profile = keys.take('tls_crypto_profile', oneOf(['compatible', 'system', 'pqc']))
  if (profile === 'system') keys.report('warning', 'tls_crypto_profile', "'system' is as compatible here")
  const pqc = keys.take('tls_require_pqc', yesNo) ?? false
  if (profile === 'pqc' || pqc) {
    const text = 'key exchange that is safe from quantum computers is not supported yet; nothing less is taken for it'
    keys.report('error', profile === 'pqc' ? 'tls_crypto_profile' : 'tls_require_pqc', text)
  }
  const suites = keys.take('tls_cipher_suites', anything)
  if (suites !== undefined && !/_SHA256/i.test(suites))
    keys.report(
      'error',
      'tls_cipher_suites',
      'without a suite that ends in SHA256 there is no TLS with this key; add TLS_AES_128_GCM_SHA256',
    )
  else if (suites !== undefined)
    keys.report('warning', 'tls_cipher_suites', 'not used: those that end in SHA256 are offered')
  if (keys.take('tls_key_exchange', anything) !== undefined)
    keys.report('warning', 'tls_key_exchange', 'not used: the groups are those of the TLS library')
}

/** Where their parser would have cut a line, and what value it would have read. */
function cutLines(text: Buffer | string, entries: readonly Entry[], file: string): Problem[] {
  const { lines } = linesOf(typeof text === 'string' ? Buffer.from(text) : text)
  return lines.flatMap(({ line, content }) => {
    const entry = entries.find((each) => each.line === line)
    if (entry === undefined || content.length <= THEIR_LINE_BYTES) return []
    const end = content.subarray(0, THEIR_LINE_BYTES).toString('utf8').slice(-16)
    const said = `audisp-remote cuts this line behind '${end}' and takes the rest for a line of its own; here it is read whole`
    return [{ ...about(file, line, entry.key), level: 'warning' as const, text: said }]
  })
}

function about(file: string, line: number, key: string): Omit<Problem, 'text'> {
  return { level: 'error', file, line, key }
}

function isEmpty(entries: readonly Entry[], key: string): boolean {
  return entries.findLast((entry) => entry.key === key)?.value === ''
}

function oneServer(text: string): Parsed<string[]> {
  if (text.includes(',') || /[ \t]/.test(text)) return { mistake: `'${text}' is not one host or address` }
  const bracketed = text.includes(':') && !text.startsWith('[') ? `[${text}]` : text
  const parsed = hostPorts(THEIR_PORT, 'connect')(bracketed)
  return 'mistake' in parsed
    ? { mistake: `'${text}' is no host or address` }
    : { value: parsed.value.map(({ host }) => host) }
}

/** Their times are whole seconds. */
function seconds(least: number): (text: string) => Parsed<number> {
  return (text) => {
    if (!/^\d+$/.test(text)) return { mistake: `'${text}' is not a whole number of seconds` }
    return time(least * 1000, 24 * HOUR_MS)(text)
  }
}

function localPort(text: string): Parsed<number> {
  return text.toLowerCase() === 'any' ? { value: 0 } : count(0, 65_535)(text)
}

function anything(text: string): Parsed<string> {
  return { value: text }
}
