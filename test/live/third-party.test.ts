import { chownSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { test } from 'tap'
import { beActive } from './activity.js'
import { Auditd } from './auditd.js'
import { missingPrograms, whyNoAuditd, whyNoNamespace } from './kernel.js'
import { ledger } from './our-log.js'
import { eventIds, firstDifference, givenRecords, loggedRecords, owedRecords, ownRecords } from './record-lines.js'
import { program, Scene } from './scene.js'
import { listenForSyslog, syslogTexts } from './syslog.js'
import { until } from './until.js'

const LAUREL_OUTPUT = '/var/log/laurel'
const PACKAGED = '/etc/audit/plugins.d'

const skip = whyNoAuditd() || whyNoNamespace() || missingPrograms('laurel', 'audisp-syslog')

void test('laurel and audisp-syslog, from the drop-ins of their packages', { skip }, async (t) => {
  const scene = new Scene(t, { log_format: 'ENRICHED' })
  const mounts = [...laurelMounts(scene), ...(await listenForSyslog(t, scene))]
  scene.pluginOfAuditd('string')
  scene.plugin('string', 'appends-stdin.sh', [scene.path('string.out')])
  scene.dropIn('laurel', packagedDropIn('laurel'))
  scene.dropIn('syslog', packagedDropIn('syslog'))
  const through = ['/bin/sh', program('with-mounts.sh'), ...mounts, '--']
  const auditd = await Auditd.start(t, scene, { underMdwe: true, through })
  const last = await beActive(scene)
  await until(
    'both to have it',
    () => scene.read('syslog.out').includes(last) && scene.read('string.out').includes(last),
  )
  t.equal(auditd.lostByKernel, 0, 'the kernel lost nothing')
  await auditd.end()
  await auditd.nothingLeft()

  const given = givenRecords(scene.read('string.out'))
  const logged = owedRecords(loggedRecords(scene.read('audit.log')), given)
  t.equal(firstDifference(given, logged), '', 'a string plugin beside them has it all')
  const events = new Set(scene.read('laurel/audit.log').trimEnd().split('\n').map(laurelId))
  t.same(
    eventIds(logged).filter((id) => !events.has(id)),
    [],
    'laurel has every event',
  )
  t.same(
    eventIds(ownRecords(scene.read('string.out'))).filter((id) => !events.has(id)),
    [],
    'and our own',
  )
  t.comment(`${events.size} events, ${logged.length} records`)
  const wanted = new Set(logged.map((line) => line.replace('\x1d', ' ')))
  const told = (): string[] => syslogTexts(scene.read('syslog.out'), 'audisp-syslog').filter((line) => wanted.has(line))
  // Who listens there is another process, and writes when it comes to it.
  await until('the last record in syslog', () => told().at(-1) === [...wanted].at(-1))
  t.equal(firstDifference(told(), [...wanted]), '', 'syslog has every record, in order')
  for (const name of ['laurel', 'syslog']) {
    t.match(ledger(scene.read('audispd.log'), name), { restarts: '0', dropped: '0', balanced: 'true' }, name)
  }
})

/** As the package has it; switched on, which is what the admin does. */
function packagedDropIn(name: string): string {
  return readFileSync(`${PACKAGED}/${name}.conf`, 'utf8').replace(/^active = no/m, 'active = yes')
}

/** laurel, as its package configures it, writes to a directory of its own user. */
function laurelMounts(scene: Scene): string[] {
  const { uid, gid } = statSync(LAUREL_OUTPUT)
  mkdirSync(scene.path('laurel'))
  chownSync(scene.path('laurel'), uid, gid)
  return [scene.path('laurel'), LAUREL_OUTPUT]
}

function laurelId(line: string): string {
  return /^\{"ID":"([^"]+)"/.exec(line)?.[1] ?? line
}
