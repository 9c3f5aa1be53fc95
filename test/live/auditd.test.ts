import { test } from 'tap'
import { beActive, mark } from './activity.js'
import { Auditd } from './auditd.js'
import { payloadsIn } from './frames.js'
import { whyNoAuditd } from './kernel.js'
import { daemonPids, ledger, pluginPids } from './our-log.js'
import { firstDifference, givenRecords, linesOf, loggedRecords, owedRecords, ownRecords } from './record-lines.js'
import { Scene, type AuditdSettings } from './scene.js'
import { until } from './until.js'

interface Way {
  readonly format: 'string' | 'binary'
  readonly underMdwe: boolean
  readonly settings: AuditdSettings
}

const WAYS: readonly Way[] = [
  { format: 'string', underMdwe: true, settings: { log_format: 'RAW' } },
  { format: 'binary', underMdwe: false, settings: { log_format: 'RAW' } },
  { format: 'binary', underMdwe: true, settings: { log_format: 'ENRICHED', name_format: 'USER', name: 'node1' } },
]

const skip = whyNoAuditd()

for (const way of WAYS) {
  const { format, underMdwe, settings } = way
  const name = `auditd writes ${format}, ${JSON.stringify(settings)}${underMdwe ? ', no memory may become executable' : ''}`
  void test(name, { skip }, async (t) => {
    const scene = new Scene(t, settings)
    scene.settings('drain_timeout = 1s\n')
    scene.pluginOfAuditd(format)
    scene.plugin('string', 'appends-stdin.sh', [scene.path('string.out')])
    scene.plugin('binary', 'appends-stdin.sh', [scene.path('binary.out')], { format: 'binary' })
    scene.plugin('stuck', 'never-reads.sh', [], { q_depth: '500', stop_timeout: '0.1s' })
    scene.plugin('mdwe', 'mdwe.pl', ['tell', scene.path('mdwe.out')])
    const auditd = await Auditd.start(t, scene, { underMdwe })
    const activity = beActive(scene)
    await until('the first records to arrive', () => scene.read('string.out').includes('type=EXECVE'))
    const before = await until('its start in the log', () => pluginPids(scene.read('audispd.log'), 'string')[0])
    scene.plugin('added', 'appends-stdin.sh', [scene.path('added.out')])
    auditd.signal('SIGHUP')
    const last = await activity
    await until('the plugin to get the activity', () => scene.read('string.out').includes(last))
    await until('a plugin to tell', () => scene.read('mdwe.out') !== '')
    t.equal(scene.read('mdwe.out').trim(), underMdwe ? '1' : '0', 'what holds for auditd holds for us')

    await until('the new plugin', () => pluginPids(scene.read('audispd.log'), 'added').length > 0)
    const word = await mark(scene)
    await until('all plugins that read to get it', () =>
      ['string.out', 'binary.out', 'added.out'].every((out) => scene.read(out).includes(word)),
    )
    t.match(scene.read('audispd.log'), /drop-in read plugin=string change=kept/)
    t.match(scene.read('audispd.log'), /drop-in read plugin=added change=started/)
    const said = ownRecords(scene.read('string.out')).find((line) => line.includes('op=dispatcher-reload'))
    t.match(said, /plugins=\S*added:started\S* res=success'$/, 'the reload is a record too')
    t.same(pluginPids(scene.read('audispd.log'), 'string'), [before], 'its process is still the same')
    t.equal(daemonPids(scene.read('audispd.log')).length, 1, 'so is ours')

    t.equal(auditd.lostByKernel, 0, 'the kernel lost nothing, so that the log can be compared with')
    await auditd.end()
    await auditd.nothingLeft()
    t.match(scene.read('audispd.log'), /audispd ended exitStatus=0\n$/)
    t.same(auditd.crashes(), [])
    const given = givenRecords(scene.read('string.out'))
    t.equal(firstDifference(given, owedRecords(loggedRecords(scene.read('audit.log')), given)), '')
    t.comment(`${given.length} records`)
    // The kernel's own text has no type in front of it; auditd gives it to binary plugins as it came.
    const text = (line: string): string => line.replace(/^type=\S+ msg=(?=audit\()/, '')
    const lines = linesOf(scene.read('string.out')).map(text)
    t.equal(firstDifference(payloadsIn(scene.read('binary.out')).map(text), lines), '', 'a binary plugin has the same')
    const { dropped, queued, balanced } = ledger(scene.read('audispd.log'), 'string')
    t.same(
      { dropped, queued, balanced },
      { dropped: '0', queued: '0', balanced: 'true' },
      'one that is stuck costs it nothing',
    )
    t.match(ledger(scene.read('audispd.log'), 'stuck'), { dropped: /^[1-9]/, queued: '0', balanced: 'true' })
  })
}
