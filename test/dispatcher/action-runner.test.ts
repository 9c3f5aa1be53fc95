// Real programs, except where one is to hang in the kernel.

import { spawnSync } from 'node:child_process'
import { copyFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'tap'
import type { ActionDefinition } from '../../src/dispatcher/action-definition.js'
import type { StartBare } from '../../src/dispatcher/action-process.js'
import { ActionRunner, type ActionEvent } from '../../src/dispatcher/action-runner.js'
import { startBare, type Exit } from '../../src/dispatcher/child.js'
import { SYSTEM_CLOCK, until } from '../../src/dispatcher/clock.js'
import { parseAcceptPattern, type AcceptPattern } from '../../src/protocol/accept-pattern.js'
import { FakeClock } from './fake-clock.js'

const PERL = '/usr/bin/perl'
const PROGRAMS = resolve('test/fixtures/programs')
const LIMIT_MS = 20_000

function pattern(text: string): AcceptPattern {
  const parsed = parseAcceptPattern(text)
  if ('mistake' in parsed) throw new Error(parsed.mistake)
  return parsed
}

interface Bench {
  readonly clock: FakeClock
  readonly runner: ActionRunner
  readonly runlevels: string[]
  readonly doubts: Map<string, string>
  readonly define: (given: Partial<ActionDefinition>) => void
  /** Everything that is told about one request. */
  readonly run: (name: string, ...args: readonly (string | Buffer)[]) => Promise<ActionEvent[]>
}

function bench(start: StartBare = startBare): Bench {
  const clock = new FakeClock()
  const runlevels: string[] = []
  const doubts = new Map<string, string>()
  const runner = new ActionRunner({
    clock,
    start,
    programDoubt: (path) => doubts.get(path) ?? '',
    changeRunlevel: (to) => {
      runlevels.push(to)
    },
  })
  const define = (given: Partial<ActionDefinition>): void => {
    const action: ActionDefinition = {
      name: 'a',
      path: PERL,
      args: [],
      accept: pattern('[^/]*'),
      user: '',
      timeoutMs: 10_000,
      perMinute: 10,
      ...given,
    }
    runner.define(new Map([[action.name, action]]))
  }
  const run = (name: string, ...args: readonly (string | Buffer)[]): Promise<ActionEvent[]> =>
    new Promise((done) => {
      const events: ActionEvent[] = []
      runner.run(
        name,
        args.map((arg) => Buffer.from(arg)),
        (event) => {
          events.push(event)
          if (event.kind !== 'runs') done(events)
        },
      )
    })
  return { clock, runner, runlevels, doubts, define, run }
}

const program = (name: string): string => join(PROGRAMS, name)
/** What a program tells that is given no environment at all; a test runner may put itself even there. */
const EMPTY_ENVIRONMENT =
  spawnSync(PERL, [program('tells-its-surroundings.pl')], { env: {}, encoding: 'utf8' })
    .stderr.split('\n')
    .find((line) => line.startsWith('environment ')) ?? ''

const refused = (code: string, reason: string): unknown[] => [{ kind: 'refused', code, reason }]

function linesOf(events: readonly ActionEvent[]): readonly string[] {
  const last = events.at(-1)
  return last?.kind === 'ended' ? last.stderr : []
}

void test('a program runs with nothing around it', async (t) => {
  const { define, run, clock } = bench()
  define({ args: [program('tells-its-surroundings.pl'), 'fixed', ''] })
  const events = await run('a', 'x y')
  t.match(events, [
    { kind: 'runs', exe: PERL },
    { kind: 'ended', failure: '', exit: 0 },
  ])
  const lines = linesOf(events)
  t.same(lines.slice(0, 5), ['argument <fixed>', 'argument <>', 'argument <x y>', EMPTY_ENVIRONMENT, 'directory /'])
  t.ok(
    lines[5]?.startsWith(`user ${process.getuid?.()} ${process.getuid?.()} groups ${process.getgid?.()} `),
    lines[5] ?? '',
  )
  t.same(lines.slice(6, 9), ['leads its group yes', 'file 0 /dev/null', 'file 1 /dev/null'])
  // perl ignores SIGFPE by itself.
  t.match(lines[9], /^SigIgn:\\x090{14}[08]0$/)
  t.equal(clock.pending, 0, 'no timer is left')
})

void test('it runs as another user, without the groups of the daemon', async (t) => {
  if (process.getuid?.() !== 0) {
    t.pass('runs as another user', { skip: 'only root can' })
    return
  }
  const dir = mkdtempSync(join(tmpdir(), 'audispd-test-'))
  t.teardown(() => {
    rmSync(dir, { recursive: true })
  })
  // The repository may be where nobody else can go.
  chmodSync(dir, 0o755)
  copyFileSync(program('tells-its-surroundings.pl'), join(dir, 'tells.pl'))
  const { define, run } = bench()
  define({ args: [join(dir, 'tells.pl')], user: 'nobody' })
  const events = await run('a')
  const [, uid, gid] = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m) ?? []
  t.ok(linesOf(events).includes(`user ${uid} ${uid} groups ${gid} ${gid}`), linesOf(events).join('\n'))

  define({ user: 'no-such-user' })
  t.same(await run('a'), [{ kind: 'ended', failure: "there is no user 'no-such-user'", exit: undefined, stderr: [] }])
})

