import { existsSync, mkdirSync } from 'node:fs'
import { test } from 'tap'
import { whyNoNamespace } from './kernel.js'
import { OurDaemon } from './our-daemon.js'
import { ledger, pluginPids } from './our-log.js'
import { program, Scene } from './scene.js'
import { until } from './until.js'

const RECORD = `type=USER msg=audit(1700000000.000:1): pid=1 uid=0 auid=0 ses=1 msg='text=${'x'.repeat(200)} res=success'\n`
/** More than a FIFO and the queue hold together. */
const RECORDS = 2000

const missing = ['/sbin/init', '/mnt'].filter((path) => !existsSync(path))
const skip = whyNoNamespace() || (missing.length > 0 && `nothing to mount over: there is no ${missing.join(', no ')}`)

for (const [action, runlevel] of [
  ['single', '1'],
  ['halt', '0'],
] as const) {
  void test(`overflow_action = ${action}`, { skip }, async (t) => {
    const scene = new Scene(t)
    mkdirSync(scene.path('mnt'))
    scene.settings('drain_timeout = 0.1s\n')
    scene.plugin('full', 'never-reads.sh', [], { q_depth: '100', overflow_action: action, stop_timeout: '0.1s' })
    scene.plugin('string', 'appends-stdin.sh', [scene.path('string.out')])
    // What is run as init is ours: with-mounts.sh goes no further when a mount is not what it should be.
    const mounts = [scene.path('mnt'), '/mnt', program('records-the-runlevel.sh'), '/sbin/init']
    const daemon = OurDaemon.start(t, scene, { through: ['/bin/sh', program('with-mounts.sh'), ...mounts, '--'] })
    await until('the plugins', () => pluginPids(scene.read('audispd.log')).length === 2)
    t.equal(scene.read('mnt/runlevel'), '', 'nobody asked for a runlevel so far')
    daemon.feed(RECORD.repeat(RECORDS))
    await until('init to be asked', () => scene.read('mnt/runlevel') !== '')
    await until('the log', () => scene.read('audispd.log').includes('changing the runlevel'))
    t.match(scene.read('audispd.log'), new RegExp(`fatal changing the runlevel action=${action}`))
    await until('the other plugin to have it all', () => scene.read('string.out').split(RECORD).length === RECORDS + 1)
    daemon.signal('SIGTERM')
    t.equal(await daemon.end(), 0)
    const asked = scene.read('mnt/runlevel').trimEnd().split('\n')
    t.same([...new Set(asked)], [runlevel], 'with this, once for each loss')
    t.match(ledger(scene.read('audispd.log'), 'full'), { balanced: 'true', dropped: /^[1-9]/ })
  })
}
