// af-unix under the real dispatcher: clients get byte for byte what a string plugin gets, a killed plugin leaves a socket that
// the next process takes over, and arguments that are wrong are not tried again and again.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { resolve } from 'node:path'
import t from 'tap'
import { Daemon, until } from './daemon.js'
import { Place } from './place.js'
import { frame, recordText } from './records.js'

const PROGRAM = resolve('build/bin/audispd-af-unix')
const HEADER_BYTES = 16
const SIZE_OFFSET = 12
const RECORDING = readFileSync('test/fixtures/auditd-stream/v2.8.5-enriched-node.bin')

/** The recording as lines: of each frame of version 1 its payload. */
const LINES = linesOf(RECORDING)

interface Reader {
  readonly socket: Socket
  readonly bytes: () => Buffer
}

/** So many more clients that are let in. */
async function clients(daemon: Daemon, path: string, count: number): Promise<Reader[]> {
  const before = daemon.lines('a client has come').length
  const readers = Array.from({ length: count }, () => {
    const chunks: Buffer[] = []
    const socket = connect(path)
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('error', () => {})
    return { socket, bytes: () => Buffer.concat(chunks) }
  })
  await daemon.says(['a client has come'], before + count)
  return readers
}

async function has(reader: Reader, bytes: Buffer): Promise<void> {
  await until(
    () => reader.bytes().length >= bytes.length,
    () => `a client has ${reader.bytes().length} of ${bytes.length} bytes`,
  )
}

void t.test('clients get what a string plugin gets, before and after a kill', async (t) => {
  const place = new Place(t)
  const path = place.path('events')
  place.tee('all')
  place.dropIn('af-unix', [
    `path = ${PROGRAM}`,
    `args = 0600 ${path} string`,
    'format = protocol',
    'restart_delay = 0.1s',
  ])
  const daemon = new Daemon(t, place)
  await daemon.says(['listening for clients'])
  const first = await clients(daemon, path, 3)
  await daemon.write(RECORDING)
  await daemon.has('all', LINES.length)
  t.ok(place.read('all').equals(LINES))
  for (const reader of first) {
    await has(reader, LINES)
    t.ok(reader.bytes().equals(LINES))
  }

  const pid = daemon.pidOf('af-unix')
  daemon.signalPlugin('af-unix', 'SIGKILL')
  await daemon.runningAnew('af-unix', pid)
  await daemon.says(['listening for clients'], 2)
  const later = await clients(daemon, path, 2)
  await daemon.write(Buffer.concat([1, 2, 3].map((n) => frame(recordText(n, 300), 1123))))
  await daemon.has('all', LINES.length + 3 * 301)
  const rest = place.read('all').subarray(LINES.length)
  for (const { bytes } of later) {
    // What was read and not acknowledged may come first.
    await until(
      () => bytes().subarray(-rest.length).equals(rest),
      () => `a client has the rest behind ${bytes().length} bytes`,
    )
  }
  t.same(await daemon.finish(), { code: 0, signal: null })
  for (const { socket } of later)
    await until(
      () => socket.closed,
      () => 'the connection ends',
    )
  t.notOk(existsSync(path), 'the socket is gone')
  const { balanced, delivered, dropped } = daemon.ledger('af-unix')
  t.match({ balanced, dropped, delivered }, { balanced: true, dropped: 0, delivered: daemon.ledger('all').delivered })
})

void t.test('with what auditd gives a plugin, lines and frames', async (t) => {
  const place = new Place(t)
  place.tee('all')
  const formats = ['string', 'binary'] as const
  for (const format of formats) {
    const path = format === 'string' ? 'path = builtin_af_unix\ntype = builtin' : `path = ${PROGRAM}`
    place.dropIn(format, [path, `args = ${place.path(`${format}.socket`)}`, `format = ${format}`])
  }
  const daemon = new Daemon(t, place)
  await daemon.says(['listening for clients'], formats.length)
  const readers = []
  for (const format of formats) readers.push(...(await clients(daemon, place.path(`${format}.socket`), 1)))
  await daemon.write(RECORDING)
  await daemon.has('all', LINES.length)
  for (const reader of readers) {
    await has(reader, LINES)
    t.ok(reader.bytes().equals(LINES))
  }
  t.same(await daemon.finish(), { code: 0, signal: null })
})

