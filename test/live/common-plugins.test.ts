// Every plugin that comes with audispd but the remote pair, all at once, as drop-ins of the real auditd: it gives them lines and
// nothing else, and each does its work on what the kernel audits.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { resolve } from 'node:path'
import { test, type Test } from 'tap'
import { beActive, mark, markUntil } from './activity.js'
import { Auditd } from './auditd.js'
import { ENVIRONMENT, missingPrograms, whyNoAuditd, whyNoNamespace } from './kernel.js'
import { eventIds, firstDifference, givenRecords, linesOf, loggedRecords } from './record-lines.js'
import { keysAndValues, program, Scene } from './scene.js'
import { listenForSyslog, syslogTexts } from './syslog.js'
import { until } from './until.js'

const PYTHON = '/usr/bin/python3'
const PACKET =
  'Nov 22 07:10:32 vm kernel: [ 12.5] live IN=lo OUT= MAC= SRC=192.0.2.1 DST=192.0.2.2 LEN=31 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=UDP SPT=1024 DPT=53 LEN=11 '
const SEND_USER_AVC = `
import audit
text = 'avc:  denied  { send_msg } for  scontext=a:b:c_t:s0 tcontext=a:b:d_t:s0 tclass=dbus'
audit.audit_log_user_avc_message(audit.audit_open(), audit.AUDIT_USER_AVC, text, None, None, None, 0)
`

const skip =
  whyNoAuditd() ||
  whyNoNamespace() ||
  missingPrograms('dbus-daemon') ||
  (spawnSync(PYTHON, ['-c', 'import dbus, audit; from gi.repository import GLib']).status === 0
    ? ''
    : 'no Python with dbus, gi and audit (scripts/install-peers.sh)')

/** A drop-in of auditd's for one of our programs; auditd 3 passes no more than two arguments. */
function plugin(scene: Scene, name: string, args: string, path = resolve(`build/bin/audispd-${name}`)): void {
  const keys = { active: 'yes', direction: 'out', path, args, type: 'always', format: 'string' }
  scene.write(`auditd/plugins.d/${name}.conf`, keysAndValues(keys))
}

