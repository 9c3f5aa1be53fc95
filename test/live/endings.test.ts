import { test } from 'tap'
import { beActive, mark } from './activity.js'
import { Auditd } from './auditd.js'
import { auditctl, whyNoAuditd } from './kernel.js'
import { daemonPids, ledger, pluginPids } from './our-log.js'
import { isRunning } from './processes.js'
import { firstDifference, givenRecords, loggedRecords, owedRecords } from './record-lines.js'
import { Scene } from './scene.js'
import { until } from './until.js'

const skip = whyNoAuditd()

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  void test(`auditd ends by ${signal}: a plugin that is behind still gets everything`, { skip }, async (t) => {
    const scene = new Scene(t)
    const gate = scene.path('gate')
    scene.pluginOfAuditd('string')
    scene.plugin('prompt', 'appends-stdin.sh', [scene.path('prompt.out')])
    scene.plugin('behind', 'waits-then-appends.sh', [gate, scene.path('behind.out')])
    const auditd = await Auditd.start(t, scene)
    const last = await beActive(scene)
    await until('the prompt plugin to have it all', () => scene.read('prompt.out').includes(last))
    t.equal(auditd.lostByKernel, 0, 'the kernel lost nothing')
    await auditd.end(signal)
    await until('us to see the end', () => scene.read('audispd.log').includes('input has ended'))
    scene.write('gate', '')
    await auditd.nothingLeft()
    t.match(scene.read('audispd.log'), /audispd ended exitStatus=0\n$/)
    const [prompt, behind] = [givenRecords(scene.read('prompt.out')), givenRecords(scene.read('behind.out'))]
    t.equal(firstDifference(prompt, owedRecords(loggedRecords(scene.read('audit.log')), prompt)), '', 'prompt')
    t.equal(firstDifference(behind, prompt), '', 'behind')
    for (const name of ['prompt', 'behind']) {
      const { dropped, balanced } = ledger(scene.read('audispd.log'), name)
      t.same({ dropped, balanced }, { dropped: '0', balanced: 'true' })
    }
  })
}

void test('auditd ends as soon as it has begun', { skip }, async (t) => {
  const scene = new Scene(t)
  scene.pluginOfAuditd('string')
  scene.plugin('string', 'appends-stdin.sh', [scene.path('string.out')])
  const auditd = await Auditd.start(t, scene, { underMdwe: true })
  await auditd.end()
  await auditd.nothingLeft()
  t.same(auditd.crashes(), [])
})

void test('we are killed: auditd starts us again, and plugins have one generation at a time', { skip }, async (t) => {
  const scene = new Scene(t)
  scene.pluginOfAuditd('string')
  scene.plugin('ends', 'appends-stdin.sh', [scene.path('ends.out')])
  scene.plugin('stays', 'outlasts-its-input.sh', [scene.path('stays.out')])
  const auditd = await Auditd.start(t, scene)
  const first = await mark(scene)
  const outs = ['ends.out', 'stays.out']
  await until('both to have a record', () => outs.every((out) => scene.read(out).includes(first)))
  const daemon = await until('our pid', () => daemonPids(scene.read('audispd.log'))[0])
  const oldest = await until("the plugin's", () => pluginPids(scene.read('audispd.log'), 'stays')[0])
  process.kill(daemon, 'SIGKILL')
  await until('auditd to start us again, which it does when it has something to write', () => {
    auditctl('-m', 'is anybody there')
    return daemonPids(scene.read('audispd.log')).length === 2
  })
  t.ok(isRunning(oldest), 'the plugin that stays is still there then')
  const second = await mark(scene)
  await until('the new ones to have a record', () => outs.every((out) => scene.read(out).includes(second)))
  t.match(scene.read('audispd.log'), /an earlier daemon left this plugin running; ending it first plugin=stays/)
  t.notOk(isRunning(oldest))
  t.equal(scene.read('stays.out.overlap'), '', 'no two at a time')
  await auditd.end()
  await auditd.nothingLeft()
})
