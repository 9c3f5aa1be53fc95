import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'tap'
import { connectControl } from '../../src/control/control-client.js'
import { asks, codeOfConnecting, GROUP, SocketPlace } from './socket-place.js'

const IS_ROOT = process.geteuid?.() === 0

void test('is there for its owner alone, and gone at the end', async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('c.sock'), group: '' })
  await place.says('control socket is open')
  t.equal(statSync(place.path('c.sock')).mode & 0o777, 0o600)
  t.equal(await asks(place.path('c.sock'), 'ping'), 'ping')
  await control.close()
  t.notOk(existsSync(place.path('c.sock')))
})

void test('makes its directory, private', async (t) => {
  const place = new SocketPlace(t)
  place.daemon().follow({ path: place.path('new/c.sock'), group: '' })
  await place.says('control socket is open')
  t.equal(statSync(place.path('new')).mode & 0o777, 0o700)
})

void test('control_group has a socket of its own, and the way to it', { skip: !IS_ROOT && 'not root' }, async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('new/c.sock'), group: 'them' })
  await place.says('control_group may read the status')
  const { mode, gid, uid } = statSync(place.path('new/status.sock'))
  t.same([mode & 0o777, gid, uid], [0o660, GROUP, 0])
  t.equal(statSync(place.path('new/c.sock')).mode & 0o777, 0o600)
  const dir = statSync(place.path('new'))
  t.same([dir.mode & 0o777, dir.gid], [0o710, GROUP])
  t.equal(await asks(place.path('new/status.sock'), 'status'), 'status')
  await t.rejects(asks(place.path('new/status.sock'), 'reload'), { code: 'denied' })
  control.follow({ path: place.path('new/c.sock'), group: '' })
  await place.until(() => !existsSync(place.path('new/status.sock')))
  await place.says('control socket is open', 2)
})

void test('a directory of another group stays so', { skip: !IS_ROOT && 'not root' }, async (t) => {
  const place = new SocketPlace(t)
  mkdirSync(place.path('theirs'))
  chownSync(place.path('theirs'), 0, GROUP + 1)
  chmodSync(place.path('theirs'), 0o750)
  place.daemon().follow({ path: place.path('theirs/c.sock'), group: 'them' })
  await place.says('control_group cannot be let in; only root reads the status')
  const { mode, gid } = statSync(place.path('theirs'))
  t.same([mode & 0o777, gid], [0o750, GROUP + 1])
  t.equal(await asks(place.path('theirs/c.sock'), 'ping'), 'ping')
})

void test('others may not connect, and the group where it may', { skip: !IS_ROOT && 'not root' }, async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('new/c.sock'), group: 'them' })
  await place.says('control_group may read the status')
  chmodSync(place.path('.'), 0o711)
  const codes = await Promise.all([
    codeOfConnecting(place.path('new/c.sock'), GROUP),
    codeOfConnecting(place.path('new/status.sock'), GROUP),
    codeOfConnecting(place.path('new/c.sock'), GROUP + 1),
    codeOfConnecting(place.path('new/status.sock'), GROUP + 1),
  ])
  t.same(codes, ['EACCES', '', 'EACCES', 'EACCES'])
})

void test('without such a group it is for root alone, and a reload tries again', async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('c.sock'), group: 'nobody-knows' })
  await place.says('control_group cannot be let in; only root reads the status')
  t.equal(await asks(place.path('c.sock'), 'ping'), 'ping')
  t.notOk(existsSync(place.path('status.sock')))
  control.follow({ path: place.path('c.sock'), group: 'nobody-knows' })
  await place.says('control_group cannot be let in; only root reads the status', 2)
})

void test('moves where the configuration wants it; who is connected stays so', async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('a.sock'), group: '' })
  await place.says('control socket is open')
  const client = await connectControl(place.path('a.sock'))
  control.follow({ path: place.path('b.sock'), group: '' })
  await place.says('control socket is open', 2)
  t.notOk(existsSync(place.path('a.sock')))
  t.equal(await asks(place.path('b.sock'), 'ping'), 'ping')
  t.equal(await client.ask(['ping']), 'ping')
  client.close()
})

