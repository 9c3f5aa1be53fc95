// Each way that messages can go, on sockets of this machine, and the local datagram socket with a kernel of the test's own.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import type { UnixDatagramSocket } from '../../../src/unix-datagram.js'
import type { Carrier, CarrierEnd, CarrierEvents } from '../../../plugins/syslog/carrier.js'
import { DEFAULT_CONFIG, type Place, type SyslogConfig } from '../../../plugins/syslog/config.js'
import type { Entry, Format } from '../../../plugins/syslog/format.js'
import type { Messages } from '../../../plugins/syslog/messages.js'
import { openCarrier } from '../../../plugins/syslog/open-carrier.js'
import { DatagramCarrier } from '../../../plugins/syslog/unix-datagram.js'

/** Cuts the line into messages of the bound; `.` is not sent at all. */
const FORMAT: Format = ({ line }, maxBytes) => {
  if (line.toString() === '.') return []
  const most = Math.min(maxBytes, line.length)
  return Array.from({ length: Math.ceil(line.length / most) }, (_, at) => line.subarray(at * most, (at + 1) * most))
}
const MESSAGES: Messages = { format: () => FORMAT, maxBytes: () => 5000, tag: 'x', withPid: false }

function entries(...lines: readonly string[]): Entry[] {
  return lines.map((line, index) => ({ line: Buffer.from(line), seq: index + 1, kind: 'record' }))
}

class Heard {
  readonly opened: Promise<void>
  readonly closed: Promise<CarrierEnd>
  taken = 0
  proven = 0
  drains = 0
  lost = 0
  readonly told: string[] = []
  readonly events: CarrierEvents
  #changed: () => void = () => {}

  constructor() {
    let isOpen: () => void = () => {}
    let close: (end: CarrierEnd) => void = () => {}
    this.opened = new Promise((done) => (isOpen = done))
    this.closed = new Promise((done) => (close = done))
    this.events = {
      opened: () => {
        isOpen()
      },
      drained: () => {
        this.drains++
      },
      taken: (count) => {
        this.taken += count
        this.#changed()
      },
      proven: (count) => {
        this.proven += count
      },
      lost: (count) => {
        this.lost += count
      },
      told: (text) => {
        this.told.push(text)
      },
      closed: (end) => {
        close(end)
      },
    }
  }