void test('an argument is one argument, whatever is in it', async (t) => {
  const hostile = [
    ';id',
    '$(id)',
    '`id`',
    '../../etc/passwd',
    '| id > /tmp/x',
    "'; id; '",
    '"',
    '\\',
    '*',
    '--help',
    '-e',
    '',
    ' ',
    '${IFS}id',
    'a=b',
    'ü日\u{1f600}',
    '%0A',
    'x'.repeat(256),
  ]
  const { define, run } = bench()
  define({ args: [program('tells-its-surroundings.pl')], accept: pattern('[^~]*') })
  // The lines told are bounded: in two halves.
  for (const args of [hostile.slice(0, 10), hostile.slice(10)]) {
    const lines = linesOf(await run('a', ...args))
    t.same(
      lines.filter((line) => line.startsWith('argument')),
      args.map((arg) => `argument <${arg}>`),
    )
    t.ok(lines.includes(EMPTY_ENVIRONMENT))
  }
})

void test('arguments that no action gets', async (t) => {
  const { define, run } = bench(neverStarted)
  define({ accept: pattern('[^~]*') })
  const long = refused('too-long', 'an argument has at most 256 bytes')
  const control = refused('bad-arguments', 'an argument has a control character')
  const notUtf8 = refused('bad-arguments', 'an argument is not UTF-8')
  t.same(await run('a', 'x'.repeat(257)), long)
  t.same(await run('a', 'x'.repeat(65_536)), long)
  for (const arg of ['\n', 'a\0b', '\u001b[2J', '\t', '\u007f', '\u009b']) t.same(await run('a', 'fine', arg), control)
  for (const arg of [[0xff], [0x61, 0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80]]) {
    t.same(await run('a', Buffer.from(arg)), notUtf8, 'it could not be passed on')
  }
  define({ accept: pattern('[0-9.]*') })
  const notAccepted = refused('bad-arguments', 'an argument is not accepted by this action')
  for (const arg of [';', '$(id)', '../', '1.2.3.4;id', ' 1', '-1']) t.same(await run('a', '1.2.3.4', arg), notAccepted)
  define({ accept: pattern('') })
  for (const arg of ['', 'x']) t.same(await run('a', arg), notAccepted)
  t.same(await run('b'), refused('bad-arguments', 'there is no action of this name'))
  for (const name of ['constructor', '__proto__', '']) {
    t.same(await run(name), refused('bad-arguments', 'there is no action of this name'))
  }
})