/** With an environment of its own, as the test runner would put itself into it. */
function ran(program: string, ...args: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('/usr/bin/env', ['-i', program, ...args], { encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

void t.test('--check while the plugin itself runs: all is well, and no client comes', async (t) => {
  const place = new Place(t)
  const path = place.path('events')
  writeFileSync(place.path('log.conf'), `log_file = ${place.path('audit.log')}\n`)
  writeFileSync(place.path('metrics.conf'), `listen = ${place.path('metrics')}\n`)
  place.dropIn('af-unix', [`path = ${PROGRAM}`, `args = ${path}`, 'format = protocol'])
  for (const name of ['log', 'metrics']) {
    const program = resolve(`build/bin/audispd-${name}`)
    place.dropIn(name, [`path = ${program}`, `args = ${place.path(`${name}.conf`)}`, 'format = protocol'])
  }
  const daemon = new Daemon(t, place)
  await daemon.says(['listening for clients'])
  await until(
    () => existsSync(place.path('metrics')) && existsSync(place.path('audit.log')),
    () => 'the others have what they need alone',
  )
  const checked = ran(resolve('build/bin/audispctl'), 'check', '-c', place.dir)
  t.match(checked, { status: 0, err: /^$/ }, checked.out)
  t.match(checked.out, `${path}: well; process ${daemon.pidOf('af-unix')} of this plugin listens there\n`)
  t.equal(checked.out.match(/its own configuration: well/g)?.length, 3)
  t.same(daemon.lines('a client has come'), [])
  t.same(await daemon.finish(), { code: 0, signal: null })
})

void t.test('--check of a path that is not free', async (t) => {
  const place = new Place(t)
  const at = (name: string): string => place.path(name)
  const taken = createServer().listen(at('taken'))
  t.teardown(() => taken.close())
  await once(taken, 'listening')
  mkdirSync(at('directory'))
  writeFileSync(at('file'), '')
  t.match(ran(PROGRAM, '--check', at('free')), { status: 0, out: `${at('free')}: well\n`, err: /^$/ })
  const other = ran(PROGRAM, '--check', at('taken'))
  t.match(other, { status: 0, out: `${at('taken')}: well; but somebody else listens there now\n` })
  t.match(other.err, `warning: ${at('taken')} is in use: process ${process.pid} (`)
  for (const [name, said] of [
    ['directory', 'is not a socket and is left alone'],
    ['file', 'is not a socket and is left alone'],
    ['file/below', 'is not a directory'],
    ['none/below', 'does not exist'],
  ] as const) {
    t.match(ran(PROGRAM, '--check', at(name)), { status: 78, out: /^$/, err: said }, name)
  }
})

void t.test('what an admin has to change is told, and not tried again', async (t) => {
  const place = new Place(t)
  const taken = createServer().listen(place.path('taken'))
  t.teardown(() => taken.close())
  place.dropIn('second', [`path = ${PROGRAM}`, `args = ${place.path('taken')}`, 'format = protocol'])
  place.dropIn('af-unix', [`path = ${PROGRAM}`, 'args = 0999 strng', 'format = protocol'])
  const daemon = new Daemon(t, place)
  await daemon.says(["'0999' is not an octal mode"])
  await daemon.says(["(did you mean 'string'?)"])
  await daemon.says(['plugin=af-unix', 'its configuration is bad'])
  await daemon.says([`${place.path('taken')} is in use: a process listens there. End it, or give another path`])
  await daemon.says(['plugin=second', 'its configuration is bad'])
  t.same(await daemon.finish(), { code: 0, signal: null })
  t.ok(taken.listening && existsSync(place.path('taken')), 'the socket of another is left alone')
})

function linesOf(frames: Buffer): Buffer {
  const lines: Buffer[] = []
  for (let at = 0; at < frames.length; at += HEADER_BYTES + frames.readUInt32LE(at + SIZE_OFFSET)) {
    const start = at + HEADER_BYTES
    lines.push(frames.subarray(start, start + frames.readUInt32LE(at + SIZE_OFFSET)), Buffer.from('\n'))
  }
  return Buffer.concat(lines)
}
