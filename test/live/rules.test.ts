// The audit rules of contrib in the real kernel, with the real auditd: a plugin that is added is an event.

import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'tap'
import { mark } from './activity.js'
import { Auditd } from './auditd.js'
import { ENVIRONMENT, missingPrograms, whyNoAuditd, whyNoNamespace } from './kernel.js'
import { program, Scene } from './scene.js'

const RULES = resolve('contrib/audispd.rules')
const skip = whyNoAuditd() || whyNoNamespace() || missingPrograms('ausearch')

void test(
  'a drop-in that is added, changed or removed is an event, and one that is read is none',
  { skip },
  async (t) => {
    const scene = new Scene(t)
    const auditd = await Auditd.start(t, scene)
    const args = [program('changes-what-is-watched.sh'), RULES]
    const { status, stdout, stderr } = spawnSync('/bin/sh', args, { env: ENVIRONMENT, encoding: 'utf8' })
    t.equal(status, 0, stderr)
    for (const path of [
      '/etc/audispd',
      '/etc/audit/plugins.d',
      '/usr/lib/audispd',
      '/usr/sbin/audispd',
      '/usr/sbin/audispctl',
    ])
      t.match(stdout, new RegExp(`^-w ${path} -p wa -k audispd_(?:config|programs)$`, 'm'))
    await mark(scene)
    await auditd.end()

    const found = spawnSync('ausearch', ['-if', scene.auditLog, '-k', 'audispd_config'], {
      env: ENVIRONMENT,
      encoding: 'utf8',
    })
    t.equal(found.status, 0, found.stderr)
    const events = found.stdout.split('----\n').filter((event) => event.includes('type=SYSCALL'))
    const about = (name: string, ...words: readonly string[]): string[] =>
      events.filter((event) => event.includes(`"${name}"`) && words.every((word) => event.includes(word)))
    t.equal(about('/etc/audispd/audispd.d/added.conf', 'nametype=CREATE', 'key="audispd_config"').length, 1, 'added')
    t.equal(about('/etc/audispd/audispd.d/old.conf', 'comm="chmod"').length, 1, 'its mode')
    t.equal(about('/etc/audispd/audispd.d/old.conf', 'comm="sh"').length, 1, 'its text')
    t.equal(about('/etc/audispd/audispd.d/renamed.conf', 'comm="mv"', 'nametype=CREATE').length, 1, 'its name')
    t.equal(about('/etc/audispd/audispd.d/renamed.conf', 'nametype=DELETE', 'comm="rm"').length, 1, 'its end')
    t.equal(about('/etc/audit/plugins.d/planted.conf', 'nametype=CREATE').length, 1, 'what auditd would start')
    t.equal(events.filter((event) => event.includes('comm="cat"')).length, 0, "who reads it is nobody's business")
  },
)
