import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { formatProblem, readEntries } from '../../../src/config.js'
import { DEFAULT_CONFIG, type RemoteRecvConfig } from '../../../plugins/remote-recv/config.js'
import { DEFAULT_FILE, loadConfig, readConfig } from '../../../plugins/remote-recv/config-file.js'
import { fakeDisk } from '../../dispatcher/fake-disk.js'

const LISTEN = 'listen = *:6514\n'
const MIB = 1024 ** 2
const HOUR_MS = 3_600_000
const DEFAULTS: RemoteRecvConfig = {
  ...DEFAULT_CONFIG,
  listen: { ...DEFAULT_CONFIG.listen, places: [{ host: '', port: 6514 }] },
}
const { listen, limits } = DEFAULTS
const TLS = {
  ca: '/etc/audispd/remote/ca.pem',
  cert: '/etc/audispd/remote/cert.pem',
  key: '/etc/audispd/remote/key.pem',
  crl: '',
}

function problemsOf(text: string): string[] {
  return readConfig(text, 'f').problems.map((problem) => `${problem.level} ${formatProblem(problem)}`)
}

function withTls(changes: Partial<typeof TLS>): Partial<RemoteRecvConfig> {
  return { listen: { ...listen, channel: { kind: 'tls', ...TLS, ...changes } } }
}

const PSK = 'transport = tls-psk\ntls_psk_file = /k\n'

// Each good value with what of the configuration it changes.
const GOOD: readonly (readonly [line: string, changes: Partial<RemoteRecvConfig>])[] = [
  [
    'Listen = 192.0.2.1, [::1]:7',
    {
      listen: {
        ...listen,
        places: [
          { host: '192.0.2.1', port: 6514 },
          { host: '::1', port: 7 },
        ],
      },
    },
  ],
  ['rmw_listen = 127.0.0.1', { rmwListen: { places: [{ host: '127.0.0.1', port: 60 }], channel: { kind: 'tcp' } } }],
  ['rmw_listen =', {}],
  ['transport = tcp\ninsecure = yes', { listen: { ...listen, channel: { kind: 'tcp' } } }],
  ['rmw_transport = tls', { rmwListen: { places: [], channel: { kind: 'tls', ...TLS } } }],
  ['tls_ca = /x', withTls({ ca: '/x' })],
  ['tls_cert = /x', withTls({ cert: '/x' })],
  ['tls_key = /x', withTls({ key: '/x' })],
  ['tls_crl = /x', withTls({ crl: '/x' })],
  [
    `${PSK}tls_psk_identity = a`,
    { listen: { ...listen, channel: { kind: 'tls-psk', file: '/k', identity: 'a', allowedClients: '' } } },
  ],
  [
    `${PSK}tls_allowed_clients = /c`,
    { listen: { ...listen, channel: { kind: 'tls-psk', file: '/k', identity: '', allowedClients: '/c' } } },
  ],
  ['allow_file = None', { allowFile: '' }],
  ['journal_dir = /j', { journalDir: '/j' }],
  ['keep = 30d', { keepMs: 720 * HOUR_MS }],
  ['segment_size = 256M', { segmentBytes: 256 * MIB }],
  ['rotate_every = 1d', { rotateEveryMs: 24 * HOUR_MS }],
  ['rotate_every = 0', {}],
  ['verify_every = Never', { verifyEveryMs: 0 }],
  ['on_damage = skip', { onDamage: 'skip' }],
  ['min_fs_free = 1G', { minFsFree: { kind: 'bytes', bytes: 1024 * MIB } }],
  ['low_fs_free = 20%', { lowFsFree: { kind: 'share', percent: 20 } }],
  ['node_check = enforce', { nodeCheck: 'enforce' }],
  ['max_sessions = 5', { maxSessions: 5 }],
  ['max_pending = 5', { maxPending: 5 }],
  ['max_pending_per_address = 5', { maxPendingPerAddress: 5 }],
  ['handshake_timeout = 5s', { handshakeTimeoutMs: 5000 }],
  ['receive_budget = 8M', { receiveBudgetBytes: 8 * MIB }],
  ['max_block = 64K', { maxBlockBytes: 65_536 }],
  ['commit_delay = 0', { commitDelayMs: 0 }],
  ['bytes_per_s = 1M', { limits: { ...limits, bytesPerS: MIB } }],
  ['records_per_s = 5', { limits: { ...limits, recordsPerS: 5 } }],
  ['journal_bytes = 1G', { limits: { ...limits, journalBytes: 1024 * MIB } }],
  ['max_streams = 5', { limits: { ...limits, maxStreams: 5 } }],
  ['max_connections = 5', { limits: { ...limits, maxConnections: 5 } }],
]