void test('one that a killed daemon has left is replaced; anything else is left alone', async (t) => {
  const place = new SocketPlace(t)
  // Node removes the file that it knows of when it closes: this one it does not know.
  const killed = createServer().listen(place.path('left'))
  await new Promise((resolve) => killed.once('listening', resolve))
  linkSync(place.path('left'), place.path('c.sock'))
  killed.close()
  place.daemon().follow({ path: place.path('c.sock'), group: '' })
  await place.says('control socket is open')
  t.equal(await asks(place.path('c.sock'), 'ping'), 'ping')

  const other = new SocketPlace(t)
  writeFileSync(other.path('c.sock'), 'mine')
  other.daemon().follow({ path: other.path('c.sock'), group: '' })
  await other.says('running without control socket; trying again')
  t.match(JSON.stringify(other.log.said), /is not a socket/)
  t.equal(statSync(other.path('c.sock')).size, 4)
})

void test('of two daemons the second waits until the first has gone', async (t) => {
  const place = new SocketPlace(t)
  const first = place.daemon()
  first.follow({ path: place.path('c.sock'), group: '' })
  await place.says('control socket is open')
  const second = place.daemon()
  second.follow({ path: place.path('c.sock'), group: '' })
  await place.says('running without control socket; trying again')
  t.match(JSON.stringify(place.log.said.at(-1)), /in use/)
  place.clock.pass(3000)
  await place.idle()
  t.equal(place.count('running without control socket; trying again'), 1, 'it is said once')
  await first.close()
  t.notOk(existsSync(place.path('c.sock')))
  await place.passesUntil('control socket is open', 2)
  t.equal(await asks(place.path('c.sock'), 'ping'), 'ping')
})

void test('one that somebody has removed or replaced is made again, and what is not ours is never removed', async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('c.sock'), group: '' })
  await place.says('control socket is open')
  rmSync(place.path('c.sock'))
  await place.passesUntil('control socket has been removed; making it again')
  await place.says('control socket is open', 2)
  t.equal(await asks(place.path('c.sock'), 'ping'), 'ping')
  rmSync(place.path('c.sock'))
  writeFileSync(place.path('c.sock'), 'mine')
  await control.close()
  t.ok(existsSync(place.path('c.sock')))
})

void test('a directory that has become a loop of links is no end of the daemon', async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('new/c.sock'), group: '' })
  await place.says('control socket is open')
  rmSync(place.path('new'), { recursive: true })
  symlinkSync('new', place.path('new'))
  await place.passesUntil('running without control socket; trying again')
  rmSync(place.path('new'))
  await place.passesUntil('control socket is open', 2)
  t.equal(await asks(place.path('new/c.sock'), 'ping'), 'ping')
})

void test('however often it is made again, no more files are open', async (t) => {
  const place = new SocketPlace(t)
  const control = place.daemon()
  control.follow({ path: place.path('a.sock'), group: '' })
  await place.says('control socket is open')
  const before = readdirSync('/proc/self/fd').length
  for (let round = 1; round <= 40; round++) {
    if (round % 2 === 0) control.follow({ path: place.path(`${round}.sock`), group: '' })
    else for (const name of readdirSync(place.path('.'))) rmSync(place.path(name))
    await place.passesUntil('control socket is open', 1 + round)
  }
  t.ok(readdirSync('/proc/self/fd').length < before + 10)
})

void test('a path that is too long for a socket makes none, also not elsewhere', async (t) => {
  const place = new SocketPlace(t)
  mkdirSync(place.path('x'.repeat(90)))
  place.daemon().follow({ path: place.path(`${'x'.repeat(90)}/c.sock`), group: '' })
  await place.says('running without control socket; trying again')
  t.match(JSON.stringify(place.log.said), /at most 107/)
  t.same(readdirSync(place.path('.')), ['x'.repeat(90)])
})

void test('a directory that others may write is not used', { skip: !IS_ROOT && 'not root' }, async (t) => {
  const place = new SocketPlace(t)
  mkdirSync(place.path('open'))
  chmodSync(place.path('open'), 0o777)
  place.daemon().follow({ path: place.path('open/c.sock'), group: '' })
  await place.says('running without control socket; trying again')
  t.notOk(existsSync(place.path('open/c.sock')))
  chmodSync(place.path('open'), 0o700)
  await place.passesUntil('control socket is open')
})
