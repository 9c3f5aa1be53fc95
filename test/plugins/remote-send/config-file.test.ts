import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { formatProblem, readEntries } from '../../../src/config.js'
import { DEFAULT_CONFIG, type RemoteSendConfig } from '../../../plugins/remote-send/config.js'
import { DEFAULT_FILE, loadConfig, readConfig } from '../../../plugins/remote-send/config-file.js'
import { fakeDisk } from '../../dispatcher/fake-disk.js'

const SERVER = 'server = agg1\n'
const MIB = 1024 ** 2
const DEFAULTS: RemoteSendConfig = { servers: [{ host: 'agg1', port: 6514 }], ...DEFAULT_CONFIG }
const { actions } = DEFAULT_CONFIG
const TLS = {
  ca: '/etc/audispd/remote/ca.pem',
  cert: '/etc/audispd/remote/cert.pem',
  key: '/etc/audispd/remote/key.pem',
}

function problemsOf(text: string): string[] {
  return readConfig(text, 'f', 'own').problems.map((problem) => `${problem.level} ${formatProblem(problem)}`)
}

// Each good value with what of the configuration it changes.
const GOOD: readonly (readonly [line: string, changes: Partial<RemoteSendConfig>])[] = [
  [
    'server = a:1, [::1]',
    {
      servers: [
        { host: 'a', port: 1 },
        { host: '::1', port: 6514 },
      ],
    },
  ],
  ['LOCAL_PORT = 60', { localPort: 60 }],
  ['local_port = Any', {}],
  ['protocol = Managed', { protocol: 'managed', servers: [{ host: 'agg1', port: 60 }] }],
  ['transport = TLS', {}],
  ['transport = tcp\ninsecure = Yes', { channel: { kind: 'tcp' } }],
  [
    'transport = tls-psk\ntls_psk_file = /k\ntls_psk_identity = web1',
    { channel: { kind: 'tls-psk', file: '/k', identity: 'web1' } },
  ],
  ['tls_ca = /ca', { channel: { kind: 'tls', serverName: '', ...TLS, ca: '/ca' } }],
  ['tls_cert = /c', { channel: { kind: 'tls', serverName: '', ...TLS, cert: '/c' } }],
  ['tls_key = /k', { channel: { kind: 'tls', serverName: '', ...TLS, key: '/k' } }],
  ['tls_server_name = audit://example/agg1', { channel: { kind: 'tls', ...TLS, serverName: 'audit://example/agg1' } }],
  ['spool_dir = /s', { spoolDir: '/s' }],
  ['max_bytes = 1G', { maxBytes: 1024 * MIB }],
  ['min_fs_free = 10%', { minFsFree: { kind: 'share', percent: 10 } }],
  ['retain_after_ack = 2G/7d', { retainAfterAck: { bytes: 2048 * MIB, ms: 604_800_000 } }],
  ['retain_after_ack = 12h', { retainAfterAck: { bytes: Infinity, ms: 43_200_000 } }],
  ['retain_after_ack = 64M', { retainAfterAck: { bytes: 64 * MIB, ms: Infinity } }],
  ['retain_after_ack = 0', { retainAfterAck: { bytes: 0, ms: 0 } }],
  ...(['block', 'drop_newest', 'drop_oldest', 'suspend', 'single', 'halt'] as const).map(
    (kind): [string, Partial<RemoteSendConfig>] => [`on_full = ${kind.toUpperCase()}`, { onFull: { kind } }],
  ),
  ['on_full = exec Page-me', { onFull: { kind: 'exec', name: 'Page-me' } }],
  ['on_damage = skip', { onDamage: 'skip' }],
  ['protocol = managed\nwindow = 1', { protocol: 'managed', servers: [{ host: 'agg1', port: 60 }], window: 1 }],
  ['window_max = 1M', { windowMaxBytes: MIB }],
  ['max_block = 1M', { maxBlockBytes: MIB }],
  ['connect_timeout = 1m', { connectTimeoutMs: 60_000 }],
  ['network_retry_time = 1s..5m', { networkRetry: { firstMs: 1000, longestMs: 300_000 } }],
  ['max_tries_per_record = 9', { maxTriesPerRecord: 9 }],
  ['max_time_per_record = 30', {}],
  ['heartbeat_timeout = 15s', {}],
  ['network_failure_action = Stop', { actions: { ...actions, networkFailure: { kind: 'stop' } } }],
  ['startup_failure_action = warn_once', { actions: { ...actions, startupFailure: { kind: 'warn_once' } } }],
  ['remote_ending_action = suspend', { actions: { ...actions, remoteEnding: { kind: 'suspend' } } }],
  ['disk_low_action = exec a', { actions: { ...actions, diskLow: { kind: 'exec', name: 'a' } } }],
  ['disk_full_action = ignore', { actions: { ...actions, diskFull: { kind: 'ignore' } } }],
  ['disk_error_action = single', { actions: { ...actions, diskError: { kind: 'single' } } }],
  ['generic_error_action = halt', { actions: { ...actions, genericError: { kind: 'halt' } } }],
  ['generic_warning_action = ignore', { actions: { ...actions, genericWarning: { kind: 'ignore' } } }],
  ['queue_error_action = warn_once_continue', { actions: { ...actions, queueError: { kind: 'warn_once_continue' } } }],
  ['overflow_action = suspend', { actions: { ...actions, overflow: { kind: 'suspend' } } }],
]

