// Clients that come, go, stall, chatter and close half of their connection, on real sockets in one process.

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { afUnix, tellState } from '../../../plugins/af-unix/af-unix.js'
import { readOptions, type Settings } from '../../../plugins/af-unix/config.js'
import { Crowd } from '../../../plugins/af-unix/crowd.js'
import { look, SocketFile, SocketMistake } from '../../../src/socket-file.js'
import { NODE_CLOCK } from '../../../src/remote/node-world.js'
import type { Clock } from '../../../src/remote/ports.js'
import { Voice } from '../../../src/remote/voice.js'
import { testPlugin } from '../../../src/sdk/index.js'
import { until } from '../../live/until.js'
import { batchOf, recordsOf } from './batches.js'

/** Time goes by when the test says so. */
class HandClock implements Clock {
  #timers: (() => void)[] = []

  monotonicMs(): number {
    return NODE_CLOCK.monotonicMs()
  }

  wallMs(): number {
    return NODE_CLOCK.wallMs()
  }

  after(_ms: number, call: () => void): () => void {
    this.#timers.push(call)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== call)
    }
  }

  /** Whatever is waited for is over. */
  pass(): void {
    for (const call of this.#timers.splice(0)) call()
  }
}

const IS_ROOT = process.getuid?.() === 0

interface Scene {
  readonly path: string
  readonly settings: Settings
  readonly socket: SocketFile
  readonly crowd: Crowd
  readonly voice: Voice
  /** Whether the log has a line with all of these. */
  readonly hasSaid: (...words: readonly string[]) => boolean
  readonly state: () => string
  readonly enter: (count?: number) => Promise<Reader[]>
}

interface Reader {
  readonly socket: Socket
  readonly bytes: () => Buffer
}

