import { resolve } from 'node:path'
import { test } from 'tap'
import { beActive, mark } from './activity.js'
import { Auditd } from './auditd.js'
import { auditctl, missingPrograms, whyNoAuditd } from './kernel.js'
import { ledger, pluginPids } from './our-log.js'
import { firstDifference, givenRecords, loggedRecords, owedRecords } from './record-lines.js'
import { keysAndValues, program, Scene } from './scene.js'
import { until } from './until.js'

const skip = whyNoAuditd() || missingPrograms('python3')

void test('plugins of the line protocol under auditd, killed while records come', { skip }, async (t) => {
  const scene = new Scene(t, { log_format: 'ENRICHED' })
  scene.pluginOfAuditd('string')
  const protocol = { active: 'yes', format: 'protocol', restart_delay: '0.1s..0.1s' }
  const plugins = {
    sh: { path: '/bin/sh', args: `${resolve('examples/sh/append.sh')} ${scene.path('sh.out')}` },
    python: {
      path: '/usr/bin/python3',
      args: `${resolve('examples/python/exactly-once.py')} ${scene.path('python.out')}`,
    },
    sdk: { path: process.execPath, args: `${program('appends-by-sdk.js')} ${scene.path('sdk.out')}` },
  }
  const names = Object.keys(plugins)
  for (const [name, keys] of Object.entries(plugins)) scene.dropIn(name, keysAndValues({ ...protocol, ...keys }))
  const auditd = await Auditd.start(t, scene, { underMdwe: true })
  const pidsOf = (name: string): readonly number[] => pluginPids(scene.read('audispd.log'), name)
  await beActive(scene)
  for (let round = 1; round <= 5; round++) {
    sendMessages(20)
    for (const name of names) {
      await until(`${name} to run`, () => pidsOf(name).length === round)
      process.kill(pidsOf(name).at(-1) ?? 0, 'SIGKILL')
    }
    sendMessages(20)
    const word = await mark(scene)
    await until('all to get the last', () => names.every((name) => scene.read(`${name}.out`).includes(word)))
  }
  t.equal(auditd.lostByKernel, 0, 'the kernel lost nothing, so that the log can be compared with')
  await auditd.end()
  await auditd.nothingLeft()

  const given = givenRecords(scene.read('python.out'))
  const logged = owedRecords(loggedRecords(scene.read('audit.log')), given)
  t.equal(firstDifference(given, logged), '', 'exactly once, for who keeps the seq')
  for (const name of ['sh', 'sdk']) {
    const once = new Set(givenRecords(scene.read(`${name}.out`)))
    t.same(
      logged.filter((line) => !once.has(line)),
      [],
      `at least once for ${name}`,
    )
  }
  for (const name of names) {
    t.match(
      ledger(scene.read('audispd.log'), name),
      { restarts: '5', dropped: '0', queued: '0', balanced: 'true' },
      name,
    )
  }
})

function sendMessages(count: number): void {
  for (let sent = 0; sent < count; sent++) auditctl('-m', `message ${sent}`)
}
