// Scrapers, well-behaved and rude, on real sockets in one process.

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { NoMetrics } from '../../../plugins/metrics/collection.js'
import {
  CONNECTION_MS,
  MAX_CONNECTIONS,
  ScrapeServer,
  type TextSource,
} from '../../../plugins/metrics/scrape-server.js'
import { until } from '../../live/until.js'
import { HandClock } from '../remote-recv/hand-clock.js'

const WELL = /^HTTP\/1\.1 200 OK\r\n/

interface Scene {
  readonly path: string
  readonly clock: HandClock
  readonly server: ScrapeServer
  readonly said: string[]
  readonly refused: () => number
}

async function scene(t: Test, text: TextSource = async (kind) => `# ${kind}\n`): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'metrics-'))
  const path = join(dir, 'metrics.sock')
  const clock = new HandClock()
  const said: string[] = []
  let refused = 0
  const server = await ScrapeServer.open({ kind: 'unix', path }, 0o660, text, clock, {
    refused: () => {
      refused++
    },
    failed: (why) => {
      said.push(why)
    },
  })
  t.teardown(() => {
    server.close()
    rmSync(dir, { recursive: true })
  })
  return { path, clock, server, said, refused: () => refused }
}

interface Visit {
  readonly socket: Socket
  readonly text: () => string
  readonly closed: Promise<string>
}

/** Connects and sends this; resolves `closed` with all that came. */
function visit(path: string, request: string): Visit {
  const socket = connect({ path, allowHalfOpen: true })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.on('end', () => {
    socket.end()
  })
  if (request !== '') socket.write(request)
  const closed = new Promise<string>((resolve) => {
    socket.on('close', () => {
      resolve(text)
    })
  })
  return { socket, text: () => text, closed }
}

function get(path: string, headers = ''): Promise<string> {
  return visit(path, `GET /metrics HTTP/1.1\r\nHost: x\r\n${headers}\r\n`).closed
}

void test('GET /metrics gives the text, and the connection ends', async (t) => {
  const { path } = await scene(t)
  t.equal(statSync(path).mode & 0o777, 0o660)
  const answer = await get(path)
  t.match(answer, WELL)
  t.match(answer, /^content-type: application\/openmetrics-text; version=1\.0\.0; charset=utf-8\r$/m)
  t.match(answer, /^connection: close\r$/im)
  t.ok(answer.endsWith('\r\n\r\n# openmetrics\n'))
  t.match(await get(path, 'Accept: text/plain\r\n'), /^content-type: text\/plain; version=0\.0\.4[^]*# prometheus\n$/m)
  const both = 'Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n'
  t.match(await get(path, both), /# openmetrics\n$/)
})

void test('nothing else is answered', async (t) => {
  const { path } = await scene(t)
  for (const [request, answer] of [
    ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 404 /],
    ['GET /metrics/.. HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 404 /],
    ['POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 405 [^]*allow: GET/],
    ['GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n', /^HTTP\/1\.1 413 /],
    ['GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', /^HTTP\/1\.1 413 /],
    ['\u0016\u0003\u0001 hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    [`GET /metrics HTTP/1.1\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [`GET /${'y'.repeat(20_000)} HTTP/1.1\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ] as const)
    t.match(await visit(path, request).closed, answer, request.slice(0, 40))
  t.match(await get(path), WELL)
})

void test('whoever says nothing, and whoever says it slowly, goes in time', async (t) => {
  const { path, clock } = await scene(t)
  const silent = visit(path, '')
  const slow = visit(path, 'GET /metrics HTTP/1.1\r\nHos')
  await until('both are connected', () => silent.socket.readyState === 'open' && slow.socket.readyState === 'open')
  t.match(await get(path), WELL, 'others are served')
  await clock.pass(CONNECTION_MS)
  t.equal(await silent.closed, '')
  t.equal(await slow.closed, '')
})

void test('whoever does not read what he asked for goes in time, and holds nobody up', async (t) => {
  const large = `${'x'.repeat(1024)}\n`.repeat(16 * 1024)
  const { path, clock } = await scene(t, async () => large)
  const lazy = visit(path, '')
  lazy.socket.pause()
  lazy.socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
  t.equal((await get(path)).length > large.length, true)
  await clock.pass(CONNECTION_MS)
  lazy.socket.resume()
  t.ok((await lazy.closed).length < large.length, 'the rest is not kept for him')
})

void test('there is room for so many', async (t) => {
  const { path, refused, clock } = await scene(t)
  const idle = Array.from({ length: MAX_CONNECTIONS }, () => visit(path, 'GET'))
  await until('all are connected', () => idle.every(({ socket }) => socket.readyState === 'open'))
  t.match(await visit(path, '').closed, /^HTTP\/1\.1 503 /)
  t.equal(refused(), 1)
  await clock.pass(CONNECTION_MS)
  await Promise.all(idle.map(({ closed }) => closed))
  t.match(await get(path), WELL)
})

void test('without figures the answer says why', async (t) => {
  const { path, said } = await scene(t, () => Promise.reject(new NoMetrics('the dispatcher has not answered for 5 s')))
  t.match(await get(path), /^HTTP\/1\.1 503 [^]*\r\n\r\nthe dispatcher has not answered for 5 s\n$/)
  t.same(said, ['the dispatcher has not answered for 5 s'])
})

void test('who goes before the answer costs nothing', async (t) => {
  let answer: (text: string) => void = () => {}
  const { path } = await scene(
    t,
    () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  )
  const gone = visit(path, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
  const first = answer
  await until('it is asked', () => answer !== first)
  gone.socket.destroy()
  await gone.closed
  answer('text\n')
  const next = get(path)
  const before = answer
  await until('it is asked again', () => answer !== before)
  answer('text\n')
  t.match(await next, WELL)
})

void test('at the end the socket goes, and who is connected', async (t) => {
  const { path, server } = await scene(t)
  const idle = visit(path, 'GET')
  await get(path)
  server.close()
  t.equal(await idle.closed, '')
  t.notOk(existsSync(path))
})

void test('a port of this machine', async (t) => {
  const events = { refused: () => {}, failed: () => {} }
  const place = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  const server = await ScrapeServer.open(place, 0o600, async () => '', new HandClock(), events)
  t.teardown(() => {
    server.close()
  })
  const socket = connect({ host: '127.0.0.1', port: server.port })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve) => {
    socket.on('close', resolve)
  })
  t.match(text, WELL)
})