/** A message bus that starts a setroubleshootd when it is called; gives its socket, and what ends it. */
async function messageBus(t: Test, scene: Scene): Promise<{ socket: string; stop: () => Promise<void> }> {
  const name = 'org.fedoraproject.Setroubleshootd'
  const socket = scene.path('bus')
  const service = { Name: name, Exec: `${PYTHON} ${program('setroubleshootd.py')} ${scene.path('told')}` }
  mkdirSync(scene.path('services'))
  scene.write(`services/${name}.service`, `[D-BUS Service]\n${keysAndValues(service).replaceAll(' = ', '=')}`)
  const policy =
    '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>'
  const listen = `<listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>`
  const services = `<servicedir>${scene.path('services')}</servicedir>`
  scene.write('bus.conf', `<busconfig><type>session</type>${listen}${services}${policy}</busconfig>`)
  const args = [`--config-file=${scene.path('bus.conf')}`, '--nofork', '--nopidfile', '--print-address']
  const child = spawn('dbus-daemon', args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  t.teardown(stop)
  await once(child.stdout, 'data')
  return { socket, stop }
}

/** A client of the socket, from when it gets something; gives what it has got so far. */
async function client(t: Test, scene: Scene, socket: string): Promise<() => string> {
  let got = ''
  const text = (): string => got
  // It has its name a moment before it listens.
  await until('the socket', () => listens(socket))
  const connection = createConnection(socket)
  connection.setEncoding('latin1').on('data', (more: string) => (got += more))
  t.teardown(() => connection.destroy())
  await once(connection, 'connect')
  await markUntil(scene, 'the client to get something', () => text() !== '')
  return text
}

/** By the kernel's table: its flag is that of a socket that accepts. */
function listens(socket: string): boolean {
  const sockets = readFileSync('/proc/net/unix', 'latin1').split('\n')
  return sockets.some((line) => line.endsWith(` ${socket}`) && line.includes(' 00010000 '))
}

/** From the record with the one word to that with the other. */
function between(lines: readonly string[], begin: string, end: string): string[] {
  const from = lines.findIndex((line) => line.includes(begin))
  return lines.slice(
    from,
    lines.findIndex((line) => line.includes(end)),
  )
}

void test('each plugin does its work under the real auditd', { skip }, async (t) => {
  const scene = new Scene(t, { log_format: 'ENRICHED' })
  const mounts = await listenForSyslog(t, scene)
  mkdirSync(scene.path('log'), { mode: 0o700 })
  scene.write('log.conf', `log_file = ${scene.path('log/audit.log')}\n`)
  const notify = 'notify warn "a program was started" limit 1/hour when type r= EXECVE'
  scene.write('filter.rules', `${notify}\ndrop when type r= EXECVE\n`)
  const child = `${program('appends-stdin.sh')} ${scene.path('filter.out')}`
  scene.write(
    'filter.conf',
    keysAndValues({ rules: scene.path('filter.rules'), child, status: scene.path('filter.json') }),
  )
  scene.write('packets', '')
  const packets = { source: 'syslog', file: scene.path('packets'), output: 'kernel' }
  scene.write('iptables.conf', keysAndValues({ ...packets, position_file: scene.path('position') }))
  plugin(scene, 'syslog', 'LOG_INFO LOG_LOCAL6')
  plugin(
    scene,
    'filter',
    `${resolve('build/bin/audispd-filter')} ${scene.path('filter.conf')}`,
    program('says-into-nothing.sh'),
  )
  plugin(scene, 'af-unix', `0600 ${scene.path('records')}`)
  const bus = await messageBus(t, scene)
  plugin(scene, 'setroubleshoot', `${bus.socket} --types=USER_AVC`)
  plugin(scene, 'log', scene.path('log.conf'))
  plugin(scene, 'iptables', scene.path('iptables.conf'))
  plugin(
    scene,
    'print',
    `${scene.path('print.out')} ${resolve('build/bin/audispd-print')}`,
    program('prints-to-file.sh'),
  )
  const through = mounts.length === 0 ? [] : ['/bin/sh', program('with-mounts.sh'), ...mounts, '--']
  const auditd = await Auditd.start(t, scene, { underMdwe: true, through })
  const socketText = await client(t, scene, scene.path('records'))
  const begin = await mark(scene)
  appendFileSync(scene.path('packets'), `${PACKET}\n`)
  await until('the packet', () => /type=USER .*\bsport=1024\b/.test(scene.read('audit.log')))
  t.equal(spawnSync(PYTHON, ['-c', SEND_USER_AVC], { env: ENVIRONMENT }).status, 0)
  const last = await beActive(scene)
  const end = await mark(scene)
  t.equal(auditd.lostByKernel, 0, 'the kernel lost nothing')
  const files = ['log/audit.log', 'syslog.out', 'filter.out']
  await until('the files', () =>
    files.every((file) => scene.read(file).includes(end) && scene.read(file).endsWith('\n')),
  )
  await until('the client', () => socketText().includes(end) && socketText().endsWith('\n'))
  await until('the event', () => scene.read('told').includes('USER_AVC'))
  const logged = between(loggedRecords(scene.read('audit.log')), begin, end)
  t.ok(logged.length > 1000 && logged.some((line) => line.includes(last)))

  t.equal(firstDifference(between(givenRecords(socketText()), begin, end), logged), '', 'af-unix: every record')
  const kept = between(givenRecords(scene.read('log/audit.log')), begin, end)
  t.equal(firstDifference(kept, logged), '', 'log: every record')

  const wanted = new Set(logged.map((line) => line.replace('\x1d', ' ')))
  const told = syslogTexts(scene.read('syslog.out'), 'audispd').filter((line) => wanted.has(line))
  t.equal(firstDifference(told, [...wanted]), '', 'syslog: every record, as audisp-syslog sends it')

  const execs = new Set(eventIds(logged.filter((line) => /type=EXECVE /.test(line))))
  const others = logged.filter((line) => eventIds([line]).every((id) => !execs.has(id)))
  t.ok(execs.size > 100 && others.length > 100)
  // What a crash or a terminal wrote is an event that nothing completes: it comes when its time is over.
  const passed = await until('the filter', () => {
    const text = scene.read('filter.out')
    const found = new Set(text.endsWith('\n') ? givenRecords(text) : [])
    return others.every((line) => found.has(line)) && found
  })
  t.same(
    eventIds([...passed]).filter((id) => execs.has(id)),
    [],
    'filter: every record of an event without EXECVE, and no other',
  )
  const said = (): string[] => syslogTexts(scene.read('syslog.out'), 'audispd-filter')
  await until('the notification', () => said().some((line) => line.includes('a program was started')))

  await auditd.end()
  await bus.stop()
  await auditd.nothingLeft()
  const shown = new Set(
    linesOf(scene.read('print.out')).map((line) => /^\S+T(\S+)Z #(\d+) /.exec(line)?.slice(1).join(' ') ?? line),
  )
  const events = eventIds(logged).map((id) => {
    const [seconds = '', serial = ''] = id.split(':')
    return `${new Date(Math.round(Number(seconds) * 1000)).toISOString().slice(11, -1)} ${serial}`
  })
  t.same(
    events.filter((event) => !shown.has(event)),
    [],
    'print: every event',
  )
  t.match(scene.read('told'), /"call": "avc".*type=USER_AVC/, 'setroubleshoot: the event')
  t.match(scene.read('audit.log'), /type=USER .*saddr=192\.0\.2\.1 .*dport=53/, 'iptables: the packet')
  // auditd 3 throws away what its queue still holds when it ends; DAEMON_END may be among it.
  t.match(scene.read('log/audit.log'), /^type=DAEMON_START /, 'log: from the first record on')
  t.comment(`${logged.length} records, ${events.length} events`)
})
