import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type Test } from 'tap'
import { SYSTEM_CLOCK, until } from '../../src/dispatcher/clock.js'
import {
  bootId,
  groupLives,
  holdersOf,
  isAlive,
  nameOf,
  processWith,
  signalGroup,
  signalProcess,
} from '../../src/dispatcher/process-table.js'

const PERL = '/usr/bin/perl'
const LIMIT_MS = 30_000
const NO_SUCH_PID = 4_194_304

function place(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'processes-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  return dir
}

function start(
  t: Test,
  program: string,
  args: readonly string[],
  stdin: number | 'pipe' | 'ignore' = 'ignore',
): ChildProcess {
  const child = spawn(program, args, { stdio: [stdin, 'pipe', 'inherit'], detached: true })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('it has not started')
  return child.pid
}

async function becomes(t: Test, what: string, isSo: () => boolean): Promise<void> {
  t.ok(await until(SYSTEM_CLOCK, isSo, 2, LIMIT_MS), what)
}

/** The first line that it writes. */
async function says(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('its stdout is not ours')
  return String((await once(child.stdout, 'data'))[0]).trim()
}

void test('a process, told from another that has its pid later', async (t) => {
  const self = processWith(process.pid)
  t.match(self, { pid: process.pid, startTicks: /^[1-9]\d+$/ })
  if (self === undefined) return
  t.ok(isAlive(self))
  t.notOk(isAlive({ ...self, startTicks: `${self.startTicks}0` }), 'the same pid, started at another time')
  t.equal(processWith(NO_SUCH_PID), undefined)
  t.notOk(isAlive({ ...self, pid: NO_SUCH_PID }))
  t.equal(nameOf(NO_SUCH_PID), '')
  t.match(bootId(), /^[0-9a-f-]{36}$/)
})

void test('a name that looks like what follows it', async (t) => {
  const program = join(place(t), 'a) Z 1 (b')
  copyFileSync('/bin/sleep', program)
  const child = start(t, program, ['1000'])
  const pid = pidOf(child)
  await becomes(t, 'it runs', () => nameOf(pid) === 'a) Z 1 (b')
  const id = processWith(pid)
  t.match(id, { pid, startTicks: /^[1-9]\d+$/ })
  t.ok(id !== undefined && isAlive(id) && groupLives(pid))
})

void test('a zombie is not alive, nor a group of zombies', async (t) => {
  const parent = start(t, PERL, [resolve('test/fixtures/processes/leaves-a-zombie.pl')], 'pipe')
  const pid = Number(await says(parent))
  const { startTicks = '' } = processWith(pid) ?? {}
  t.ok(isAlive({ pid, startTicks }))
  await becomes(t, 'its group is its own', () => groupLives(pid))
  parent.stdin?.write('go on\n')
  await becomes(t, 'it dies', () => !isAlive({ pid, startTicks }))
  t.equal(processWith(pid)?.startTicks, startTicks, 'and yet has its pid still')
  t.notOk(groupLives(pid))
  t.ok(groupLives(pidOf(parent)))
})

void test('signals, also to who has gone', async (t) => {
  const child = start(t, '/bin/sh', ['-c', 'sleep 1000 & echo; wait'])
  await says(child)
  const pid = pidOf(child)
  const exited = once(child, 'exit')
  signalProcess(pid, 'SIGKILL')
  t.same(await exited, [null, 'SIGKILL'])
  t.ok(groupLives(pid), 'what it has started is there')
  signalGroup(pid, 'SIGKILL')
  await becomes(t, 'all of it is gone', () => !groupLives(pid))
  signalGroup(pid, 'SIGKILL')
  signalProcess(NO_SUCH_PID, 'SIGTERM')
})

void test('who has a file open while opening and closing others', async (t) => {
  const path = join(place(t), 'file')
  writeFileSync(path, '')
  const fd = openSync(path, 'r')
  const child = start(t, PERL, [resolve('test/fixtures/processes/opens-and-closes.pl')], fd)
  closeSync(fd)
  await says(child)
  const looks = Array.from({ length: 15 }, () => holdersOf(path))
  t.ok(looks.every(([holder]) => holder === pidOf(child)))
})

void test('who has a file open, also one that is gone', async (t) => {
  const path = join(place(t), 'file')
  writeFileSync(path, '')
  const fd = openSync(path, 'r')
  const child = start(t, '/bin/sleep', ['1000'], fd)
  await becomes(t, 'it runs', () => nameOf(pidOf(child)) === 'sleep')
  t.same(holdersOf(path), [pidOf(child)], 'but for ourselves')
  rmSync(path)
  t.same(holdersOf(path), [pidOf(child)])
  t.same(holdersOf(`${path}x`), [])
  closeSync(fd)
})
