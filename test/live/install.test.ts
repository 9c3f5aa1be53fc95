import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test, type Test } from 'tap'
import { mark } from './activity.js'
import { Auditd } from './auditd.js'
import { ENVIRONMENT, whyNoAuditd } from './kernel.js'
import { daemonPids, pluginPids } from './our-log.js'
import { Scene } from './scene.js'
import { until } from './until.js'

const AUDISPCTL = resolve('build/bin/audispctl')

const skip = whyNoAuditd()

void test('audispctl install and uninstall, with the real auditd', { skip }, async (t) => {
  const scene = new Scene(t)
  scene.plugin('string', 'appends-stdin.sh', [scene.path('string.out')])
  const before = readFileSync(scene.path('auditd/auditd.conf'), 'latin1')
  const auditd = await Auditd.start(t, scene)

  audispctl(t, scene, 'install', '-c', scene.ourDir)
  await until('auditd to start us', () => pluginPids(scene.read('audispd.log')).length === 1)
  const word = await mark(scene)
  await until('a record to arrive', () => scene.read('string.out').includes(word))

  audispctl(t, scene, 'install', '-c', scene.ourDir)

  audispctl(t, scene, 'uninstall')
  await until('auditd to stop us', () => scene.read('audispd.log').includes('audispd ended exitStatus=0'))
  await mark(scene)
  t.equal(readFileSync(scene.path('auditd/auditd.conf'), 'latin1'), before, "auditd's configuration is as it was")
  t.equal(daemonPids(scene.read('audispd.log')).length, 1, 'installing it a second time has changed nothing')
  await auditd.end()
  await auditd.nothingLeft()
  t.same(auditd.crashes(), [])
})

function audispctl(t: Test, scene: Scene, verb: string, ...args: string[]): void {
  const all = [verb, '--yes', '--reload', '--auditd-conf', scene.path('auditd/auditd.conf'), ...args]
  const { status, stdout, stderr } = spawnSync(AUDISPCTL, all, { env: ENVIRONMENT, encoding: 'utf8' })
  t.equal(status, 0, `audispctl ${verb}`)
  if (status !== 0) t.comment(stdout + stderr)
}
