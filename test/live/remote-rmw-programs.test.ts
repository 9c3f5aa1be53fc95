// The programs themselves, under the dispatcher, with auditd's own at the other end.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { AudispRemote, run, sampleRecord, sampleRecords, shortDir } from './audisp-remote.js'
import { Feeder } from './feeder.js'
import { missingPrograms, whyNoNamespace } from './kernel.js'
import { OurDaemon } from './our-daemon.js'
import { pluginPids } from './our-log.js'
import { AUDITD_PORT, RemoteAuditd } from './remote-auditd.js'
import { keysAndValues, program, Scene } from './scene.js'
import { until } from './until.js'

const INSIDE = 'AUDISPD_TEST_IN_ITS_OWN_NET'
const RMW_PORT = 6060

const skip = whyNoNamespace() || missingPrograms('auditd', 'audisp-remote', 'timeout', 'ip', 'mount')

if (process.env[INSIDE] === undefined && skip === '') {
  const file = fileURLToPath(import.meta.url)
  const env = { ...process.env, [INSIDE]: 'yes' }
  void test('in a network of its own', (t) => t.spawn(program('in-its-own-net.sh'), [process.execPath, file], { env }))
} else {
  if (skip === '') AudispRemote.showConfiguration()

  void test('audisp-remote into remote-recv, which is killed again and again', { skip }, async (t) => {
    const scene = new Scene(t)
    dropIn(scene, 'remote-recv', 'in', {
      rmw_listen: `127.0.0.1:${RMW_PORT}`,
      journal_dir: scene.path('journal'),
      allow_file: 'none',
      min_fs_free: 0,
      low_fs_free: 0,
    })
    scene.plugin('string', 'appends-stdin.sh', [scene.path('string.out')])
    const daemon = OurDaemon.start(t, scene)
    const pids = (): number[] => pluginPids(scene.read('audispd.log'), 'remote-recv')
    const given = (): string[] => linesOf(scene.path('string.out')).filter((line) => line.startsWith('node=n1 '))
    const listens = (): number => scene.read('audispd.log').split('stderr="listening for senders').length - 1
    await until('remote-recv', () => listens() === 1)
    const arrived = (): number => new Set(given()).size
    const feeder = new Feeder(t, RMW_PORT, arrived)
    const kills = 4
    for (let kill = 0; kill <= kills; kill++) {
      const before = feeder.fed
      feeder.feed(300)
      await feeder.until('some of it', () => arrived() > before)
      if (kill === kills) break
      const pid = pids().at(-1)
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      await until('the next process', () => listens() === kill + 2)
    }
    await feeder.until('all of it', () => feeder.hasArrived)
    const { fed } = feeder
    t.same([...new Set(given())], sampleRecords(1, fed), 'the plugins have all of it, in order')
    const journal = run(resolve('build/bin/audispctl'), 'remote', 'export', scene.path('journal'))
    t.same(journal.trimEnd().split('\n'), sampleRecords(1, fed), 'in the journal each is once, in order')
    await feeder.end()
    t.equal(await daemon.end(), 0)
  })

  void test('remote-send into auditd, both of which are killed', { skip }, async (t) => {
    const scene = new Scene(t)
    const auditd = new RemoteAuditd(t, shortDir(t))
    await auditd.start()
    dropIn(scene, 'remote-send', 'out', {
      server: `127.0.0.1:${AUDITD_PORT}`,
      protocol: 'managed',
      spool_dir: scene.path('spool'),
      min_fs_free: 0,
      network_retry_time: '0.1s..0.5s',
    })
    const daemon = OurDaemon.start(t, scene)
    const pids = (): number[] => pluginPids(scene.read('audispd.log'), 'remote-send')
    await until('remote-send', () => pids().length === 1)
    let fed = 0
    const feed = (count: number): void => {
      daemon.feed(`${sampleRecords(fed + 1, fed + count).join('\n')}\n`)
      fed += count
    }
    const ours = (): string[] => auditd.records().filter((line) => line.startsWith('node=n1 '))
    const kills = 3
    for (let kill = 0; kill < kills; kill++) {
      feed(2000)
      await until('some of it', () => ours().length > fed - 2000, 40_000)
      const pid = pids().at(-1)
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      await until('the next process', () => pids().length === kill + 2)
      feed(500)
      await auditd.end(kill % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
      feed(500)
      await auditd.start()
    }
    feed(1)
    await until('all of it', () => ours().includes(sampleRecord(fed)), 60_000)
    const stored = ours()
    t.same(new Set(stored), new Set(sampleRecords(1, fed)), 'nothing is lost')
    const again = stored.length - new Set(stored).size
    t.ok(again <= kills * (1024 + 256), `${again} of ${stored.length} again`)
    t.ok(
      auditd.records().some((line) => line.includes("msg='op=dispatcher-start ")),
      "the dispatcher's own too",
    )
    t.equal(await daemon.end(), 0)
  })
}

function dropIn(
  scene: Scene,
  name: 'remote-recv' | 'remote-send',
  direction: 'in' | 'out',
  keys: Readonly<Record<string, string | number>>,
): void {
  const transport = name === 'remote-send' ? { transport: 'tcp' } : {}
  scene.write(`${name}.conf`, keysAndValues({ ...transport, ...keys }))
  const path = resolve(`build/bin/audispd-${name}`)
  const more = { format: 'protocol', restart_delay: '0.01s..0.1s', max_restarts: 0 }
  scene.dropIn(name, keysAndValues({ active: 'yes', direction, path, args: scene.path(`${name}.conf`), ...more }))
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(0, -1)
  } catch {
    // ENOENT: nothing has been written yet.
    return []
  }
}
