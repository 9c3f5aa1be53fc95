// remote-recv under its dispatcher: what it has acknowledged stands in its journal once and in order, and goes to the dispatcher's plugins.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { runWork } from '../../src/journal/file-port.js'
import { NodeFilePort } from '../../src/journal/node-file-port.js'
import { verify } from '../../src/journal/verify.js'
import { Random } from '../protocol/random.js'
import { freePort } from '../free-port.js'
import { Daemon } from './daemon.js'
import { endAtSigterm, keeper, kept, NO_INPUT } from './keeper.js'
import { Place } from './place.js'
import { PlaySender } from './play-sender.js'
import { range } from './records.js'

const MAIN = resolve('build/plugins/remote-recv/main.js')

class Scene {
  readonly place: Place
  readonly port: number
  readonly senders: PlaySender[] = []
  readonly test: Test

  static async begin(test: Test, lines: readonly string[] = []): Promise<Scene> {
    const scene = new Scene(test, await freePort())
    scene.configure(lines)
    const args = `${MAIN} ${scene.place.path('remote-recv.conf')}`
    const more = ['format = protocol', 'direction = in', 'restart_delay = 10ms..10ms', 'max_restarts = 0']
    scene.place.dropIn('remote-recv', [`path = ${process.execPath}`, `args = ${args}`, ...more])
    keeper(scene.place, 'sink')
    return scene
  }

  private constructor(test: Test, port: number) {
    this.test = test
    this.place = new Place(test)
    this.port = port
    test.teardown(() => {
      for (const sender of this.senders) sender.close()
    })
  }

  configure(lines: readonly string[] = [], port = this.port): void {
    const common = [
      `listen = 127.0.0.1:${port}`,
      'transport = tcp',
      `journal_dir = ${this.place.path('journal')}`,
      'min_fs_free = 0',
      'low_fs_free = 0',
      'max_connections = 10',
    ]
    if (!lines.some((line) => line.startsWith('allow_file'))) common.push('allow_file = none')
    writeFileSync(this.place.path('remote-recv.conf'), [...common, ...lines, ''].join('\n'))
  }

  sender(digit: string, serial: number, port = this.port): PlaySender {
    const sender = new PlaySender(() => port, digit, serial)
    this.senders.push(sender)
    return sender
  }

  daemon(): Daemon {
    return new Daemon(this.test, this.place, NO_INPUT)
  }

  /** What stands in the journal, in its order. */
  async journal(): Promise<{ serials: number[]; findings: readonly unknown[] }> {
    const port = new NodeFilePort(this.place.path('journal'))
    const { findings } = await runWork(port, verify())
    await port.close()
    const text = execFileSync('/bin/sh', ['-c', `cat ${this.place.path('journal')}/*[0-9].log`], { encoding: 'latin1' })
    return { serials: [...text.matchAll(/:(\d+)\): x/g)].map(([, serial]) => Number(serial)), findings }
  }
}

void t.test('records of several senders: acknowledged, in the log that is read, and handed over', async (t) => {
  const scene = await Scene.begin(t)
  const [one, two] = [scene.sender('1', 0).begin(), scene.sender('2', 10_000).begin()]
  const daemon = scene.daemon()
  for (let block = 0; block < 50; block++) {
    one.add(10)
    two.add(1)
  }
  await daemon.until(() => one.acked === 500 && two.acked === 50, 'all is acknowledged')
  await daemon.until(() => kept(scene.place, 'sink').length === 550, 'all is handed over')
  const log = scene.place.read('journal/remote.log').toString()
  t.equal(log.split('\n').length - 1, 550)
  process.kill(daemon.pidOf('remote-recv'), 'SIGUSR1')
  await daemon.says(['a new segment was begun'])
  one.add(5)
  await daemon.until(() => kept(scene.place, 'sink').length === 555, 'the rest is handed over')
  t.equal(scene.place.read('journal/remote.log').toString().split('\n').length - 1, 5)
  await endAtSigterm(t, daemon)
  t.match(one.states, ['draining'])
  const status: unknown = JSON.parse(readFileSync(scene.place.path('journal/status.json'), 'utf8'))
  t.match(status, { program: 'remote-recv', state: 'stopped', handOver: { last: 555, acked: 555 } })
  t.same([...one.wrong, ...two.wrong], [])
})

void t.test(
  'killed again and again, connections cut: each record once in the journal and once handed over',
  async (t) => {
    const scene = await Scene.begin(t)
    const random = new Random(11)
    const senders = ['1', '2', '3'].map((digit, index) => scene.sender(digit, index * 1_000_000).begin())
    const daemon = scene.daemon()
    await daemon.running('remote-recv')
    for (let kill = 0; kill < 8; kill++) {
      const pid = daemon.pidOf('remote-recv')
      const before = senders.map(({ acked }) => acked)
      for (const sender of senders)
        for (let blocks = random.below(30) + 1; blocks > 0; blocks--) sender.add(1 + random.below(20))
      if (kill % 3 === 0) senders[kill % 2]?.cut()
      if (random.below(2) === 0)
        await daemon.until(() => senders.some(({ acked }, at) => acked > (before[at] ?? 0)), 'an ACK')
      process.kill(pid, 'SIGKILL')
      await daemon.runningAnew('remote-recv', pid)
    }
    await daemon.until(() => senders.every(({ acked, last }) => acked === last), 'all is acknowledged')
    const count = senders.reduce((sum, { last }) => sum + last, 0)
    await daemon.until(() => kept(scene.place, 'sink').length >= count, 'all is handed over')
    await endAtSigterm(t, daemon)
    const { serials, findings } = await scene.journal()
    t.same(kept(scene.place, 'sink'), serials, 'in the order of the journal, each once')
    for (const [index, { last }] of senders.entries()) {
      const from = index * 1_000_000
      t.same(
        serials.filter((serial) => serial > from && serial <= from + 1_000_000),
        range(from + 1, from + last),
      )
    }
    t.same(findings, [])
    t.same(
      senders.flatMap(({ wrong }) => wrong),
      [],
    )
  },
)

