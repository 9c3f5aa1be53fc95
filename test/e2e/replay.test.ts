// audispctl replay as somebody would call it, with a real audispd of its own.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test, type Test } from 'tap'
import { Daemon, until } from './daemon.js'
import { Place } from './place.js'
import { frames, textOf } from './records.js'

const RECORDING = 'test/fixtures/auditd-stream/v2.8.5-raw.string'

function replay(args: readonly string[], input = ''): { status: number | null; out: string; warned: string } {
  // The test runner puts itself into the environment of every child.
  const command = ['-i', process.execPath, resolve('build/src/ctl/main.js'), 'replay', ...args]
  const { status, stdout, stderr } = spawnSync('/usr/bin/env', command, { input, encoding: 'latin1', timeout: 60_000 })
  return { status, out: stdout, warned: stderr }
}

function configuration(t: Test, dropIns: Readonly<Record<string, string>>): string {
  const files = Object.entries(dropIns).map(([name, text]) => [`${name}.conf`, text])
  return t.testdir({ 'audispd.conf': 'overflow_action = halt\n', 'audispd.d': Object.fromEntries(files) })
}

void test('rotated logs through the active plugins, each record once and in order', (t) => {
  const dir = configuration(t, {
    keep: 'active = yes\npath = /usr/bin/dd\nargs = of=OUT status=none\n',
    calls: 'active = yes\npath = /usr/bin/cat\nsubscribe = type=SYSCALL\n',
    idle: 'active = no\npath = /usr/bin/false\n',
  })
  const out = join(dir, 'out')
  const file = join(dir, 'audispd.d/keep.conf')
  writeFileSync(file, readFileSync(file, 'utf8').replace('OUT', out))
  const text = readFileSync(RECORDING, 'latin1')
  const lines = text.split('\n').slice(0, -1)
  const middle = lines.slice(0, 1000).join('\n').length + 1
  writeFileSync(join(dir, 'audit.log'), text.slice(middle), 'latin1')
  writeFileSync(join(dir, 'audit.log.1.gz'), gzipSync(Buffer.from(text.slice(0, middle), 'latin1')))

  const {
    status,
    out: printed,
    warned,
  } = replay(['-c', dir, '--json', join(dir, 'audit.log'), join(dir, 'audit.log.1.gz')])
  t.equal(status, 0, warned)
  t.ok(readFileSync(out, 'latin1') === text, 'byte for byte')
  const calls = lines.filter((line) => line.startsWith('type=SYSCALL ')).length
  t.match(JSON.parse(printed), {
    records: lines.length,
    plugins: [
      { plugin: 'calls', in: lines.length, delivered: calls, filtered: lines.length - calls, dropped: 0 },
      { plugin: 'keep', in: lines.length, delivered: lines.length, dropped: 0 },
    ],
    exitStatus: 0,
  })
  t.end()
})

void test('a plugin that cannot work says why, and what it did not get is told', (t) => {
  const dir = configuration(t, {
    sick: 'active = no\npath = ./sick.sh\nrestart_delay = 0.01s..0.01s\n',
  })
  const script = '#!/bin/sh\necho "the spool is in use by another process" >&2\nexit 78\n'
  writeFileSync(join(dir, 'audispd.d/sick.sh'), script, { mode: 0o755 })
  const { status, out, warned } = replay(['-c', dir, '--plugin', 'sick', RECORDING])
  t.equal(status, 1)
  t.match(warned, 'the spool is in use by another process')
  t.match(out, /^PLUGIN +IN +DELIVERED +FILTERED +DROPPED\nsick +\d/m)
  t.end()
})

void test('what cannot be is said, and nothing is started', (t) => {
  const dir = configuration(t, { idle: 'active = no\npath = /usr/bin/cat\n' })
  const none = replay(['-c', dir, RECORDING])
  t.equal(none.status, 78)
  t.match(none.warned, 'no plugin is active')
  const unknown = replay(['-c', dir, '--plugin', 'nosuch', RECORDING])
  t.equal(unknown.status, 78)
  t.match(unknown.warned, 'nosuch')
  for (const plugin of [[], ['--plugin', 'idle']]) {
    const typo = replay(['-c', `${dir}/typo`, ...plugin, RECORDING])
    t.equal(typo.status, 64, 'not those of /etc/audispd')
    t.match(typo.warned, `${dir}/typo: there is neither audispd.conf nor audispd.d`)
  }
  t.end()
})

void test('a pipe is read once, from its beginning', (t) => {
  const dir = configuration(t, { all: 'active = yes\npath = /usr/bin/cat\n' })
  const lines = readFileSync(RECORDING, 'latin1').split('\n').length - 1
  const script = 'cat "$0" | "$1" "$2" replay --json -c "$3" /dev/stdin'
  const args = ['-i', '/bin/sh', '-c', script, RECORDING, process.execPath, resolve('build/src/ctl/main.js'), dir]
  const { status, stdout } = spawnSync('/usr/bin/env', args, { encoding: 'utf8', timeout: 60_000 })
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { records: lines, plugins: [{ plugin: 'all', in: lines, delivered: lines }] })
  t.end()
})

void test('Ctrl-C ends also who waits for standard input to say more', async (t) => {
  const dir = configuration(t, { keep: 'active = yes\npath = /usr/bin/dd\nargs = of=OUT status=none\n' })
  const out = join(dir, 'out')
  const file = join(dir, 'audispd.d/keep.conf')
  writeFileSync(file, readFileSync(file, 'utf8').replace('OUT', out))
  const text = textOf(1, 20, 80).toString('latin1')
  const command = ['-i', process.execPath, resolve('build/src/ctl/main.js'), 'replay', '--json', '-c', dir, '-']
  const child = spawn('/usr/bin/env', command, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {})
  t.teardown(() => child.kill('SIGKILL'))
  const exited = once(child, 'close')
  const printed: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
  child.stdin.write(`${text}type=CWD msg=audit(1.000:1): half of`, 'latin1')
  await until(
    () => existsSync(out) && readFileSync(out).length > 0,
    () => 'the records arrive',
  )
  child.kill('SIGINT')
  t.equal((await exited)[0], 1)
  const result: unknown = JSON.parse(Buffer.concat(printed).toString())
  t.match(result, { isCutShort: true, records: 20, plugins: [{ plugin: 'keep', delivered: 20, dropped: 0 }] })
  t.equal(readFileSync(out, 'latin1'), text, 'and no half of a record')
})

void test('a reload of a daemon that is given recorded records changes nothing of that', async (t) => {
  const place = new Place(t, 'self_events = yes\n')
  place.tee('keeps')
  const daemon = new Daemon(t, place, { args: ['--replay'] })
  await daemon.running('keeps')
  await daemon.write(frames(1, 100, 80))
  daemon.signal('SIGHUP')
  await daemon.says(['plugin=keeps ', 'change=kept'])
  await daemon.write(frames(101, 200, 80))
  t.match(await daemon.finish(), { code: 0 })
  t.equal(place.read('keeps').toString('latin1'), textOf(1, 200, 80).toString('latin1'), 'no record of our own')
})