function neverStarted(): never {
  throw new Error('must not be started')
}

void test('what takes too long is killed, with its group', async (t) => {
  const file = join(t.testdir(), 'pids')
  const { clock, define, run } = bench()
  define({ args: [program('starts-another-and-stays.pl'), file], timeoutMs: 5000 })
  const running = run('a')
  t.ok(await until(SYSTEM_CLOCK, () => existsSync(file), 2, LIMIT_MS))
  const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number)
  t.same(pids.map(isAlive), [true, true])
  clock.pass(4999)
  t.same(pids.map(isAlive), [true, true])
  clock.pass(1)
  t.match((await running).at(-1), { kind: 'ended', failure: 'it took longer than its timeout of 5000 ms' })
  t.ok(await until(SYSTEM_CLOCK, () => !pids.some(isAlive), 2, LIMIT_MS), 'both are gone')
  t.equal(clock.pending, 0)
})

void test('what it leaves in its group ends with it', async (t) => {
  const file = join(t.testdir(), 'pids')
  const { define, run } = bench()
  define({ args: [program('starts-another-and-stays.pl'), file, 'ends'] })
  t.match((await run('a')).at(-1), { kind: 'ended', failure: 'exit status 3', exit: 3 })
  const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number)
  t.ok(await until(SYSTEM_CLOCK, () => !pids.some(isAlive), 2, LIMIT_MS))
})

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    // ENOENT, ESRCH: it is gone.
    return false
  }
}

void test('one at a time for each name', async (t) => {
  const file = join(t.testdir(), 'pids')
  const { clock, runner, define, run } = bench()
  define({ args: [program('starts-another-and-stays.pl'), file] })
  const running = run('a')
  const busy = refused('busy', 'this action is running already')
  t.same(await run('a'), busy, 'before it has started')
  t.ok(await until(SYSTEM_CLOCK, () => existsSync(file), 2, LIMIT_MS))
  t.same(await run('a'), busy)
  runner.define(new Map())
  t.same(await run('a'), refused('bad-arguments', 'there is no action of this name'))
  define({ path: '/bin/true' })
  t.same(await run('a'), busy, 'a reload changes nothing for what runs')
  clock.pass(10_000)
  t.match((await running).at(-1), { kind: 'ended', failure: 'it took longer than its timeout of 10000 ms' })
  t.match((await run('a')).at(-1), { kind: 'ended', failure: '' }, 'and then the next one can run')
})

void test('so many a minute', async (t) => {
  const { clock, define, run, runner } = bench()
  const outcome = async (): Promise<unknown> => (await run('a')).at(-1)
  const done = { kind: 'ended', failure: '' }
  const tooMany = { kind: 'refused', code: 'busy', reason: 'this action runs at most 2 times a minute' }
  define({ path: '/bin/true', perMinute: 2 })
  t.match(await outcome(), done)
  clock.pass(30_000)
  t.match(await outcome(), done)
  t.match(await outcome(), tooMany)
  clock.pass(29_999)
  t.match(await outcome(), tooMany)
  define({ path: '/bin/true', perMinute: 2 })
  t.match(await outcome(), tooMany, 'a reload does not help')
  clock.pass(1)
  t.match(await outcome(), done)
  t.match(await outcome(), tooMany)
  runner.define(new Map())
  define({ path: '/bin/true', perMinute: 2 })
  t.match(await outcome(), done, 'another action of the same name')
})

