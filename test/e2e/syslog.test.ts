// syslog under the real dispatcher: the server breaks connections, the plugin is killed, and every record arrives.

import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Daemon, until } from './daemon.js'
import { Place } from './place.js'

const PROGRAM = resolve('build/bin/audispd-syslog')
const RECORDING = readFileSync('test/fixtures/auditd-stream/v2.8.5-enriched-node.bin')
const HEADER_BYTES = 16
const SIZE_OFFSET = 12

/** The recording's frames. */
const FRAMES = framesOf(RECORDING)

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at + SIZE_OFFSET)
    frames.push(bytes.subarray(at, end))
    at = end
  }
  return frames
}

function texts(frames: readonly Buffer[]): string[] {
  return frames.map((frame) => frame.toString('latin1', HEADER_BYTES)).filter((text) => !/^(\S+ )?type=EOE /.test(text))
}

/** A server that counts octets. */
class Server {
  readonly #server = createServer((socket) => {
    this.#serve(socket)
  })
  readonly #sockets = new Set<Socket>()
  readonly messages: string[] = []
  port = 0

  static async start(t: Test): Promise<Server> {
    const server = new Server()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    const address = server.#server.address()
    if (typeof address === 'object' && address !== null) server.port = address.port
    t.teardown(() => {
      server.#server.close()
      server.reset()
    })
    return server
  }

  /** As a machine that is switched off. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    let held = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      for (;;) {
        const blank = held.indexOf(0x20)
        const length = Number(held.toString('latin1', 0, blank))
        if (blank < 1 || held.length < blank + 1 + length) return
        this.messages.push(held.toString('latin1', blank + 1, blank + 1 + length))
        held = held.subarray(blank + 1 + length)
      }
    })
  }
}

/** The text behind the structured data. */
function textOf(message: string): string {
  return /^<14>1 \S+ \S+ audispd \d+ \S+ \[audit@32473 (?:[^\]\\]|\\.)*\] ([^]*)$/.exec(message)?.[1] ?? message
}

function dropIn(place: Place, server: Server, format: 'protocol' | 'string', more: readonly string[] = []): void {
  writeFileSync(
    place.path('syslog.conf'),
    [`server = tcp://127.0.0.1:${server.port}`, 'retry_time = 10ms..50ms', 'separator = keep', ...more, ''].join('\n'),
  )
  place.dropIn('syslog', [
    `path = ${PROGRAM}`,
    `args = ${place.path('syslog.conf')}`,
    `format = ${format}`,
    'restart_delay = 10ms..10ms',
    'max_restarts = 0',
  ])
}

void t.test('connections break and the plugin is killed; every record arrives, in order', async (t) => {
  const place = new Place(t)
  const server = await Server.start(t)
  dropIn(place, server, 'protocol', ['confirm_max = 64K'])
  const daemon = new Daemon(t, place)
  await daemon.running('syslog')
  const third = Math.floor(FRAMES.length / 3)
  const came = (count: number): Promise<void> =>
    until(
      () => new Set(server.messages.map(textOf)).size >= count,
      () => `${count} messages, not ${new Set(server.messages.map(textOf)).size}\n${daemon.log.slice(-3000)}`,
    )
  await daemon.write(Buffer.concat(FRAMES.slice(0, third)))
  await came(100)
  server.reset()
  await daemon.write(Buffer.concat(FRAMES.slice(third, 2 * third)))
  await came(new Set(texts(FRAMES.slice(0, third))).size)
  const pid = daemon.pidOf('syslog')
  daemon.signalPlugin('syslog', 'SIGKILL')
  await daemon.runningAnew('syslog', pid)
  await daemon.write(Buffer.concat(FRAMES.slice(2 * third)))
  const wanted = texts(FRAMES)
  await came(new Set(wanted).size)
  t.same(await daemon.finish(), { code: 0, signal: null })
  const firsts = [...new Set(server.messages.map(textOf))]
  t.equal(
    firsts.findIndex((text, index) => text !== [...new Set(wanted)][index]),
    -1,
    'each for the first time in its order',
  )
  t.match(daemon.ledger('syslog'), { balanced: true, dropped: 0 })
})

void t.test('as a plugin that is fed lines', async (t) => {
  const place = new Place(t)
  const server = await Server.start(t)
  dropIn(place, server, 'string')
  const daemon = new Daemon(t, place)
  await daemon.running('syslog')
  await daemon.write(RECORDING)
  t.same(await daemon.finish(), { code: 0, signal: null })
  t.same(server.messages.map(textOf), texts(FRAMES))
})

void t.test('a configuration with a mistake is told and not tried again', async (t) => {
  const place = new Place(t)
  place.dropIn('syslog', [`path = ${PROGRAM}`, 'args = LOG_INFO LOG_LOCL1', 'format = protocol'])
  const daemon = new Daemon(t, place)
  await daemon.says(['LOG_LOCL1', 'is no priority'])
  await daemon.says(['plugin failed', 'plugin=syslog'])
  t.same(await daemon.finish(), { code: 0, signal: null })
})
