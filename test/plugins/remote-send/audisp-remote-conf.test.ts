import { test } from 'tap'
import { formatProblem } from '../../../src/config.js'
import { readConfig } from '../../../plugins/remote-send/config-file.js'

/** Every key that audisp-remote knows, as its own file has them, with a collector. */
const SHIPPED = `#
# This file controls the configuration of the audit remote
# logging subsystem, audisp-remote.
#

remote_server = agg1.example.org
port = 60
##local_port =
transport = tcp
queue_file = /var/spool/audit/remote.log
mode = immediate
queue_depth = 10240
format = managed
network_retry_time = 1
max_tries_per_record = 3
max_time_per_record = 5
heartbeat_timeout = 0

network_failure_action = stop
disk_low_action = ignore
disk_full_action = warn_once
disk_error_action = warn_once
remote_ending_action = reconnect
generic_error_action = syslog
generic_warning_action = syslog
queue_error_action = stop
overflow_action = syslog
startup_failure_action = warn_once_continue

##krb5_principal =
##krb5_client_name = auditd
##krb5_key_file = /etc/audisp/audisp-remote.key
`

function read(text: string, kind?: 'audisp-remote') {
  const { config, problems } = readConfig(text, 'f', kind)
  return { config, said: problems.map((problem) => `${problem.level} ${formatProblem(problem)}`) }
}

/** What is said beside that the connection is in clear text, which goes for all of these. */
function said(line: string): string[] {
  return sayings(`remote_server = a\n${line}`, 'audisp-remote')
}

function sayings(text: string, kind?: 'audisp-remote'): string[] {
  return read(text, kind).said.filter((each) => !each.includes('clear text'))
}

void test('the file as it is shipped is taken, and what differs is said', (t) => {
  const { config, said: lines } = read(SHIPPED)
  t.same(lines, [
    'warning f:9: transport: tcp: records go in clear text, as they do with audisp-remote',
    'warning f:10: queue_file: not used, and what waits in it is not sent: records wait in /var/spool/audispd/remote-send',
    'warning f:11: mode: here records always wait on disk, as with forward, and are synced before they are sent',
    'warning f:12: queue_depth: not used: the spool has max_bytes = 10G, however many records that are',
    'warning f:14: network_retry_time: here the pause doubles up to 60 s while the collector is away, and it is tried for ever',
    "warning f:19: network_failure_action: 'stop' ends audisp-remote until auditd starts it again; here it is logged, and tried again for ever",
    "warning f:26: queue_error_action: 'stop' ends audisp-remote until auditd starts it again; here it is logged, and tried again for ever",
    'warning f:27: overflow_action: a full spool drops nothing here: it stops acknowledging, and the dispatcher keeps the records',
  ])
  t.match(config, {
    servers: [{ host: 'agg1.example.org', port: 60 }],
    protocol: 'managed',
    channel: { kind: 'tcp' },
    localPort: 0,
    networkRetry: { firstMs: 1000, longestMs: 60_000 },
    maxTriesPerRecord: 3,
    maxTimePerRecordMs: 5000,
    heartbeatTimeoutMs: 0,
    onFull: { kind: 'block' },
    actions: {
      networkFailure: { kind: 'syslog' },
      startupFailure: { kind: 'warn_once_continue' },
      remoteEnding: { kind: 'reconnect' },
      diskLow: { kind: 'ignore' },
      diskFull: { kind: 'warn_once' },
      diskError: { kind: 'warn_once' },
      queueError: { kind: 'syslog' },
      overflow: { kind: 'syslog' },
    },
  })
  const { config: bare } = read('remote_server = a\n')
  t.same(bare, { ...config, servers: [{ host: 'a', port: 60 }] }, 'the defaults are those of audisp-remote')
  t.end()
})

void test('told by its keys', (t) => {
  t.equal(read('port = 60').config, undefined)
  t.match(sayings('port = 60'), [/remote_server: the value is missing/])
  t.match(sayings('server = a\nport = 60'), [/f:2: port: unknown key/], 'a file of our own')
  t.match(sayings('remote_server =\n'), [/^error f:1: remote_server: the value is missing: where do the records go\?$/])
  t.match(
    sayings('server = a', 'audisp-remote'),
    [/remote_server/, /^error f:1: server: unknown key/],
    'unless it is said',
  )
  t.end()
})

