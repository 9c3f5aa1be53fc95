// statsd, graphite and the text file, with listeners and files in this process.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { Graphite, graphiteLine } from '../../../plugins/metrics/graphite.js'
import type { Family } from '../../../plugins/metrics/metric.js'
import { pathRoot, seriesPath } from '../../../plugins/metrics/series-path.js'
import { datagramsOf, StatsdLines } from '../../../plugins/metrics/statsd-lines.js'
import { sendToStatsd } from '../../../plugins/metrics/statsd.js'
import { removeTextfile, writeTextfile } from '../../../plugins/metrics/textfile.js'
import { freePort } from '../../free-port.js'
import { until } from '../../live/until.js'
import { HandClock } from '../remote-recv/hand-clock.js'

const ROOT = 'security.audispd.web1_example_org'
const LAG = {
  name: 'audispd_plugin_lag_seconds',
  type: 'gauge',
  labels: ['plugin'],
  unit: 'seconds',
  help: '',
} as const
const IN = { name: 'audispd_plugin_records_total', type: 'counter', labels: ['plugin'], unit: '', help: '' } as const
const TAKEN = { name: 'audispd_remote_taken_total', type: 'counter', labels: ['program'], unit: '', help: '' } as const

function family(metric: Family['metric'], ...samples: readonly (readonly [string, number])[]): Family {
  return { metric, samples: samples.map(([label, value]) => ({ labels: [label], value })) }
}

function tempDir(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'metrics-'))
  t.teardown(() => {
    rmSync(dir, { recursive: true })
  })
  return dir
}

void test('names at graphite and statsd', (t) => {
  t.equal(pathRoot('security.audispd', 'web1.example.org'), ROOT)
  t.equal(seriesPath(ROOT, LAG, ['my-plugin']), `${ROOT}.plugin_lag_seconds.my-plugin`)
  t.equal(seriesPath(ROOT, LAG, ['a.b:c|d\n€', '']), `${ROOT}.plugin_lag_seconds.a_b_c_d__._`)
  t.equal(graphiteLine('a.b', 0.5, 1_795_288_154_999), 'a.b 0.5 1795288154')
  t.end()
})

void test('two counters that have one name at statsd are not taken for each other', (t) => {
  const lines = new StatsdLines(ROOT)
  const both = [family(IN, ['a.b', 100], ['a_b', 500])]
  lines.next(both)
  t.same(lines.next(both), [], 'nothing was gained')
  t.same(lines.next([family(IN, ['a.b', 103], ['a_b', 500])]), [`${ROOT}.plugin_records_total.a_b:3|c`])
  t.end()
})

void test('statsd gets gauges as they are, and what counters have gained', (t) => {
  const lines = new StatsdLines('r')
  t.same(lines.next([family(LAG, ['a', 1.5]), family(IN, ['a', 1000]), family(TAKEN, ['x', 50])]), [
    'r.plugin_lag_seconds.a:1.5|g',
  ])
  t.same(lines.next([family(LAG, ['a', 0]), family(IN, ['a', 1007], ['b', 5]), family(TAKEN, ['x', 50], ['y', 9])]), [
    'r.plugin_lag_seconds.a:0|g',
    'r.plugin_records_total.a:7|c',
    // A plugin counts from 0 when it is added, and another program may have counted for years.
    'r.plugin_records_total.b:5|c',
  ])
  t.same(lines.next([family(IN, ['a', 3], ['b', 5])]), ['r.plugin_records_total.a:3|c'], 'it began anew')
  t.end()
})

void test('datagrams are filled, and none is cut', (t) => {
  const texts = (lines: readonly string[], most: number): string[] => datagramsOf(lines, most).map(String)
  t.same(texts(['aaa', 'bbb', 'ccc'], 7), ['aaa\nbbb', 'ccc'])
  t.same(texts(['aaa', 'bbbbbbbbb', 'c'], 7), ['aaa', 'bbbbbbbbb', 'c'])
  t.same(texts([], 7), [])
  t.end()
})

void test('statsd by UDP, and without anybody there', async (t) => {
  const server = createSocket('udp4')
  const got: string[] = []
  server.on('message', (message) => got.push(...message.toString().split('\n')))
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const lines = Array.from({ length: 500 }, (_, at) => `security.audispd.web1.some_name.${at}:${at}|g`)
  await sendToStatsd({ kind: 'udp', host: '127.0.0.1', port: server.address().port }, lines, undefined)
  await until('all lines', () => got.length === lines.length)
  t.same(got, lines)
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  await t.resolves(
    sendToStatsd({ kind: 'udp', host: '127.0.0.1', port }, ['a:1|g'], undefined),
    'it is not heard at once',
  )
  await t.rejects(
    sendToStatsd({ kind: 'unix', path: '/nowhere' }, ['a:1|g'], undefined),
    /unix-dgram cannot be used here/,
  )
})

interface Lines {
  readonly server: Server
  readonly port: number
  readonly lines: () => string[]
  readonly sockets: Set<Socket>
}

