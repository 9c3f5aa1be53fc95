import { test, type Test } from 'tap'
import type { LogConfig } from '../../../plugins/log/config.js'
import type { ReadSettings } from '../../../plugins/log/config-file.js'
import { logPlugin } from '../../../plugins/log/log-plugin.js'
import { Voice } from '../../../src/remote/voice.js'
import { testPlugin, type PluginDefinition, type TestDispatcher } from '../../../src/sdk/index.js'
import { Auditd, until } from '../../sdk/auditd.js'
import { DyingDisk } from './dying-disk.js'
import { line, LogPlace, textOf } from './log-place.js'

/** The plugin at a place, with a disk in the test's hands. */
class Scene {
  readonly place: LogPlace
  readonly disk = new DyingDisk()
  readonly signals = new Map<string, () => void>()
  reloaded: ReadSettings = { settings: undefined, problems: [] }
  said = ''
  readonly #changes: Partial<LogConfig>

  constructor(t: Test, changes: Partial<LogConfig> = {}, place = new LogPlace(t)) {
    this.place = place
    this.#changes = changes
  }

  plugin(): PluginDefinition {
    const voice = new Voice(this.place.clock, (text) => {
      this.said += text
    })
    return logPlugin({ config: this.place.config(this.#changes), gid: 0 }, () => this.reloaded, {
      disk: this.disk,
      clock: this.place.clock,
      voice,
      onSignal: (signal, listener) => this.signals.set(signal, listener),
    })
  }
}

/** Nothing is sent before READY. */
async function opened(scene: Scene): Promise<TestDispatcher> {
  const dispatcher = testPlugin(scene.plugin())
  await dispatcher.until(() => dispatcher.ready !== undefined)
  return dispatcher
}

const records = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => line(first + index).trimEnd())

const named = ({ commands }: TestDispatcher, name: string): string[] =>
  commands.filter((each) => each.name === name).map(({ args }) => args.join(' '))

void test('what is acknowledged is in the log; the next process says how far that is', async (t) => {
  const scene = new Scene(t)
  const dispatcher = await opened(scene)
  await dispatcher.acknowledged(dispatcher.send(...records(1, 5)))
  t.equal(scene.place.all(), textOf(1, 5))
  const seq = dispatcher.lost(3)
  await dispatcher.acknowledged(seq)
  t.equal(await dispatcher.stop(), 0)
  t.same(dispatcher.violations, [])

  const next = testPlugin(new Scene(t, {}, scene.place).plugin(), { hello: { next: 9 } })
  await next.until(() => next.ready !== undefined)
  t.ok(next.ready?.includes('from=9'), `${next.ready?.join(' ')}`)
  await next.acknowledged(next.send(...records(6, 6)))
  t.equal(scene.place.all(), textOf(1, 6))
  await next.stop()
})

void test('a full disk: nothing is acknowledged until there is room; STOP does not wait for it', async (t) => {
  const scene = new Scene(t, { diskFullAction: { kind: 'exec', name: 'page-me' } })
  const dispatcher = await opened(scene)
  await dispatcher.acknowledged(dispatcher.send(...records(1, 2)))
  scene.disk.roomBytes = 20
  const seq = dispatcher.send(...records(3, 4))
  await dispatcher.until(() => named(dispatcher, 'action').length > 0)
  t.same(named(dispatcher, 'action'), ['page-me'])
  t.ok(named(dispatcher, 'notify').some((text) => text.includes('the disk is full; the records wait')))
  t.equal(dispatcher.acked, 2)
  t.equal(scene.place.all(), textOf(1, 2))
  scene.disk.roomBytes = Infinity
  await scene.place.clock.pass(1000)
  await dispatcher.acknowledged(seq)
  t.equal(scene.place.all(), textOf(1, 4))

  scene.disk.roomBytes = 20
  dispatcher.send(...records(5, 6))
  await dispatcher.until(() => named(dispatcher, 'action').length > 1)
  t.equal(await dispatcher.stop(), 0)
  t.equal(dispatcher.acked, seq)
  t.equal(scene.place.all(), textOf(1, 4))
  const told = [scene.said, dispatcher.complaints, ...named(dispatcher, 'notify')].join('\n')
  t.notMatch(told, 'dropped', 'the dispatcher has them')
})