void t.test('its dispatcher killed: nothing is lost, and of what was handed over only the last repeats', async (t) => {
  const scene = await Scene.begin(t)
  const sender = scene.sender('1', 0).begin()
  let daemon = scene.daemon()
  for (let kill = 0; kill < 3; kill++) {
    for (let block = 0; block < 20; block++) sender.add(10)
    await daemon.until(() => kept(scene.place, 'sink').length > kill * 100, 'something is handed over')
    daemon.signal('SIGKILL')
    await daemon.until(() => daemon.hasEnded, 'the dispatcher is dead')
    daemon = scene.daemon()
  }
  await daemon.running('remote-recv', 'sink')
  await daemon.until(() => sender.acked === sender.last, 'all is acknowledged')
  await daemon.until(() => kept(scene.place, 'sink').at(-1) === sender.last, 'all is handed over')
  await endAtSigterm(t, daemon)
  t.same((await scene.journal()).serials, range(1, sender.last))
  const got = kept(scene.place, 'sink')
  t.same([...new Set(got)], range(1, sender.last))
  t.same(sender.wrong, [])
})

void t.test(
  'a reload: who is not allowed any more goes, another port is opened, and mistakes change nothing',
  async (t) => {
    const scene = await Scene.begin(t)
    const allow = scene.place.path('allow')
    writeFileSync(allow, '127.0.0.1\n')
    scene.configure([`allow_file = ${allow}`])
    const sender = scene.sender('1', 0).begin()
    const daemon = scene.daemon()
    sender.add(1)
    await daemon.until(() => sender.acked === 1, 'it is let in')

    const reload = async (count: number, words: readonly string[]): Promise<void> => {
      process.kill(daemon.pidOf('remote-recv'), 'SIGHUP')
      await daemon.says(words, count)
    }
    writeFileSync(allow, '127.0.0.1 revoked\n')
    await reload(1, ['the configuration was read again'])
    await daemon.until(() => sender.errors.includes('refused'), 'it is told to go')
    await daemon.says(['a sender was refused', 'revoked'])

    writeFileSync(allow, '127.0.0.1 revokked\n')
    await reload(1, ['the configuration has mistakes'])
    const other = await freePort()
    writeFileSync(allow, '127.0.0.1\n')
    scene.configure([`allow_file = ${allow}`], other)
    await reload(2, ['the configuration was read again'])
    const late = scene.sender('2', 5000, other).begin()
    late.add(3)
    await daemon.until(() => late.acked === 3, 'the new port is open')
    t.equal(sender.acked, 1)
    await endAtSigterm(t, daemon)
  },
)

void t.test('a port in use is told and tried again; the rest works', async (t) => {
  const scene = await Scene.begin(t)
  const blocker = createServer()
  await new Promise<void>((listening) => blocker.listen(scene.port, '127.0.0.1', listening))
  const sender = scene.sender('1', 0)
  sender.add(2)
  const daemon = scene.daemon()
  await daemon.says(['cannot listen; trying again', 'EADDRINUSE'])
  await new Promise((closed) => blocker.close(closed))
  sender.begin()
  await daemon.until(() => sender.acked === 2, 'it listens now')
  await endAtSigterm(t, daemon)
})

void t.test('a full disk: nothing is acknowledged, connections stay, and all goes on by itself', async (t) => {
  const scene = await Scene.begin(t, ['segment_size = 4M'])
  const dir = scene.place.path('journal')
  mkdirSync(dir)
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir])
  t.teardown(() => execFileSync('/bin/umount', ['-l', dir]))
  const ballast = `${dir}/ballast`
  writeFileSync(ballast, Buffer.alloc(600 * 1024))
  const sender = scene.sender('1', 0).begin()
  const daemon = scene.daemon()
  for (let block = 0; block < 20; block++) sender.add(500)
  await daemon.until(() => sender.states.includes('full'), 'it says that its disk is full')
  const { acked, connections } = sender
  t.ok(acked < sender.last)
  const next = scene.sender('2', 50_000).begin()
  next.add(1)
  await daemon.until(() => next.connections > 0, 'others may still connect')
  renameSync(ballast, `${ballast}.gone`)
  execFileSync('/bin/rm', [`${ballast}.gone`])
  await daemon.until(() => sender.acked === sender.last && next.acked === 1, 'all is acknowledged')
  t.same([sender.connections, next.connections], [connections, 1])
  await daemon.until(() => kept(scene.place, 'sink').length === sender.last + 1, 'all is handed over')
  await endAtSigterm(t, daemon)
  t.same((await scene.journal()).findings, [])
})

void t.test('mistakes in the configuration: exit status 78, with file and line', async (t) => {
  const scene = await Scene.begin(t, ['receive_bugdet = 1M'])
  const daemon = scene.daemon()
  await daemon.says(['remote-recv.conf:8', 'receive_budget'])
  await daemon.says(['plugin failed'])
  await endAtSigterm(t, daemon)
})
