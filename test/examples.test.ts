// The examples hold to their contract, and keep what they are given as they say.

import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type Test } from 'tap'
import { Conversation } from '../src/ctl/conformance/conversation.js'
import { manyRecords, oddRecords, recordedRecords, withEnds } from '../src/ctl/conformance/sample-records.js'
import { Stage, type Examinee } from '../src/ctl/conformance/stage.js'
import { Workplace } from '../src/ctl/conformance/workplace.js'
import { SYSTEM_CLOCK } from '../src/dispatcher/clock.js'
import { DEFAULT_SETTINGS } from '../src/dispatcher/settings.js'
import { readDropIn } from '../src/dispatcher/drop-in.js'
import { formatProblem } from '../src/config.js'
import { verdictOn } from './ctl/plugin-verdict.js'

const PYTHON = '/usr/bin/python3'
const SH = '/bin/sh'
const KILLS = 20
const APPEND = resolve('examples/sh/append.sh')
const EXACTLY_ONCE = resolve('examples/python/exactly-once.py')

async function holds(t: Test, options: readonly string[], command: readonly string[]): Promise<void> {
  const { status, out } = await verdictOn(['--direction', 'out', ...options, '--', ...command])
  t.equal(status, 0, out)
}

function place(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-test-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

function examineeOf(t: Test, [path = '', ...args]: readonly string[]): Examinee {
  const workplace = new Workplace()
  t.teardown(() => workplace.clear())
  return {
    program: { path, args, env: {} },
    format: 'protocol',
    direction: 'out',
    limits: { readyMs: 10_000, stopMs: 5000, answerMs: 5000, ackMs: 5000 },
    clock: SYSTEM_CLOCK,
    workplace,
    facts: { sentDeniable: false, stopFails: false, mostRecords: 0 },
    violations: new Map(),
  }
}

function asLines(records: readonly Buffer[]): Buffer {
  return Buffer.concat(records.flatMap((record) => [record, Buffer.from('\n')]))
}

void test('append, in POSIX sh', async (t) => {
  const dir = place(t)
  await holds(t, [], [SH, APPEND, join(dir, 'all')])
  await holds(t, ['--only', 'any-bytes'], [SH, APPEND, join(dir, 'odd')])
  t.same(readFileSync(join(dir, 'odd')), asLines(oddRecords()), 'byte for byte')
})

void test('exactly-once, in Python', async (t) => {
  if (!existsSync(PYTHON)) {
    t.pass('the example', { skip: `there is no ${PYTHON}` })
    return
  }
  const dir = place(t)
  await holds(t, [], [PYTHON, EXACTLY_ONCE, join(dir, 'all')])
  await holds(t, ['--only', 'any-bytes'], [PYTHON, EXACTLY_ONCE, join(dir, 'odd')])
  t.same(readFileSync(join(dir, 'odd')), asLines(oddRecords()), 'byte for byte')
  // Killed twice in the first run, then begun anew in another one.
  await holds(t, ['--only', 'redelivery'], [PYTHON, EXACTLY_ONCE, join(dir, 'killed')])
  const sent = [...withEnds(manyRecords(64 * 1024)), ...withEnds(manyRecords(64 * 1024).slice(0, 20))]
  t.same(readFileSync(join(dir, 'killed')), asLines(sent), 'each record once')
})

void test('exactly-once, killed in the middle of its work again and again', async (t) => {
  if (!existsSync(PYTHON)) {
    t.pass('the example', { skip: `there is no ${PYTHON}` })
    return
  }
  const file = join(place(t), 'records')
  const stage = new Stage(examineeOf(t, [PYTHON, EXACTLY_ONCE, file]), 'killed')
  t.teardown(() => stage.clear())
  const records = manyRecords(2 * 1024 * 1024)
  const run = randomUUID()
  let before = { sentTo: 0, ackedTo: 0 }
  for (let deaths = 0; deaths < KILLS; deaths++) {
    const life = await Conversation.open(stage, { run, next: before.ackedTo + 1, before })
    const known = life.ackedTo
    for (const record of records.slice(known, known + life.options.window)) life.record(record)
    // It goes on with what it has while its ACK is on its way.
    await life.until(() => life.ackedTo > known || known === records.length, stage.limits.ackMs, 'an ACK')
    await life.kill()
    before = { sentTo: life.sentTo, ackedTo: life.ackedTo }
  }
  const last = await Conversation.open(stage, { run, next: before.ackedTo + 1, before })
  t.ok(
    last.ackedTo < records.length,
    `${records.length - last.ackedTo} of ${records.length} records are left for the last`,
  )
  await last.deliver(records.slice(last.ackedTo))
  await last.stop()
  t.ok(readFileSync(file).equals(asLines(records)), 'each record once, in order')
})

void test('exactly-once cuts off nothing but what it wrote itself', async (t) => {
  if (!existsSync(PYTHON)) {
    t.pass('the example', { skip: `there is no ${PYTHON}` })
    return
  }
  const file = join(place(t), 'records')
  const stage = new Stage(examineeOf(t, [PYTHON, EXACTLY_ONCE, file]), 'kept')
  t.teardown(() => stage.clear())
  const records = recordedRecords().slice(0, 5)
  writeFileSync(file, 'what was there before\n')
  const first = await Conversation.open(stage)
  await first.deliver(records)
  await first.stop()
  const kept = Buffer.concat([Buffer.from('what was there before\n'), asLines(records)])
  t.same(readFileSync(file), kept, 'a FILE without a state is appended to')

  renameSync(file, `${file}.1`)
  writeFileSync(file, 'begun anew\n')
  const before = { sentTo: first.sentTo, ackedTo: first.ackedTo }
  const second = await Conversation.open(stage, { run: first.run, next: first.ackedTo + 1, before })
  t.equal(second.options.from, records.length + 1, 'what went into the old file is safe')
  await second.deliver(records)
  await second.stop()
  t.same(readFileSync(`${file}.1`), kept)
  t.same(readFileSync(file), Buffer.concat([Buffer.from('begun anew\n'), asLines(records)]), 'a rotated one as well')

  // The end of a process that had written, but not yet synced.
  writeFileSync(file, 'never acknowledged', { flag: 'a' })
  const third = await Conversation.open(stage)
  await third.stop()
  t.same(readFileSync(file), Buffer.concat([Buffer.from('begun anew\n'), asLines(records)]))
})

void test('exactly-once does not guess how far it came', { skip: !existsSync(PYTHON) }, (t) => {
  const file = join(place(t), 'records')
  writeFileSync(file, 'what was there before\n')
  for (const state of ['', 'run 1\n', 'run one 2\n', 'run -1 2\n', '\xff\xff']) {
    writeFileSync(`${file}.state`, state, 'latin1')
    const { status, stderr } = spawnSync(PYTHON, [EXACTLY_ONCE, file], { input: '', encoding: 'utf8' })
    t.equal(status, 78, JSON.stringify(state))
    t.match(stderr, /^exactly-once: .*\n$/)
  }
  t.equal(readFileSync(file, 'utf8'), 'what was there before\n')
  t.end()
})

void test('a shell plugin that cannot open its file is badly configured', (t) => {
  const dir = place(t)
  t.equal(spawnSync(SH, [APPEND, join(dir, 'no/such')], { input: 'HELLO 1 run=x next=1\n' }).status, 78)
  for (const direction of ['in', 'both']) {
    const template = resolve(`share/scaffold/sh/${direction}/NAME.sh`)
    writeFileSync(join(dir, `${direction}.sh`), readFileSync(template))
    t.equal(spawnSync(SH, [join(dir, `${direction}.sh`)], { input: '' }).status, 78, direction)
  }
  t.end()
})

void test('to-json, in TypeScript', async (t) => {
  const dir = place(t)
  // As an author has it who has copied it, and installed the package.
  cpSync('examples/typescript', dir, { recursive: true })
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(resolve('.'), join(dir, 'node_modules/audispd'))
  symlinkSync(resolve('node_modules/@types'), join(dir, 'node_modules/@types'))
  const compiler = resolve('node_modules/typescript/bin/tsc')
  // Not in an environment that the test runner has put itself into.
  execFileSync('/usr/bin/env', ['-i', process.execPath, compiler, '-p', dir])
  const command = [process.execPath, join(dir, 'build/to-json.js')]
  await holds(t, [], [...command, join(dir, 'all')])
  await holds(t, ['--only', 'recorded-stream'], [...command, join(dir, 'recorded')])
  const lines = readFileSync(join(dir, 'recorded'), 'utf8').trimEnd().split('\n')
  t.equal(lines.length, recordedRecords().length)
  const [first, second] = lines.map((line): unknown => JSON.parse(line))
  t.match(first, {
    seq: 101,
    node: 'node1',
    type: 'DAEMON_START',
    serial: 2422,
    fields: { op: 'start', res: 'success' },
  })
  t.match(second, {
    seq: 102,
    type: 'SYSCALL',
    time: '2026-11-21T19:09:36.819Z',
    fields: { syscall: '44', comm: 'auditd' },
  })
})

void test('each example has a drop-in that can be used', (t) => {
  const files = readdirSync('examples', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.conf'))
  t.equal(files.length, 3)
  for (const file of files) {
    const text = readFileSync(join('examples', file), 'utf8')
    const name = file.replace(/^.*\/|\.conf$/g, '')
    const { problems } = readDropIn(text, { name, file, settings: DEFAULT_SETTINGS, relativePaths: false })
    t.same(problems.map(formatProblem), [], file)
    t.match(text, /^active = no$[^]*^format = protocol$/m, file)
  }
  t.end()
})