async function graphiteServer(t: Test, port = 0): Promise<Lines> {
  let text = ''
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => {})
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const isBound = (at: AddressInfo | string | null): at is AddressInfo => typeof at === 'object' && at !== null
  return {
    server,
    port: isBound(address) ? address.port : 0,
    lines: () => text.split('\n').slice(0, -1),
    sockets,
  }
}

interface Told {
  dropped: number
  connected: number
  readonly failed: string[]
}

function graphite(t: Test, port: number, maxBytes = 64 * 1024, clock = new HandClock()): { to: Graphite; told: Told } {
  const told: Told = { dropped: 0, connected: 0, failed: [] }
  const to = new Graphite({ host: '127.0.0.1', port }, maxBytes, clock, {
    connected: () => {
      told.connected++
    },
    dropped: (lines) => {
      told.dropped += lines
    },
    failed: (why) => {
      told.failed.push(why)
    },
  })
  t.teardown(() => {
    to.close()
  })
  return { to, told }
}

void test('graphite gets every line, over one connection', async (t) => {
  const server = await graphiteServer(t)
  const { to, told } = graphite(t, server.port)
  to.send(['a 1 1', 'b 2 1'])
  await until('two lines', () => server.lines().length === 2)
  to.send(['a 3 2'])
  await until('a third', () => server.lines().length === 3)
  t.same(server.lines(), ['a 1 1', 'b 2 1', 'a 3 2'])
  t.same(told, { dropped: 0, connected: 1, failed: [] })
  t.equal(server.sockets.size, 1)
})

void test('a server that comes later gets what has waited, and beyond the bound the newest', async (t) => {
  const first = await graphiteServer(t, await freePort())
  first.server.close()
  await once(first.server, 'close')
  const line = (at: number): string => `${String(at).padStart(95, 'x')} 1 1`
  const { to, told } = graphite(t, first.port, 1000)
  to.send([line(1), line(2)])
  await until('it is not there', () => told.failed.length === 1)
  t.match(told.failed[0], /ECONNREFUSED/)
  to.send(Array.from({ length: 20 }, (_, at) => line(at + 3)))
  await until('it is still not there', () => told.failed.length === 2)
  t.equal(told.dropped, 12)
  const server = await graphiteServer(t, first.port)
  to.send([])
  await until('what waited', () => server.lines().length === 10)
  t.same(
    server.lines(),
    Array.from({ length: 10 }, (_, at) => line(at + 13)),
  )
})

void test('a server that reads nothing fills a bounded buffer, and is left', async (t) => {
  const clock = new HandClock()
  const server = await graphiteServer(t)
  server.server.on('connection', (socket: Socket) => {
    socket.pause()
  })
  const { to, told } = graphite(t, server.port, 1024 ** 2, clock)
  to.send(['first 1 1'])
  await until('it is connected', () => told.connected === 1)
  const lines = Array.from({ length: 10_000 }, () => `${'x'.repeat(90)} 1 1`)
  const isFull = (): boolean => {
    to.send(lines)
    return told.dropped > 10 * lines.length
  }
  await until('it drops lines', isFull)
  t.same(told.failed, [])
  // The kernels may take some more, and then it takes as long again.
  await until('it gives up', () => {
    void clock.pass(60_000)
    to.send([])
    return told.failed.length > 0
  })
  t.equal(told.failed[0], 'it has taken nothing for 60 s')
})

void test('a text file is there as a whole, and for all to read', async (t) => {
  const dir = tempDir(t)
  const path = join(dir, 'audispd.prom')
  const umask = process.umask(0o077)
  await writeTextfile(path, 'a 1\n')
  process.umask(umask)
  t.equal(statSync(path).mode & 0o777, 0o644)
  const { ino } = statSync(path)
  await writeTextfile(path, 'a 2\n')
  t.not(statSync(path).ino, ino, 'it is renamed')
  t.equal(readFileSync(path, 'utf8'), 'a 2\n')
  t.same(readdirSync(dir), ['audispd.prom'])
  await removeTextfile(path)
  await removeTextfile(path)
  t.same(readdirSync(dir), [])
})

void test('in a directory of others nothing of theirs is followed', async (t) => {
  const dir = tempDir(t)
  const target = join(dir, 'target')
  writeFileSync(target, 'untouched')
  symlinkSync(target, join(dir, 'audispd.prom.new'))
  symlinkSync(target, join(dir, 'audispd.prom'))
  await writeTextfile(join(dir, 'audispd.prom'), 'a 1\n')
  t.equal(readFileSync(target, 'utf8'), 'untouched')
  t.equal(statSync(join(dir, 'audispd.prom')).size, 4)
  mkdirSync(join(dir, 'b.prom.new'))
  await t.rejects(writeTextfile(join(dir, 'b.prom'), 'x'), { code: 'ERR_FS_EISDIR' })
  await t.rejects(writeTextfile(join(dir, 'none', 'c.prom'), 'x'), { code: 'ENOENT' })
  chmodSync(dir, 0o700)
})
