// The real message bus, which starts a setroubleshootd that reads as the real one does: events come whole, failures and deaths
// over an event cost that event alone, and a bus that is stopped is waited for. And the real auditd with this plugin.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Daemon } from '../e2e/daemon.js'
import { Place } from '../e2e/place.js'
import { frame } from '../e2e/records.js'
import { avcEvent, selinuxErrRecord, syscallRecord } from '../plugins/setroubleshoot/alerts.js'
import { Auditd } from './auditd.js'
import { mark } from './activity.js'
import { ENVIRONMENT, missingPrograms, whyNoAuditd } from './kernel.js'
import { isRunning } from './processes.js'
import { keysAndValues, program, Scene } from './scene.js'
import { until } from './until.js'

const PROGRAM = resolve('build/bin/audispd-setroubleshoot')
const PYTHON = '/usr/bin/python3'
const EVENTS = 40
const SEND_USER_AVC = `
import audit, sys
fd = audit.audit_open()
text = 'avc:  denied  { send_msg } for  scontext=a:b:c_t:s0 tcontext=a:b:d_t:s0 tclass=dbus word=' + sys.argv[1]
audit.audit_log_user_avc_message(fd, audit.AUDIT_USER_AVC, text, None, None, None, 0)
`

interface Told {
  readonly pid: number
  readonly call: string
  readonly text?: string
  readonly unfinished?: string
  readonly users?: number
  readonly events?: readonly { readonly id: string; readonly records: readonly (readonly [string, string])[] }[]
}

/** A message bus of our own in a directory; what is called there is started on demand. */
class Bus {
  readonly socket: string
  readonly #dir: string
  readonly #read: () => string
  #child: ChildProcess | undefined

