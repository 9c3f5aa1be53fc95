import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { remote } from '../../src/ctl/remote.js'
import type { StatusReport } from '../../src/remote/status.js'
import { writeStatus } from '../../src/remote/status.js'
import { REPORT } from '../remote/some-status.js'
import { fakeHost } from './fake-host.js'

/** A directory with a status; this process has its lock open if it is to be the one that wrote it. */
function plant(
  t: Test,
  {
    isHeld = true,
    report = REPORT,
    state = 'running' as const,
    text = '',
  }: { isHeld?: boolean; report?: StatusReport; state?: 'running' | 'stopped'; text?: string },
): string {
  const root = t.testdir({ it: { LOCK: '' }, other: { LOCK: '' } })
  const dir = join(root, 'it')
  // It may well have another one open, as who runs both programs' tests in one process has.
  const fd = openSync(join(isHeld ? dir : join(root, 'other'), 'LOCK'), 'a')
  t.teardown(() => closeSync(fd))
  writeFileSync(
    join(dir, 'status.json'),
    text === '' ? writeStatus({ ...report, pid: process.pid }, state, Date.now()) : text,
  )
  return dir
}

async function run(...args: readonly string[]) {
  const host = fakeHost('/')
  const status = await remote(args, host)
  return { status, ...host.printed() }
}

void test('a program that runs and is well', async (t) => {
  const dir = plant(t, {})
  const { status, out, warned } = await run('status', dir)
  t.equal(status, 0)
  t.equal(warned, '')
  t.match(out, /^remote-send: running as pid \d+ for \d+d/)
  t.match(out, /\n {2}protocol {5}native: nothing is lost and nothing comes twice\n/)
  t.match(out, new RegExp(`\\n  disk         ok, 11\\.8M in ${dir}\\n`), 'where it was found')
  t.match(
    out,
    /\n {2}PEER +STREAM +STATE +SINCE +LAST +DURABLE +ACKED +LAG +HOLES +LOSSES +REPEATS +FORKS +CERTIFICATE\n/,
  )
  t.match(
    out,
    /\n {2}audit:\/\/example\/agg1 +01234567 +up +\d+d( \d+h)? +120 +110 +100 +20, 1s +- +- +- +- +ends in \d+d/,
  )
  t.same((await run('status', join(dir, 'status.json'))).status, 0, 'by its file')
})

void test('as JSON', async (t) => {
  const { status, out } = await run('status', '--json', plant(t, { report: { ...REPORT, disk: 'full' } }))
  t.equal(status, 1)
  t.match(JSON.parse(out), {
    verb: 'remote status',
    programs: [
      { isRunning: true, faults: ['the disk is full'], status: { program: 'remote-send', streams: [{ acked: 100 }] } },
    ],
    exitStatus: 1,
  })
})

void test('a program that is not there', async (t) => {
  const killed = await run('status', plant(t, { isHeld: false }))
  t.equal(killed.status, 3, 'this pid lives, but does not have the lock')
  t.match(killed.out, /^remote-send: not running; as of \d+s ago\n {2}! it is not running any more\n/)
  const stopped = await run('status', plant(t, { state: 'stopped' }))
  t.equal(stopped.status, 3)
  t.match(stopped.out, /! it is stopped\n/)
})

void test('what cannot be read', async (t) => {
  const junk = await run('status', plant(t, { text: '{"version":9}' }))
  t.match(junk, { status: 78, warned: /status\.json is no status that this version of audispctl knows/ })
  t.match(await run('status', join(t.testdir(), 'absent')), {
    status: 71,
    warned: /absent\/status\.json: no such file or directory/,
  })
  const failed = await run('status', '--json', '/nowhere')
  t.match(JSON.parse(failed.out), { verb: 'remote status', result: 'failed', exitStatus: 71 })
  t.match(await run('status', '--what'), { status: 64 })
  t.match(await run('status', '--help'), { status: 0, out: /^usage: audispctl remote status/ })
  t.match(await run('--help'), { status: 0, out: /^usage: audispctl remote VERB[^]*\n {2}status {2}how far/ })
  await t.rejects(run('sttus'), { code: 'usage', message: /there is no 'remote sttus'/ })
  await t.rejects(run(), { code: 'usage', message: /a verb is missing: status/ })
})