  async has(count: number): Promise<void> {
    while (this.taken < count) await new Promise<void>((done) => (this.#changed = done))
  }
}

function open(place: Place, heard: Heard, change: Partial<SyslogConfig> = {}, messages = MESSAGES): Carrier {
  const settings = { config: { ...DEFAULT_CONFIG, ...change }, tls: undefined }
  return openCarrier(place, settings, { messages, makeSocket: undefined }, heard.events)
}

/** A server that keeps what it reads; it ends a connection when that is ended. */
async function listen(t: Test, where: string | 0): Promise<{ server: Server; read: () => string }> {
  let text = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  })
  if (where === 0) server.listen(0, '127.0.0.1')
  else server.listen(where)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { server, read: () => text }
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

void test('TCP: frames, and a server that proves what it has read', async (t) => {
  for (const [framing, wanted] of [
    ['octet-count', '3 abc1 d'],
    ['lf', 'abc\nd\n'],
  ] as const) {
    const { server, read } = await listen(t, 0)
    const heard = new Heard()
    const carrier = open({ kind: 'tcp', host: '127.0.0.1', port: portOf(server) }, heard, { framing })
    await heard.opened
    carrier.send(entries('abc', '.', 'd'))
    carrier.send(entries('.'))
    await heard.has(4)
    carrier.confirm()
    t.same(await heard.closed, { kind: 'proved' })
    t.equal(read(), wanted)
  }
})

void test('TCP: nobody there, and somebody who goes', async (t) => {
  const { server } = await listen(t, 0)
  const port = portOf(server)
  const heard = new Heard()
  const [[socket]] = await Promise.all([
    once(server, 'connection'),
    Promise.resolve(open({ kind: 'tcp', host: '127.0.0.1', port }, heard)),
  ])
  await heard.opened
  if (typeof socket === 'object' && socket !== null && 'end' in socket && typeof socket.end === 'function') socket.end()
  t.same(await heard.closed, { kind: 'broken', why: 'the server closed the connection' })
  server.close()
  const refused = new Heard()
  open({ kind: 'tcp', host: '127.0.0.1', port }, refused)
  t.match(await refused.closed, { kind: 'broken', why: /ECONNREFUSED/ })
})

void test('TCP: a server that resets when it is asked has proved nothing', async (t) => {
  const server = createServer({ pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  let far: Socket | undefined
  server.once('connection', (socket) => (far = socket))
  const heard = new Heard()
  const carrier = open({ kind: 'tcp', host: '127.0.0.1', port: portOf(server) }, heard)
  await heard.opened
  carrier.send(entries('abc'))
  await heard.has(1)
  if (far === undefined) await once(server, 'connection')
  carrier.confirm()
  far?.resetAndDestroy()
  t.match(await heard.closed, { kind: 'broken', why: /ECONNRESET/ })
})

void test('a stream socket of this machine has NUL behind each message', async (t) => {
  const dir = mkdtempSync('/tmp/audispd-test-')
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  const { read } = await listen(t, join(dir, 'log'))
  const heard = new Heard()
  const carrier = open({ kind: 'local', path: join(dir, 'log') }, heard)
  await heard.opened
  carrier.send(entries('abc', 'd'))
  carrier.confirm()
  t.same(await heard.closed, { kind: 'proved' })
  t.equal(read(), 'abc\0d\0')
  const absent = new Heard()
  open({ kind: 'local', path: join(dir, 'none') }, absent)
  t.match(await absent.closed, { kind: 'broken', why: /ENOENT/ })
})

void test('UDP: what is refused goes again when somebody is there', async (t) => {
  const receiver = createSocket('udp4')
  receiver.bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const port = portOf({ address: () => receiver.address() })
  const got: string[] = []
  receiver.on('message', (bytes) => got.push(bytes.toString()))
  const heard = new Heard()
  const carrier = open({ kind: 'udp', host: '127.0.0.1', port }, heard)
  await heard.opened
  carrier.send(entries('a', '.', 'b', 'c'.repeat(9000)))
  await heard.has(4)
  while (got.length < 4) await once(receiver, 'message')
  t.same([heard.taken, heard.proven], [4, 4])
  t.same(
    got.map(({ length }) => length),
    [1, 1, 5000, 4000],
    'in parts of the bound',
  )
  receiver.close()
  await once(receiver, 'close')
  carrier.send(entries('lost'))
  carrier.send(entries('refused'))
  t.match(await heard.closed, { kind: 'broken', why: /ECONNREFUSED/ })
  const alone = new Heard()
  const formatted: string[] = []
  const noting: Format = (entry, maxBytes) => {
    formatted.push(entry.line.toString())
    return FORMAT(entry, maxBytes)
  }
  const again = open({ kind: 'udp', host: '127.0.0.1', port }, alone, {}, { ...MESSAGES, format: () => noting })
  await alone.opened
  again.send(entries('probe', 'x', 'y'))
  t.match(await alone.closed, { kind: 'broken' })
  t.same([formatted, alone.taken], [['probe'], 0], 'the first goes alone and is not believed at once')
})

/** What the kernel says to one datagram after the other: 0 is well, 1 a full queue, else an error. */
class PlayedSocket implements UnixDatagramSocket {
  readonly sent: number[] = []
  readonly answers: number[]
  readonly #listeners = new Map<string, (error: Error) => void>()
  connectError = 0

  constructor(answers: readonly number[]) {
    this.answers = [...answers]
  }

  on(event: string, listener: (error: Error) => void): this {
    this.#listeners.set(event, listener)
    return this
  }

  say(event: string, code = 0): void {
    this.#listeners.get(event)?.(Object.assign(new Error(event), { code }))
  }

  connect(): void {
    if (this.connectError === 0) this.say('connect')
    else this.say('error', this.connectError)
  }

  send(message: Buffer, done: (error?: Error & { readonly code?: number }) => void): void {
    const code = this.answers.shift() ?? 0
    if (code === 0) this.sent.push(message.length)
    done(code === 0 ? undefined : Object.assign(new Error('send'), { code }))
  }

  close(): void {}
}

function datagrams(
  socket: PlayedSocket,
  heard: Heard,
  onStream: () => void = () => {},
  maxBytes = 8000,
): DatagramCarrier {
  const options = { makeSocket: () => socket, path: '/log', format: FORMAT, maxBytes, onStream }
  return new DatagramCarrier(options, heard.events)
}

void test('the local socket: a full queue is waited for, and nothing is sent twice', async (t) => {
  const socket = new PlayedSocket([0, 0, 1, 1, 0])
  const heard = new Heard()
  const carrier = datagrams(socket, heard)
  await heard.opened
  t.equal(carrier.send(entries('a', 'b'.repeat(20_000), 'c')), false)
  t.same([socket.sent, heard.taken], [[1, 8000], 1])
  socket.say('writable')
  t.equal(heard.drains, 0, 'still full')
  socket.say('writable')
  t.same([socket.sent, heard.taken, heard.drains], [[1, 8000, 8000, 4000, 1], 3, 1])
  t.equal(heard.proven, 0, 'the queue may hold them all')
  for (let sent = 0; sent < 2000; sent++) carrier.send(entries('.', 'x'))
  t.ok(heard.proven > 1000 && heard.proven < heard.taken - 5, `${heard.proven} of ${heard.taken} have been read`)
})

void test('the local socket: what is too long goes in more parts, and what is refused is broken', async (t) => {
  const socket = new PlayedSocket([-90, 0, 0, -111])
  const heard = new Heard()
  const carrier = datagrams(socket, heard)
  await heard.opened
  t.equal(carrier.send(entries('a'.repeat(7000))), true)
  t.same(socket.sent, [4000, 3000])
  t.match(heard.told, [/more than 4000 bytes/])
  t.equal(carrier.send(entries('b', 'c')), false)
  t.same(await heard.closed, { kind: 'broken', why: 'nobody listens there' })
  t.equal(heard.taken, 1)
})

void test('a message that no datagram can hold, and that may not go in parts, is lost and holds up nothing', async (t) => {
  const socket = new PlayedSocket([-90])
  const heard = new Heard()
  const carrier = datagrams(socket, heard, () => {}, Infinity)
  await heard.opened
  t.equal(carrier.send(entries('a'.repeat(7000), 'b')), true)
  t.same([socket.sent, heard.lost, heard.taken], [[1], 1, 2])

  const receiver = createSocket('udp4')
  receiver.bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.teardown(() => receiver.close())
  const far = new Heard()
  const place = { kind: 'udp', host: '127.0.0.1', port: portOf({ address: () => receiver.address() }) } as const
  const udp = open(place, far, {}, { ...MESSAGES, maxBytes: () => Infinity })
  await far.opened
  udp.send(entries('a'.repeat(70_000), 'b'))
  await far.has(2)
  t.equal(far.lost, 1)
  udp.destroy()
})

void test('the local socket: absent, or a stream', async (t) => {
  const socket = new PlayedSocket([])
  socket.connectError = -2
  const absent = new Heard()
  datagrams(socket, absent)
  t.same(await absent.closed, { kind: 'broken', why: 'no such file' })
  const stream = new PlayedSocket([])
  stream.connectError = -91
  await new Promise<void>((done) => {
    datagrams(stream, new Heard(), done)
  })
  t.pass('another carrier is asked for')
})