// Each bad value with a part of what is said about it.
const BAD: readonly (readonly [key: string, value: string, text: string])[] = [
  ['listen', '6514', "'6514' is not HOST:PORT"],
  ['rmw_listen', '*:6514', 'port 6514 is in listen as well; give each its own'],
  ['transport', 'tsl', "(did you mean 'tls'?)"],
  ['transport', 'tcp', "'tcp' with every address: the records would go in clear text"],
  ['rmw_transport', 'none', "'none' is not tls, tls-psk or tcp"],
  ['insecure', 'on', "(did you mean 'yes'?)"],
  ['tls_ca', 'x', 'is not an absolute path'],
  ['tls_cert', 'x', 'is not an absolute path'],
  ['tls_key', 'x', 'is not an absolute path'],
  ['tls_crl', 'x', 'is not an absolute path'],
  ['tls_psk_file', 'x', 'is not an absolute path'],
  ['tls_psk_identity', 'a b', 'an identity has 1 to 255'],
  ['tls_allowed_clients', 'x', 'is not an absolute path'],
  ['allow_file', 'nobody', "'nobody' is not an absolute path, nor none"],
  ['journal_dir', 'x', 'is not an absolute path'],
  ['keep', '1w', 'is not a time'],
  ['segment_size', '1M', 'is not a size from 4M to 1G'],
  ['rotate_every', '0.5s', 'is not a time from 1s to 8784h, such as 10s, 0.5s or 5m, nor never'],
  ['verify_every', 'x', 'nor never'],
  ['on_damage', 'x', "'x' is not stop or skip"],
  ['min_fs_free', 'x', 'is neither a percentage'],
  ['low_fs_free', 'x', 'is neither a percentage'],
  ['node_check', 'yes', "'yes' is not off, warn or enforce"],
  ['max_sessions', '0', 'is not a whole number from 1'],
  ['max_pending', '0', 'is not a whole number from 1'],
  ['max_pending_per_address', '0', 'is not a whole number from 1'],
  ['handshake_timeout', '0', 'is not a time from 100ms to 10m'],
  ['receive_budget', '1M', 'is not a size from 4M to 64G'],
  ['max_block', '2M', 'is not a size from 64K to 1M'],
  ['commit_delay', '11s', 'is not a time from 0s to 10s'],
  ['bytes_per_s', 'x', 'is not a size'],
  ['records_per_s', '-1', 'is not a whole number'],
  ['journal_bytes', 'x', 'is not a size'],
  ['max_streams', '0', 'is not a whole number from 1'],
  ['max_connections', '0', 'is not a whole number from 1'],
]

const KEYS = [...new Set(BAD.map(([key]) => key))]

void test('good values', (t) => {
  t.same(readConfig(LISTEN, 'f'), { config: DEFAULTS, problems: [] })
  for (const [line, changes] of GOOD) {
    const text = line.startsWith('Listen') ? line : LISTEN + line
    t.same(readConfig(text, 'f'), { config: { ...DEFAULTS, ...changes }, problems: [] }, line)
  }
  t.same(
    KEYS.filter((key) => !GOOD.some(([line]) => line.toLowerCase().includes(`${key} =`))),
    [],
    'every key is tried',
  )
  t.end()
})

void test('bad values', (t) => {
  for (const [key, value, text] of BAD) {
    const before = key === 'listen' ? 'rmw_listen = 127.0.0.1\n' : LISTEN
    const [first = '', ...more] = problemsOf(`${before}${key} = ${value}`).filter(
      (said) => !said.includes('clear text') || value === 'tcp',
    )
    t.ok(first.startsWith(`error f:2: ${key}: `) && first.includes(text), first)
    t.same(more, [], `${key} = ${value}`)
  }
  t.end()
})

void test('what only several keys can show', (t) => {
  t.same(problemsOf(''), ['error f: listen: missing; nobody could connect: set listen = *:6514, or rmw_listen'])
  t.same(problemsOf('listen =\nrmw_listen ='), [
    'error f:1: listen: nobody could connect: set listen = *:6514, or rmw_listen',
  ])
  t.same(problemsOf('rmw_listen = *'), [
    "error f: rmw_transport: 'tcp' with every address: the records would go in clear text, and anybody could send some; use tls, or allow it by insecure = yes",
  ])
  t.same(problemsOf(`${LISTEN}transport = tls-psk\ntls_crl = /x`), [
    'error f: tls_psk_file: tls-psk needs it, or tls_allowed_clients with a key for each client',
    'warning f:3: tls_crl: has an effect only with transport = tls',
  ])
  t.same(problemsOf(`${LISTEN}${PSK}`), [
    'error f: tls_psk_identity: whose key is it? Give the identity, or tls_allowed_clients',
  ])
  t.same(problemsOf(`${LISTEN}low_fs_free = 1%\nlisen = a\n[a]`), [
    'warning f:2: low_fs_free: is less than min_fs_free, so that nobody is warned before nothing is taken any more',
    "error f:3: lisen: unknown key (did you mean 'listen'?)",
    'error f:4: there are no sections here; take [a] out',
  ])
  t.end()
})

void test('the shipped file is the defaults, and names every key', (t) => {
  const text = readFileSync('etc/remote-recv.conf', 'utf8')
  t.same(readConfig(text.replace(/^listen =$/m, 'listen = *'), 'f'), { config: DEFAULTS, problems: [] })
  t.match(readConfig(text, 'f').problems, [{ key: 'listen' }], 'only where to listen has to be told')
  t.same(
    readEntries(text, 'f')
      .entries.map(({ key }) => key)
      .sort(),
    [...KEYS].sort(),
  )
  t.end()
})

void test('every key is in the manual page', (t) => {
  const page = readFileSync('man/remote-recv.conf.5', 'utf8')
  t.same([...page.matchAll(/^\.It Cm ([a-z_]+) No =/gm)].map(([, key = '']) => key).sort(), [...KEYS].sort())
  t.end()
})

void test('a file that is not to be believed is not read', (t) => {
  t.equal(loadConfig(DEFAULT_FILE, fakeDisk({ [DEFAULT_FILE]: LISTEN })).config?.keepMs, 168 * HOUR_MS)
  t.match(loadConfig(DEFAULT_FILE, fakeDisk({ [DEFAULT_FILE]: { text: LISTEN, mode: 0o666 } })), {
    config: undefined,
    problems: [{ text: /^everybody may write it/ }],
  })
  t.match(loadConfig('/x', fakeDisk({})), { config: undefined, problems: [{ file: '/x', text: 'does not exist' }] })
  t.end()
})