void test('failures', async (t) => {
  const { define, run, doubts } = bench()
  const failed = (failure: string): unknown => ({ kind: 'ended', failure, exit: undefined, stderr: [] })
  define({ path: '/no/such/program' })
  t.same((await run('a', 'HOSTILE')).at(-1), failed('spawn /no/such/program ENOENT'), 'without the arguments')
  define({ path: '/bin/false' })
  t.match((await run('a')).at(-1), { failure: 'exit status 1', exit: 1 })
  doubts.set('/bin/true', '/bin/true is writable by others')
  define({ path: '/bin/true' })
  t.same(await run('a'), [failed('/bin/true is writable by others')], 'it does not run')
  doubts.clear()
  t.match(await run('a'), [{ kind: 'runs' }, { failure: '' }], 'it is looked at each time')
  define({ path: PERL, args: ['-e', 'kill "TERM", $$'] })
  t.match((await run('a')).at(-1), { failure: 'signal SIGTERM', exit: undefined })
})

void test('the beginning of stderr is kept, and made harmless', async (t) => {
  const { define, run } = bench()
  define({ args: [program('says-much.pl')] })
  const events = await run('a')
  t.match(events.at(-1), { failure: '', exit: 0 }, 'it was not held up by what it says')
  const lines = Array.from({ length: 19 }, (_, index) => `line ${index + 2}`)
  t.same(linesOf(events), ['\\x1b[2Jfirst', ...lines])
})

void test('single and halt', async (t) => {
  const { run, runlevels } = bench()
  for (const name of ['single', 'halt']) {
    t.same(await run(name), [
      { kind: 'runs', exe: '' },
      { kind: 'ended', failure: '', exit: undefined, stderr: [] },
    ])
    t.same(await run(name, ''), refused('bad-arguments', 'this action takes no arguments'))
  }
  t.same(runlevels, ['single', 'halt'])
})

void test('the end waits for nothing', async (t) => {
  const file = join(t.testdir(), 'pids')
  const { runner, define, run, clock } = bench()
  define({ args: [program('starts-another-and-stays.pl'), file] })
  const running = run('a')
  t.ok(await until(SYSTEM_CLOCK, () => existsSync(file), 2, LIMIT_MS))
  const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number)
  let told: readonly ActionEvent[] = []
  void running.then((events) => (told = events))
  runner.close()
  await Promise.resolve()
  t.match(told.at(-1), { kind: 'ended', failure: 'the daemon ends' }, 'told before it is gone')
  t.ok(await until(SYSTEM_CLOCK, () => !pids.some(isAlive), 2, LIMIT_MS))
  define({ name: 'b', path: '/bin/true' })
  t.same(await run('b'), refused('failed', 'the daemon ends'))
  t.equal(clock.pending, 0)

  const late = bench(neverStarted)
  late.define({ path: '/bin/true' })
  const unborn = late.run('a')
  late.runner.close()
  t.same(await unborn, [{ kind: 'ended', failure: 'the daemon ends', exit: undefined, stderr: [] }])
})

void test('a program that cannot be killed is answered for, and its name stays taken', async (t) => {
  let exits: (exit: Exit) => void = () => {}
  const stderr = new PassThrough()
  const { clock, define, run } = bench((_program, onExit) => {
    exits = onExit
    return { pid: undefined, stderr }
  })
  define({ path: '/bin/true', perMinute: 100 })
  const running = run('a')
  await until(SYSTEM_CLOCK, () => clock.pending > 0, 1, LIMIT_MS)
  stderr.write('I hang\n')
  await until(SYSTEM_CLOCK, () => stderr.readableLength === 0, 1, LIMIT_MS)
  clock.pass(11_000)
  const failure = 'it took longer than its timeout of 10000 ms, and cannot be killed'
  t.same((await running).at(-1), { kind: 'ended', failure, exit: undefined, stderr: ['I hang'] })
  t.same(await run('a'), refused('busy', 'this action is running already'))
  exits({ code: undefined, signal: 'SIGKILL', error: undefined })
  const next = run('a')
  await until(SYSTEM_CLOCK, () => clock.pending > 0, 1, LIMIT_MS)
  exits({ code: 0, signal: undefined, error: undefined })
  clock.pass(200)
  t.match((await next).at(-1), { failure: '' }, 'stderr that somebody else holds open is not waited for')
})
