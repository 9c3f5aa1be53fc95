import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { DEFAULT_CONFIG } from '../../../plugins/metrics/config.js'
import { readConfig } from '../../../plugins/metrics/config-file.js'

function mistakesIn(text: string): string[] {
  return readConfig(text, 'm.conf').problems.map(
    ({ level, line, key, text: what }) => `${level} ${line} ${key} ${what}`,
  )
}

void test('the file that comes with it has every key with its default, and nothing is on', (t) => {
  const text = readFileSync('etc/metrics.conf', 'utf8')
  const { config, problems } = readConfig(text, 'etc/metrics.conf')
  t.same(config, DEFAULT_CONFIG)
  t.same(
    problems.map(({ level, text: what }) => [level, what]),
    [['warning', 'no output is on: set listen, textfile, statsd or graphite']],
  )
  const keys = [...text.matchAll(/^([a-z_]+) =/gm)].map(([, key]) => key)
  const inPage = readFileSync('man/audispd-metrics.conf.5', 'utf8')
  for (const key of keys) t.ok(inPage.includes(`.It Cm ${key}`), `the man page has ${key}`)
  t.equal(keys.length, Object.keys(DEFAULT_CONFIG).length)
  t.end()
})

void test('every output', (t) => {
  const text = [
    'listen = [::1]:9999',
    'textfile = /var/lib/node_exporter/audispd.prom',
    'statsd = unix:/run/statsd.sock',
    'graphite = tcp://graphite.example.org',
    'interval = 1m',
    'remote_dirs = /a, /b',
  ].join('\n')
  const { config, problems } = readConfig(text, 'm.conf')
  t.same(problems, [])
  t.same(config, {
    ...DEFAULT_CONFIG,
    listen: { kind: 'tcp', host: '::1', port: 9999 },
    textfile: '/var/lib/node_exporter/audispd.prom',
    statsd: { kind: 'unix', path: '/run/statsd.sock' },
    graphite: { host: 'graphite.example.org', port: 2003 },
    intervalMs: 60_000,
    remoteDirs: ['/a', '/b'],
  })
  t.same(readConfig('listen = /run/audispd/metrics.sock\nsocket_mode = 0660', 'm.conf').config, {
    ...DEFAULT_CONFIG,
    listen: { kind: 'unix', path: '/run/audispd/metrics.sock' },
    socketMode: 0o660,
  })
  t.same(readConfig('statsd = udp://[::1]:8125', 'm.conf').config?.statsd, { kind: 'udp', host: '::1', port: 8125 })
  t.end()
})

void test('what can be reached from outside is refused, with a reason', (t) => {
  for (const place of [
    '0.0.0.0:9790',
    '192.0.2.1:9790',
    '[::]:9790',
    'localhost:9790',
    'example.org',
    '*:9790',
    '9790',
  ])
    t.match(mistakesIn(`listen = ${place}`)[0], /^error 1 listen .*127\.0\.0\.1:9790|is not HOST:PORT/, place)
  t.match(mistakesIn('listen = 10.0.0.1:9790')[0], /can be reached from outside.*put a proxy before it/)
  t.end()
})

void test('mistakes name their line', (t) => {
  const found = mistakesIn(
    [
      'listen = relative/path',
      'textfile = /var/lib/metrics.txt',
      'statsd = tcp://localhost',
      'graphite = udp://localhost',
      'interval = 0.1s',
      'prefix = a..b',
      'socket_mode = 0777',
      'colour = red',
      `statsd = unix:/${'x'.repeat(120)}`,
    ].join('\n'),
  )
  for (const [at, pattern] of [
    /^error 1 listen/,
    /^error 2 textfile .*does not end in \.prom/,
    /^error 3 statsd .*udp:\/\/HOST:8125 or unix:\/PATH/,
    /^error 4 graphite .*tcp:\/\/HOST:2003/,
    /^error 5 interval/,
    /^error 6 prefix/,
    /^error 7 socket_mode/,
    /^error 8 colour unknown key/,
    /^error 9 statsd .*longer than a socket's path|^warning 9 statsd also on line 3/,
  ].entries())
    t.ok(
      found.some((problem) => pattern.test(problem)),
      `line ${at + 1}: ${found.join('; ')}`,
    )
  t.end()
})