// Each bad value with a part of what is said about it.
const BAD: readonly (readonly [key: string, value: string, text: string])[] = [
  ['server', 'a:x', 'is not HOST:PORT'],
  ['local_port', '70000', "'70000' is not a whole number from 0 to 65535, nor any"],
  ['protocol', 'nativ', "'nativ' is not native or managed (did you mean 'native'?)"],
  ['transport', 'ssl', "'ssl' is not tls, tls-psk or tcp"],
  ['transport', 'tcp', "'tcp' with agg1: the records would go in clear text"],
  ['insecure', 'true', "(did you mean 'yes'?)"],
  ['tls_ca', 'ca.pem', "'ca.pem' is not an absolute path"],
  ['tls_cert', '"/c"', 'a path stands without quotes'],
  ['tls_key', 'k', 'is not an absolute path'],
  ['tls_server_name', 'a b', 'is no name of a host'],
  ['tls_psk_file', 'k', 'is not an absolute path'],
  ['tls_psk_identity', 'a b', 'an identity has 1 to 255 ASCII characters and no blank'],
  ['spool_dir', 's', 'is not an absolute path'],
  ['max_bytes', '1M', "'1M' is not a size from 256M"],
  ['min_fs_free', '101%', 'is neither a percentage below 100'],
  ['retain_after_ack', '1G/x', "'1G/x' is not such as 1G/48h"],
  ['retain_after_ack', '48h/1G', 'is not such as'],
  ['retain_after_ack', '1G/1h/1h', 'is not such as'],
  ['on_full', 'drop', "'drop' is not block, drop_newest, drop_oldest, suspend, single or halt"],
  ['on_full', 'exec', "'exec' needs the name of an [action NAME] in audispd.conf"],
  ['on_full', 'exec a b', "'exec a b': there can be no [action NAME] in audispd.conf"],
  ['on_damage', 'ignore', "'ignore' is not stop or skip"],
  ['window', '0', 'is not a whole number from 1 to 4096'],
  ['window_max', '1K', 'is not a size from 64K to 64M'],
  ['max_block', '2M', 'is not a size from 64K to 1M'],
  ['connect_timeout', '0', 'is not a time from 100ms to 1h'],
  ['network_retry_time', '5m..1s', '5m is longer than 1s'],
  ['max_tries_per_record', '0', 'is not a whole number from 1'],
  ['max_time_per_record', '0', 'is not a time from 1s to 1h'],
  ['heartbeat_timeout', '2h', 'is not a time from 0s to 1h'],
  [
    'network_failure_action',
    'reconnect',
    "'reconnect' is not ignore, syslog, warn_once_continue, warn_once, suspend, single, halt or stop, nor exec NAME",
  ],
  ['startup_failure_action', 'x', 'nor exec NAME'],
  ['remote_ending_action', 'reconect', "(did you mean 'reconnect'?), nor exec NAME"],
  [
    'disk_low_action',
    'exec /usr/bin/x',
    "'exec /usr/bin/x': a program is run by the dispatcher alone: define [action NAME]",
  ],
  ['disk_full_action', 'drop', 'nor exec NAME'],
  ['disk_error_action', 'x', 'nor exec NAME'],
  ['generic_error_action', 'x', 'nor exec NAME'],
  ['generic_warning_action', 'x', 'nor exec NAME'],
  ['queue_error_action', 'x', 'nor exec NAME'],
  ['overflow_action', 'stop', "'stop' is not ignore, syslog, suspend, single or halt, nor exec NAME"],
]