void test('what is not supported is refused', (t) => {
  const refused: readonly (readonly [line: string, said: RegExp])[] = [
    ['transport = krb5', /^error f:2: transport: Kerberos is not supported/],
    ['enable_krb5 = yes', /^error f:2: enable_krb5: Kerberos is not supported/],
    ['format = ascii', /^error f:2: format: 'ascii' is not supported: auditd throws such records away/],
    ['transport = tls\ntls_psk_identity = a', /^error f: tls_psk_file: transport = tls needs it/],
    ['transport = tls\ntls_psk_file = /a', /^error f: tls_psk_identity: transport = tls needs it/],
    [
      'tls_require_pqc = yes',
      /^error f:2: tls_require_pqc: key exchange that is safe from quantum computers is not supported yet/,
    ],
    ['tls_crypto_profile = pqc', /^error f:2: tls_crypto_profile: key exchange/],
    [
      'tls_cipher_suites = TLS_AES_256_GCM_SHA384',
      /^error f:2: tls_cipher_suites: without a suite that ends in SHA256/,
    ],
    ['port = 65536', /^error f:2: port: '65536' is not a whole number/],
    ['max_time_per_record = 5s', /^error f:2: max_time_per_record: '5s' is not a whole number of seconds/],
    ['overflow_action = stop', /^error f:2: overflow_action: 'stop' is not/],
    ['disk_low_action = exec', /^error f:2: disk_low_action: 'exec' needs/],
    ['remote_sever = b', /^error f:2: remote_sever: unknown key \(did you mean 'remote_server'\?\)/],
    ['tls_cert_file = /a', /^error f:2: tls_cert_file: unknown key/],
  ]
  for (const [line, pattern] of refused) {
    t.ok(
      said(line).some((each) => pattern.test(each)),
      `${line}: ${said(line).join(' | ')}`,
    )
    t.equal(read(`remote_server = a\n${line}`, 'audisp-remote').config, undefined, line)
  }
  t.match(sayings('remote_server = a, b'), [/'a, b' is not one host or address/])
  t.end()
})

void test('what means something else is taken, and said', (t) => {
  const psk = read(
    'remote_server = ::1\ntransport = TLS\ntls_auth = psk\ntls_psk_file = /k\ntls_psk_identity = web1\ntls_crypto_profile = compatible\nlocal_port = any',
  )
  t.same(psk.said, [])
  t.match(psk.config, {
    servers: [{ host: '::1', port: 60 }],
    channel: { kind: 'tls-psk', file: '/k', identity: 'web1' },
    localPort: 0,
  })
  t.match(said('disk_full_action = exec /usr/local/bin/page me.sh'), [
    /^warning f:2: disk_full_action: programs are run by the dispatcher: write \[action page-me-sh\] with path = \/usr\/local\/bin\/page me\.sh into audispd\.conf, and allow = action:page-me-sh/,
  ])
  t.match(read('remote_server = a\ndisk_full_action = exec /bin/x', 'audisp-remote').config, {
    actions: { diskFull: { kind: 'exec', name: 'x' } },
  })
  t.match(read('remote_server = a\ndisk_full_action = stop\nremote_ending_action = suspend', 'audisp-remote').config, {
    actions: { diskFull: { kind: 'stop' }, remoteEnding: { kind: 'suspend' } },
  })
  t.match(said('krb5_principal = auditd'), [/^warning f:2: krb5_principal: not used/])
  t.match(said('tls_crypto_profile = system'), [/^warning f:2: tls_crypto_profile: 'system' is as compatible here/])
  t.match(said('tls_cipher_suites = TLS_AES_128_GCM_SHA256'), [/^warning f:2: tls_cipher_suites: not used/])
  t.match(said('tls_key_exchange = X25519'), [/^warning f:2: tls_key_exchange: not used/])
  t.same(said('local_port = 600\nport = 6000'), [])
  t.end()
})

void test('where audisp-remote would have cut a line', (t) => {
  const path = `/${'x'.repeat(130)}`
  t.match(sayings(`remote_server = a\nqueue_file = ${path}\n# ${'y'.repeat(200)}\n`, 'audisp-remote'), [
    /not used/,
    /^warning f:2: queue_file: audisp-remote cuts this line behind 'x{16}' and takes the rest for a line of its own; here it is read whole$/,
  ])
  t.same(said(`queue_depth = ${'0'.repeat(112)}7`).length, 1, 'a line of 127 bytes is not cut')
  t.end()
})