  constructor(t: Test, dir: string, read: (name: string) => string) {
    this.#dir = dir
    this.socket = join(dir, 'bus')
    this.#read = () => read('told')
    mkdirSync(join(dir, 'services'))
    const service = `[D-BUS Service]\nName=org.fedoraproject.Setroubleshootd\nExec=${PYTHON} ${program('setroubleshootd.py')} ${join(dir, 'told')}\n`
    writeFileSync(join(dir, 'services', 'org.fedoraproject.Setroubleshootd.service'), service)
    writeFileSync(
      join(dir, 'bus.conf'),
      `<busconfig><type>session</type><listen>unix:path=${this.socket}</listen>
      <auth>EXTERNAL</auth><servicedir>${join(dir, 'services')}</servicedir>
      <policy context="default"><allow send_destination="*" eavesdrop="true"/>
      <allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
    )
    t.teardown(() => this.stop())
  }

  async start(): Promise<void> {
    const args = [`--config-file=${join(this.#dir, 'bus.conf')}`, '--nofork', '--nopidfile', '--print-address']
    const child = spawn('dbus-daemon', args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'ignore'] })
    this.#child = child
    await once(child.stdout, 'data')
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    await until('the end of setroubleshootd', () => !this.told.some(({ pid }) => isRunning(pid)))
  }

  get told(): Told[] {
    const lines = this.#read().split('\n').slice(0, -1)
    return lines.map((line): Told => JSON.parse(line))
  }

  calls(call: string): Told[] {
    return this.told.filter((told) => told.call === call)
  }

  async hasGot(serial: number): Promise<void> {
    await until(`event ${serial}`, () => this.calls('avc').some(({ text = '' }) => text.includes(`:${serial})`)))
  }
}

const skip =
  missingPrograms('dbus-daemon') ||
  (spawnSync(PYTHON, ['-c', 'import dbus, audit; from gi.repository import GLib']).status === 0
    ? ''
    : 'no Python with dbus, gi and audit (scripts/install-peers.sh)')

void t.test('events come whole over the real bus, whatever happens to setroubleshootd', { skip }, async (t) => {
  const place = new Place(t)
  const bus = new Bus(t, place.dir, (name) => place.read(name).toString())
  await bus.start()
  place.dropIn('setroubleshoot', [`path = ${PROGRAM}`, `args = ${bus.socket} --queue 3`, 'format = protocol'])
  const daemon = new Daemon(t, place)
  await daemon.running('setroubleshoot')
  const write = async (...records: readonly string[]): Promise<void> => {
    await daemon.write(Buffer.concat(records.map((record) => frame(record, 0))))
  }
  for (let serial = 1; serial <= EVENTS; serial++) {
    // The records of two events interleave, and one is about something else.
    const [one, other] = [avcEvent(serial), [syscallRecord(serial + 1000)]]
    await write(...one.slice(0, 2), ...other, ...one.slice(2))
    await bus.hasGot(serial)
  }
  t.same(
    bus.calls('avc').map(({ text }) => text),
    Array.from({ length: EVENTS }, (_, at) => `${avcEvent(at + 1).join('\n')}\n`),
  )
  t.ok(bus.calls('avc').every(({ unfinished, events }) => unfinished === '' && events?.length === 1))
  t.same(
    bus.calls('avc')[0]?.events?.[0]?.records.map(([type]) => type),
    ['AVC', 'SYSCALL', 'PATH'],
  )
  t.equal(bus.calls('start').length, 1)

  await write(selinuxErrRecord(2001), syscallRecord(2001), `type=EOE msg=audit(1700000000.123:2001): `)
  await daemon.says(['cannot make anything of an event', 'AttributeError', 'has no attribute'])
  await until('finish', () => bus.calls('finish').length === 1)
  t.equal(bus.calls('finish')[0]?.users, 0, 'its count of users is right again')

  await write(...avcEvent(2002, 'comm="poison"'), ...avcEvent(2003))
  await bus.hasGot(2003)
  t.equal(bus.calls('poison').length, 3)
  t.equal(bus.calls('start').length, 4, 'the bus starts it again for each try, and for the next event')
  await daemon.says(['setroubleshootd takes events again'])

  await bus.stop()
  for (let serial = 3001; serial <= 3005; serial++) await write(...avcEvent(serial))
  await daemon.says(['setroubleshootd cannot be reached: events wait'], 2)
  await daemon.says(['too many events wait for setroubleshootd: the newest are dropped'])
  await bus.start()
  await daemon.says(['setroubleshootd takes events again', 'dropped=2'])
  await bus.hasGot(3003)
  await write(...avcEvent(3006))
  await bus.hasGot(3006)
  t.same(
    bus
      .calls('avc')
      .slice(-4)
      .map(({ text = '' }) => Number(/:(\d+)\)/.exec(text)?.[1])),
    [3001, 3002, 3003, 3006],
  )
  t.same(await daemon.finish(), { code: 0, signal: null })
  t.match(daemon.ledger('setroubleshoot'), { balanced: true, dropped: 0, queued: 0 })
})

void t.test('as a plugin of the real auditd', { skip: whyNoAuditd() || skip }, async (t) => {
  const scene = new Scene(t, { log_format: 'ENRICHED' })
  const bus = new Bus(t, scene.dir, (name) => scene.read(name))
  await bus.start()
  const keys = { active: 'yes', direction: 'out', path: PROGRAM, type: 'always', format: 'string' }
  // auditd 3 passes no more than two arguments.
  scene.write('auditd/plugins.d/se.conf', keysAndValues({ ...keys, args: `${bus.socket} --types=USER_AVC` }))
  const auditd = await Auditd.start(t, scene, { underMdwe: true })
  for (let n = 0; n < 3; n++) {
    await mark(scene)
    const word = `live-${process.pid}-${n}`
    t.equal(spawnSync(PYTHON, ['-c', SEND_USER_AVC, word], { env: ENVIRONMENT }).status, 0)
    await until('the event', () => bus.calls('avc').some(({ text = '' }) => text.includes(word)))
  }
  t.ok(
    bus
      .calls('avc')
      .every(({ text = '' }) => /^type=USER_AVC msg=audit\([^\n]*\n$/.test(text) && !text.includes('\u001d')),
  )
  t.equal(bus.calls('avc').length, 3, 'and nothing else')
  await auditd.end()
  await bus.stop()
  await auditd.nothingLeft()
})
