// Who lost what: the real kernel, the real auditd, and ourselves lose records, each in turn, and the ledger says which it was.

import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { test, type Test } from 'tap'
import { mark } from './activity.js'
import { Auditd } from './auditd.js'
import { auditctl, ENVIRONMENT, kernelState, whyNoAuditd } from './kernel.js'
import { daemonPids, pluginPids } from './our-log.js'
import { program, Scene, type AuditdSettings } from './scene.js'
import { until } from './until.js'

const AUDISPCTL = resolve('build/bin/audispctl')
/** Each is an event of five or six records: far more than a socket, a FIFO and small queues hold. */
const STORM = 2000
const TINY_BACKLOG = '8'
const BACKLOG = '8192'
const SETTLE_MS = 30_000

interface Ledger {
  readonly exitStatus: number
  readonly losers: readonly string[]
  readonly text: string
  readonly pending: number
  readonly missing: number
  readonly inAuditdsLog: { readonly had: number; readonly hadNot: number; readonly untold: number }
}

const run = promisify(execFile)
const skip = whyNoAuditd()

/** auditd and ours, with a plugin that gets everything; `more` adds others. */
async function open(
  t: Test,
  settings: AuditdSettings,
  more: (scene: Scene) => void = () => {},
): Promise<[Scene, Auditd]> {
  const scene = new Scene(t, settings)
  scene.settings(`drain_timeout = 1s\ncontrol_socket = ${scene.path('control.sock')}\n`)
  scene.pluginOfAuditd('string')
  scene.plugin('all', 'appends-stdin.sh', [scene.path('all.out')])
  more(scene)
  const auditd = await Auditd.start(t, scene)
  auditctl('--reset-lost')
  await until('the plugin', () => pluginPids(scene.read('audispd.log'), 'all').length === 1)
  await passes(scene)
  mkdirSync(scene.path('storm'))
  auditctl(
    '-a',
    'always,exit',
    '-F',
    'arch=b64',
    '-F',
    `dir=${scene.path('storm')}`,
    '-F',
    'perm=wa',
    '-F',
    'auid=4242',
  )
  return [scene, auditd]
}

async function storm(scene: Scene, events = STORM): Promise<void> {
  await run('/bin/sh', [program('audited-storm.sh'), scene.path('storm'), String(events)], { env: ENVIRONMENT })
}

let words = 0

/** A record more, again and again until the plugin has one of them: what came before has passed, or never will. */
async function passes(scene: Scene): Promise<void> {
  const word = `ledger-live-${process.pid}-${++words}`
  await until('a record to pass', () => {
    auditctl('-m', word)
    return scene.read('all.out').includes(word)
  })
}

/** What the ledger says once nothing is pending any more. */
async function settled(scene: Scene): Promise<Ledger> {
  return until(
    'the ledger to settle',
    () => {
      const found = ledgerOf(scene)
      return found.pending === 0 && found
    },
    SETTLE_MS,
  )
}

function ledgerOf(scene: Scene): Ledger {
  // The test runner adds to the environment of whatever is spawned.
  const command = ['-i', AUDISPCTL, 'ledger', '--since-start', '-c', scene.ourDir]
  const { stdout, stderr, status } = spawnSync('/usr/bin/env', [...command, '--json'], { encoding: 'utf8' })
  // Asked after it: once nothing is pending there, nothing is here.
  const text = spawnSync('/usr/bin/env', command, { encoding: 'utf8' }).stdout
  if (status !== 0 && status !== 1) throw new Error(`audispctl ledger: ${status}: ${stderr}`)
  const { losses, door } = JSON.parse(stdout)
  const [node] = door.serials.nodes
  return {
    exitStatus: status,
    losers: [...new Set<string>(losses.map(({ by, name }: { by: string; name: string }) => (name === '' ? by : name)))],
    text,
    pending: node.pending,
    missing: node.missing,
    inAuditdsLog: door.inAuditdsLog,
  }
}

void test('nothing is lost', { skip }, async (t) => {
  const [scene, auditd] = await open(t, {})
  await storm(scene, 100)
  await passes(scene)
  const { exitStatus, losers, missing, text } = await settled(scene)
  t.same({ exitStatus, losers, missing }, { exitStatus: 0, losers: [], missing: 0 }, text)
  await auditd.end()
})

void test('the kernel loses, for its backlog is tiny', { skip }, async (t) => {
  const wait = /^backlog_wait_time (\d+)/m.exec(auditctl('-s'))?.[1]
  const [scene, auditd] = await open(t, {})
  t.teardown(() => {
    if (wait !== undefined) auditctl('--backlog_wait_time', wait)
  })
  // Whoever makes a record must not wait for room.
  auditctl('--backlog_wait_time', '0')
  const before = kernelState().lost
  auditctl('-b', TINY_BACKLOG)
  process.kill(auditd.pid, 'SIGSTOP')
  try {
    await storm(scene)
  } finally {
    process.kill(auditd.pid, 'SIGCONT')
    auditctl('-b', BACKLOG)
  }
  t.ok(kernelState().lost > before, 'the kernel has lost records')
  await passes(scene)
  const { exitStatus, losers, text, inAuditdsLog } = await settled(scene)
  t.same({ exitStatus, losers }, { exitStatus: 1, losers: ['kernel'] }, text)
  t.equal(inAuditdsLog.had, 0, 'auditd had none of what is missing')
  t.match(text, /^lost {2}kernel: .*\n {6}auditctl -b 16384 \(now 8192\)/m)
  await auditd.end()
})

void test('auditd loses, for its queue is short and we stand still', { skip }, async (t) => {
  const [scene, auditd] = await open(t, { q_depth: 20 })
  const lostBefore = kernelState().lost
  const [pid = 0] = daemonPids(scene.read('audispd.log'))
  process.kill(pid, 'SIGSTOP')
  try {
    // A full queue costs auditd 8 ms a record.
    await storm(scene, 200)
    // Whatever it drops, it drops before it has written this one to its log.
    await mark(scene)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await passes(scene)
  t.equal(kernelState().lost, lostBefore, 'the kernel has lost nothing')
  const { exitStatus, losers, text, missing, inAuditdsLog } = await settled(scene)
  t.same({ exitStatus, losers }, { exitStatus: 1, losers: ['auditd'] }, text)
  t.ok(missing > 10, `${missing} events are missing`)
  t.ok(inAuditdsLog.had > 0, 'they are in its log')
  t.match(text, /^lost {2}auditd: .*\n {6}\S+\/auditd\.conf: q_depth = 20000 \(now 20\)/m)
  await auditd.end()
})

void test('we lose, for a queue of ours is short', { skip }, async (t) => {
  const [scene, auditd] = await open(t, {}, (place) => {
    place.plugin('stuck', 'never-reads.sh', [], { q_depth: '100', stop_timeout: '0.1s' })
  })
  await storm(scene)
  await passes(scene)
  const { exitStatus, losers, text, missing } = await settled(scene)
  t.same({ exitStatus, losers, missing }, { exitStatus: 1, losers: ['stuck'], missing: 0 }, text)
  t.match(
    text,
    /^lost {2}plugin stuck: .* records dropped: queue-full\n {6}\S+stuck\.conf: a larger q_depth \(now 100\)/m,
  )
  await auditd.end()
})