function dir(t: Test): string {
  // Not t.testdir(): its long names do not fit into a socket's path.
  const path = mkdtempSync(join(tmpdir(), 'af-unix-'))
  t.teardown(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

async function scene(t: Test, args = '', clock: Clock = NODE_CLOCK): Promise<Scene> {
  const at = dir(t)
  const path = join(at, 'socket')
  const { settings } = readOptions([path, '--state', join(at, 'state'), ...args.split(' ').filter(Boolean)])
  let said = ''
  const voice = new Voice(clock, (line) => {
    said += line
  })
  const crowd = new Crowd(settings, clock, voice)
  const socket = await SocketFile.open({ path, mode: settings.mode, gid: undefined }, (client) => {
    crowd.welcome(client)
  })
  t.teardown(async () => {
    socket.remove()
    await crowd.end()
  })
  return {
    path,
    settings,
    socket,
    crowd,
    voice,
    hasSaid: (...words) => said.split('\n').some((line) => words.every((word) => line.includes(word))),
    state: () => {
      tellState({ settings, socket, crowd, voice, clock })
      return readFileSync(join(at, 'state'), 'utf8')
    },
    enter: async (count = 1) => {
      const before = crowd.state().clients.length
      const readers = Array.from({ length: count }, () => reader(path))
      await until(`${count} clients`, () => crowd.state().clients.length === before + count)
      return readers
    },
  }
}

function reader(path: string, options: { readonly allowHalfOpen?: boolean } = {}): Reader {
  const chunks: Buffer[] = []
  const socket = connect({ path, ...options })
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  return { socket, bytes: () => Buffer.concat(chunks) }
}

const textOf = (records: readonly string[]): string => records.map((record) => `${record}\n`).join('')

void test('every client gets every record from its connection on', async (t) => {
  const { crowd, enter } = await scene(t)
  crowd.give(batchOf(recordsOf(1, 5)))
  const [first] = await enter()
  crowd.give(batchOf(recordsOf(6, 9)))
  const others = await enter(20)
  crowd.give(batchOf(recordsOf(10, 3000, 200)))
  const all = textOf([...recordsOf(6, 9), ...recordsOf(10, 3000, 200)])
  await until('the records', () => first?.bytes().length === all.length)
  t.equal(first?.bytes().toString(), all)
  const later = textOf(recordsOf(10, 3000, 200))
  for (const { bytes } of others) {
    await until('the records', () => bytes().length >= later.length)
    t.ok(bytes().equals(Buffer.from(later)))
  }
  t.equal(crowd.state().lost, 0)
})

void test('a client that stands still loses exactly what is counted, and nobody else anything', async (t) => {
  const { crowd, enter, hasSaid, state } = await scene(t, '0640 450')
  const [slow, fast] = await enter(2)
  if (slow === undefined || fast === undefined) throw new Error('no clients')
  slow.socket.pause()
  let last = 0
  // The kernel has room for some of them first.
  while (!hasSaid('a client reads too slowly, and loses records until it has caught up', 'client=1')) {
    crowd.give(batchOf(recordsOf(last + 1, last + 100, 300)))
    last += 100
    await until('the other one', () => fast.bytes().length === last * 301)
  }
  crowd.give(batchOf(recordsOf(last + 1, last + 100, 300)))
  const { lost } = crowd.state()
  t.ok(lost >= 100)
  t.match(state(), new RegExp(`^client 1: .* lost=${lost} losing=yes$`, 'm'))
  slow.socket.resume()
  await until('the end of the loss', () => hasSaid('a client takes records again', 'client=1', `lost=${lost}`))
  crowd.give(batchOf(recordsOf(last + 101, last + 110, 300)))
  const kept = last + 110 - lost
  await until('what it has kept', () => slow.bytes().length === kept * 301)
  const expected = [...recordsOf(1, last + 100 - lost, 300), ...recordsOf(last + 101, last + 110, 300)]
  t.ok(slow.bytes().equals(Buffer.from(textOf(expected))), 'the newest were lost, and all others are whole')
  slow.socket.destroy()
  await until('its end', () => crowd.state().clients.length === 1)
  t.equal(crowd.state().lost, lost, 'what was lost by those that have gone stays counted')
  await until('the other one', () => fast.bytes().length === (last + 110) * 301)
  t.ok(fast.bytes().equals(Buffer.from(textOf(recordsOf(1, last + 110, 300)))))
})

void test('more clients than there may be are refused, until one goes', async (t) => {
  const { crowd, path, enter, hasSaid } = await scene(t, '--max-clients 2')
  const [one] = await enter(2)
  for (let n = 0; n < 3; n++) {
    const third = reader(path)
    await until('its end', () => third.socket.closed)
  }
  t.match(crowd.state(), { refused: 3, clients: { length: 2 } })
  t.ok(hasSaid('as many clients as there may be: more are refused', 'maxClients=2'))
  one?.socket.destroy()
  await until('room', () => hasSaid('there is room for a client again', 'refused=3'))
  await enter()
})

void test('a client may close its side and read on; one that is gone is noticed without a record', async (t) => {
  const clock = new HandClock()
  const { crowd, path } = await scene(t, '', clock)
  const half = reader(path, { allowHalfOpen: true })
  half.socket.end('what does this do?')
  const gone = reader(path)
  await until('two clients', () => crowd.state().clients.length === 2)
  gone.socket.destroy()
  await until('one client', () => crowd.state().clients.length === 1)
  crowd.give(batchOf(recordsOf(1, 3)))
  const all = textOf(recordsOf(1, 3))
  await until('the records', () => half.bytes().length === all.length)
  t.equal(half.bytes().toString(), all)
  half.socket.destroy()
  // Nothing tells of its end but a write.
  await until('nobody', () => {
    clock.pass()
    return crowd.state().clients.length === 0
  })
})

void test('what clients send is read, and thrown away, at a bounded pace', async (t) => {
  const clock = new HandClock()
  const { crowd, enter } = await scene(t, '', clock)
  const [chatty, quiet] = await enter(2)
  let isTold = false
  // Megabytes that nobody asked for: they wait on its side.
  chatty?.socket.write(Buffer.alloc(8 * 1024 * 1024, 'x'), () => {
    isTold = true
  })
  crowd.give(batchOf(recordsOf(1, 3)))
  const all = textOf(recordsOf(1, 3))
  await until('the records', () => quiet?.bytes().length === all.length && chatty?.bytes().length === all.length)
  for (let n = 4; n < 14; n++) {
    // Turns of the loop, in each of which it could be read on.
    crowd.give(batchOf(recordsOf(n, n)))
    const more = textOf(recordsOf(1, n))
    await until('one more', () => quiet?.bytes().length === more.length)
  }
  t.equal(isTold, false)
  await until('all of it is read', () => {
    clock.pass()
    return isTold
  })
  chatty?.socket.destroy()
  await until('its side has closed', () => chatty?.socket.closed)
  crowd.give(batchOf(recordsOf(14, 14)))
  await until('its end', () => crowd.state().clients.length === 1)
})

void test('at the end clients get what waits for them', async (t) => {
  const { crowd, enter } = await scene(t, '', new HandClock())
  const [a] = await enter()
  crowd.give(batchOf(recordsOf(1, 4000, 400)))
  await crowd.end()
  await until('its end', () => a?.socket.readableEnded)
  t.ok(a?.bytes().equals(Buffer.from(textOf(recordsOf(1, 4000, 400)))))
})

void test('at the end nobody waits for a client that takes nothing', async (t) => {
  const clock = new HandClock()
  const { crowd, enter, hasSaid } = await scene(t, '', clock)
  const [still, fast] = await enter(2)
  still?.socket.pause()
  crowd.give(batchOf(recordsOf(1, 4000, 400)))
  let isOver = false
  void crowd.end().finally(() => {
    isOver = true
  })
  await until('all of it', () => fast?.socket.bytesRead === 4000 * 401)
  t.equal(isOver, false)
  await until('the end', () => {
    clock.pass()
    return isOver
  })
  await until('its end is told', () => hasSaid('a client has gone', 'client=1', 'clients=0'))
  t.notOk(hasSaid('a client has gone', 'client=1', 'unsent=0'))
})

void test('at the end nobody waits for ever, however little a client takes each time', async (t) => {
  const clock = new HandClock()
  const { crowd, enter } = await scene(t, '', clock)
  const [slow] = await enter()
  if (slow === undefined) throw new Error('no client')
  let mayRead = 0
  slow.socket.pause().on('data', () => {
    if (slow.socket.bytesRead >= mayRead) slow.socket.pause()
  })
  crowd.give(batchOf(recordsOf(1, 8000, 500)))
  let isOver = false
  void crowd.end().finally(() => {
    isOver = true
  })
  for (let patience = 1; patience <= 4; patience++) {
    const sent = crowd.state().clients[0]?.sent ?? Infinity
    t.equal(isOver, false)
    mayRead += 600_000
    slow.socket.resume()
    await until('some more', () => (crowd.state().clients[0]?.sent ?? 0) > sent)
    clock.pass()
  }
  await until('the end', () => isOver)
  t.ok(slow.socket.bytesRead < 8000 * 501)
})

void test('frames', async (t) => {
  const { crowd, enter, hasSaid } = await scene(t, 'binary')
  const [a] = await enter()
  const [ok = ''] = recordsOf(1, 1)
  crowd.give(batchOf([ok, ok.padEnd(8971, 'x'), ok]))
  await until('two frames', () => a?.bytes().length === 2 * (16 + ok.length))
  t.equal(crowd.state().tooLong, 1)
  t.ok(hasSaid('records are too long for a frame, and no client gets them', 'records=1'))
})

void test('the state is written anew, through no link that somebody has put there', async (t) => {
  const { settings, state } = await scene(t)
  const other = `${settings.stateFile}.other`
  writeFileSync(other, 'of somebody else')
  symlinkSync(other, `${settings.stateFile}.new`)
  t.match(state(), /^client_connected = no$/m)
  t.equal(readFileSync(other, 'utf8'), 'of somebody else')
})

void test('a batch is never more than half of what may wait', async (t) => {
  for (const [depth, window] of [
    [1, 1],
    [101, 50],
    [100_000, 4096],
  ] as const) {
    const parts = await scene(t, `0640 ${depth}`)
    t.equal(afUnix({ ...parts, clock: NODE_CLOCK }).window, window)
  }
})

void test('HUP looks after the socket', async (t) => {
  const parts = await scene(t)
  const plugin = testPlugin(afUnix({ ...parts, clock: NODE_CLOCK }))
  await plugin.until(() => plugin.ready !== undefined)
  plugin.reload()
  plugin.ping(1)
  await plugin.until(() => plugin.pongs.length === 1)
  t.same(plugin.commands, [])
  rmSync(parts.path)
  plugin.reload()
  await plugin.until(() => plugin.commands.length === 1)
  t.match(plugin.commands[0]?.args.at(-1), `the socket is gone from its path`)
  t.equal(await plugin.stop(), 0)
})

void test('the socket has its mode, and goes with the program', async (t) => {
  for (const mode of ['0600', '0640', '0666']) {
    const { path, socket } = await scene(t, mode)
    t.equal(lstatSync(path).mode & 0o777, Number.parseInt(mode, 8))
    socket.remove()
    t.notOk(existsSync(path))
    socket.remove()
  }
})

void test('a group', { skip: IS_ROOT ? false : 'only root can give a file away' }, async (t) => {
  const path = join(dir(t), 'socket')
  const socket = await SocketFile.open({ path, mode: 0o660, gid: 4711 }, () => {})
  t.match(lstatSync(path), { uid: 0, gid: 4711 })
  t.equal(lstatSync(path).mode & 0o777, 0o660)
  t.ok(socket.isOurs)
  socket.remove()
})

void test('what is not ours any more is left alone at the end', async (t) => {
  const { path, socket } = await scene(t)
  rmSync(path)
  t.equal(socket.isOurs, false)
  writeFileSync(path, 'somebody else')
  socket.remove()
  t.equal(readFileSync(path, 'utf8'), 'somebody else')
})

void test('what stands in the path is looked at first', async (t) => {
  const at = dir(t)
  const path = join(at, 'socket')
  t.equal(await look(path), 'nothing')
  await t.rejects(look(join(at, 'none', 'socket')), /none does not exist: make it/)
  writeFileSync(path, '')
  await t.rejects(look(path), /is not a socket and is left alone/)
  rmSync(path)
  symlinkSync('/dev/null', path)
  await t.rejects(look(path), /is not a socket and is left alone/)
  rmSync(path)

  const server = createServer().listen(path)
  await t.rejects(
    look(path),
    new SocketMistake(`${path} is in use: a process listens there. End it, or give another path`),
  )
  await t.rejects(
    SocketFile.open({ path, mode: 0o600, gid: undefined }, () => {}),
    SocketMistake,
  )
  // As a killed process leaves it: closing would remove the file by its name.
  renameSync(path, `${path}.left`)
  server.close()
  renameSync(`${path}.left`, path)
  await until('nobody listens', () => !server.listening)
  t.equal(await look(path), 'left-over')
  const file = await SocketFile.open({ path, mode: 0o600, gid: undefined }, () => {})
  t.ok(file.isOurs)
  file.remove()
})

void test('the directory is to be safe', { skip: IS_ROOT ? false : 'only root is protected' }, async (t) => {
  const at = dir(t)
  const path = join(at, 'socket')
  chmodSync(at, 0o757)
  await t.rejects(look(path), /others than root may write .*chmod go-w/)
  chmodSync(at, 0o1777)
  await t.rejects(look(path), /others than root may write/)
  chmodSync(at, 0o755)
  t.equal(await look(path), 'nothing', 'though /tmp is above')
})
