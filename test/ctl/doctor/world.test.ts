import { createServer } from 'node:net'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { realWorld } from '../../../src/ctl/doctor/world.js'
import { fakeHost } from '../fake-host.js'

const HOST = fakeHost('/nowhere')
const ASKED = { configDir: undefined, socket: undefined, launcher: '' }
/** However much else there is to do. */
const PATIENT = { runMs: 60_000, controlMs: 60_000 }
const { run, ask } = realWorld(HOST, ASKED, PATIENT)

void test('what becomes of a program', async (t) => {
  t.same(await run('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3']), {
    kind: 'ended',
    status: 3,
    out: 'out\n',
    err: 'err\n',
  })
  t.same(await run('/nowhere/at/all', []), { kind: 'absent' })
  t.same(await run('/bin/true', ['/var/lo\0g']), { kind: 'absent' }, 'a path that can be none')
  t.same(await run('/bin/true', ['x'.repeat(4_000_000)]), { kind: 'absent' }, 'nor this one')
  t.match(await run('/bin/sh', ['-c', 'kill -9 $$']), { kind: 'ended', status: -1 })
})

void test('a program that prints more than anybody would read ends all the same', async (t) => {
  const ran = await run('/usr/bin/head', ['-c', '5000000', '/dev/zero'])
  t.ok(ran.kind === 'ended' && ran.status === 0 && ran.out.length < 5_000_000)
})

void test('a program that hangs is left behind', async (t) => {
  const impatient = realWorld(HOST, ASKED, { runMs: 100, controlMs: 100 })
  t.same(await impatient.run('/bin/sleep', ['60']), { kind: 'late' })
  t.same(await impatient.run('/bin/sleep', ['0']), { kind: 'late' }, 'and not waited for again')
})

void test('what answers on a socket', async (t) => {
  // Short enough for the path of a socket.
  const dir = mkdtempSync(join(tmpdir(), 'audispd-world-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  t.match(await ask(join(dir, 'none.sock')), { kind: 'error', code: 'not-running' })
  const server = createServer((socket) => socket.end('hello\n')).listen(join(dir, 'some.sock'))
  await once(server, 'listening')
  t.match(await ask(join(dir, 'some.sock')), { kind: 'error', code: 'bad-answer' })
  server.close()
})

void test('when all is said nothing is waited for', async (t) => {
  const world = realWorld(HOST, ASKED, PATIENT)
  const hangs = world.run('/bin/sleep', ['60'])
  world.close()
  t.same(await hangs, { kind: 'late' })
  t.same(await world.run('/bin/true', []), { kind: 'late' })
})