void test('USR1 rotates, USR2 goes on with what is suspended', async (t) => {
  const scene = new Scene(t, { maxFileAction: 'suspend', maxFileBytes: 100 })
  const dispatcher = await opened(scene)
  await dispatcher.acknowledged(dispatcher.send(...records(1, 1)))
  const seq = dispatcher.send(...records(2, 2))
  await dispatcher.until(() => named(dispatcher, 'notify').some((text) => text.includes('nothing is written until')))
  scene.signals.get('SIGUSR2')?.()
  await dispatcher.acknowledged(seq)
  scene.signals.get('SIGUSR1')?.()
  await dispatcher.acknowledged(dispatcher.send(...records(3, 3)))
  t.equal(scene.place.text('audit.log.1'), textOf(1, 2))
  t.equal(scene.place.text('audit.log'), textOf(3, 3))
  await dispatcher.stop()
})

void test('a reload takes what can change, says what cannot, and mistakes change nothing', async (t) => {
  const scene = new Scene(t)
  const dispatcher = await opened(scene)
  await dispatcher.acknowledged(dispatcher.send(...records(1, 1)))
  const says = async (text: string): Promise<void> => {
    await dispatcher.until(() => `${scene.said}${named(dispatcher, 'notify').join('\n')}`.includes(text))
  }
  scene.reloaded = {
    settings: undefined,
    problems: [{ level: 'error', file: 'f', line: 3, key: 'keep', text: 'wrong' }],
  }
  dispatcher.reload()
  await says('f:3: keep: wrong')
  await says('going on with the old one')
  scene.reloaded = {
    settings: { config: scene.place.config({ maxFileBytes: 100, names: 'solaris' }), gid: 0 },
    problems: [],
  }
  dispatcher.reload()
  await says('take effect when log is started anew')
  await says('the configuration was read again')
  await dispatcher.acknowledged(dispatcher.send(...records(2, 2)))
  t.same(scene.place.logs(), ['audit.log.1', 'audit.log'])
  await dispatcher.stop()
})

void test('a bug ends the process with status 70, and what it had in hand is not acknowledged', async (t) => {
  const scene = new Scene(t)
  const dispatcher = await opened(scene)
  scene.disk.onWrite = () => {
    throw new Error('a bug')
  }
  dispatcher.send(...records(1, 1))
  t.equal(await dispatcher.status, 70)
  t.match(dispatcher.complaints, 'a bug')
  t.same(dispatcher.acks, [])
})

void test('a reload is heard while the disk is full, and goes on with what was suspended', async (t) => {
  const scene = new Scene(t, { diskFullAction: { kind: 'suspend' } })
  const dispatcher = await opened(scene)
  await dispatcher.acknowledged(dispatcher.send(...records(1, 1)))
  scene.disk.roomBytes = 0
  const seq = dispatcher.send(...records(2, 3))
  await dispatcher.until(() => named(dispatcher, 'notify').some((text) => text.includes('nothing is written until')))
  scene.disk.roomBytes = Infinity
  scene.reloaded = { settings: { config: scene.place.config(), gid: 0 }, problems: [] }
  dispatcher.reload()
  await dispatcher.acknowledged(seq)
  t.equal(scene.place.all(), textOf(1, 3))
  await dispatcher.stop()
})

void test('under auditd: all is written, and on a full disk so much waits, and the rest is counted', async (t) => {
  const scene = new Scene(t)
  const auditd = new Auditd(scene.plugin())
  auditd.write(textOf(1, 3))
  await until(() => scene.place.names().includes('audit.log') && scene.place.all() === textOf(1, 3))
  scene.disk.roomBytes = 20
  auditd.write(textOf(4, 5))
  await until(() => scene.said.includes('the disk is full') || auditd.complaints.includes('the disk is full'))
  auditd.write(textOf(6, 6))
  scene.disk.roomBytes = Infinity
  await scene.place.clock.pass(1000)
  await until(() => scene.place.all() === textOf(1, 6))
  auditd.write(textOf(7, 7))
  t.equal(await auditd.end(), 0)
  t.equal(scene.place.all(), textOf(1, 7))
  // Nobody numbers its records, so nothing is cut off at the next start.
  const next = new Auditd(new Scene(t, {}, scene.place).plugin())
  next.write(textOf(8, 9))
  t.equal(await next.end(), 0)
  t.equal(scene.place.all(), textOf(1, 9))
})

void test('under auditd: the end on a full disk tells how many are lost', async (t) => {
  const scene = new Scene(t)
  const auditd = new Auditd(scene.plugin())
  auditd.write(textOf(1, 1))
  await until(() => scene.place.names().includes('audit.log') && scene.place.all() === textOf(1, 1))
  scene.disk.roomBytes = 0
  auditd.write(textOf(2, 4))
  t.equal(await auditd.end(), 0)
  t.match(`${scene.said}${auditd.complaints}`, /records were dropped, as nothing could be written records=3/)
})