const KEYS = [...new Set(BAD.map(([key]) => key))]

void test('good values', (t) => {
  t.same(readConfig(SERVER, 'f'), { config: DEFAULTS, problems: [] })
  for (const [line, changes] of GOOD) {
    const text = line.startsWith('server') ? line : SERVER + line
    t.same(readConfig(text, 'f', 'own'), { config: { ...DEFAULTS, ...changes }, problems: [] }, line)
  }
  t.same(
    KEYS.filter((key) => !GOOD.some(([line]) => line.toLowerCase().includes(`${key} = `))),
    [],
    'every key is tried',
  )
  t.end()
})

void test('bad values', (t) => {
  for (const [key, value, text] of BAD) {
    const server = key === 'server' ? '\n' : SERVER
    const [first = '', ...more] = problemsOf(`${server}${key} = ${value}`)
    t.ok(first.startsWith(`error f:2: ${key}: `) && first.includes(text), first)
    t.same(more, [], `${key} = ${value}`)
    t.equal(readConfig(`${server}${key} = ${value}`, 'f', 'own').config, undefined)
  }
  t.end()
})

void test('all mistakes of a file at once, in its order', (t) => {
  t.same(problemsOf('sever = a\nwindow = 5\nmax_bytes = x\n[action a]\ntls_psk_identity = me\n'), [
    'error f: server: missing; where do the records go? Such as agg1.example.org:6514',
    "error f:1: sever: unknown key (did you mean 'server'?)",
    'warning f:2: window: has an effect only with protocol = managed',
    "error f:3: max_bytes: 'x' is not a size from 256M to 1048576G, such as 65536 or 64M",
    'error f:4: there are no sections here; take [action a] out',
    'warning f:5: tls_psk_identity: has an effect only with transport = tls-psk',
  ])
  t.same(
    problemsOf(`${SERVER}transport = tls-psk\nretain_after_ack = 20G`),
    ['error f:2: transport: transport = tls-psk needs it']
      .slice(1)
      .concat([
        'error f: tls_psk_file: transport = tls-psk needs it',
        'error f: tls_psk_identity: transport = tls-psk needs it',
        'warning f:3: retain_after_ack: is more than max_bytes, so that max_bytes counts',
      ]),
  )
  t.same(problemsOf('server = localhost, [::1]\ntransport = tcp'), [], 'clear text may stay on the machine')
  t.match(problemsOf('server = localhost, a\ntransport = tcp'), [/'tcp' with a: /])
  t.end()
})

void test('the shipped file is the defaults, and names every key', (t) => {
  const text = readFileSync('etc/remote-send.conf', 'utf8')
  const named = text.replaceAll(/^# (?=server =)/gm, '')
  t.same(readConfig(named, 'etc/remote-send.conf'), {
    config: { ...DEFAULTS, servers: [{ host: 'agg1.example.org', port: 6514 }] },
    problems: [],
  })
  t.match(readConfig(text, 'f').problems, [{ key: 'server', text: /^missing/ }], 'only the server has to be told')
  t.same(
    readEntries(named, 'f')
      .entries.map(({ key }) => key)
      .sort(),
    [...KEYS].sort(),
  )
  t.end()
})

void test('every key is in the manual page', (t) => {
  const page = readFileSync('man/remote-send.conf.5', 'utf8')
  t.same([...page.matchAll(/^\.It Cm ([a-z_]+) No =/gm)].map(([, key = '']) => key).sort(), [...KEYS].sort())
  t.end()
})

void test('a file that is not to be believed is not read', (t) => {
  const load = (file: Parameters<typeof fakeDisk>[0][string], uid = 0) =>
    loadConfig(DEFAULT_FILE, undefined, fakeDisk({ [DEFAULT_FILE]: file }, uid))
  t.equal(load(SERVER).config?.servers.length, 1)
  t.match(load({ text: SERVER, mode: 0o666 }), {
    config: undefined,
    problems: [{ text: 'everybody may write it (chmod o-w)' }],
  })
  t.match(load({ text: SERVER, uid: 5 }), { config: undefined, problems: [{ text: /^belongs to user 5/ }] })
  t.equal(load({ text: SERVER, uid: 5 }, 5).config?.servers.length, 1, 'who is not root has nobody to fear')
  t.match(loadConfig('/x', undefined, fakeDisk({})), {
    config: undefined,
    problems: [{ file: '/x', text: 'does not exist' }],
  })
  t.end()
})
