import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { test, type Test } from 'tap'
import { ENVIRONMENT, missingPrograms } from './kernel.js'
import { OurDaemon } from './our-daemon.js'
import { pluginPids } from './our-log.js'
import { eventIds, firstDifference, givenRecords, linesOf, ownRecords } from './record-lines.js'
import { Scene } from './scene.js'
import { until } from './until.js'

const RECORDS = readFileSync('test/fixtures/auditd-stream/v3.0.9-raw-plugin.string', 'latin1')
const OPERATIONS = [
  'dispatcher-start',
  'plugin-start',
  'plugin-death',
  'dispatcher-reload',
  'plugin-stop',
  'loss-begin',
  'loss-end',
  'plugin-failed',
  'dispatcher-stop',
]

const skip = missingPrograms('ausearch', 'aureport')

for (const nameFormat of ['none', 'user'] as const) {
  void test(`ausearch and aureport read our own records, name_format = ${nameFormat}`, { skip }, async (t) => {
    const scene = new Scene(t)
    scene.settings(`name_format = ${nameFormat}\nname = node1\nrestart_delay = 0.01s..0.1s\nmax_restarts = 1\n`)
    await liveAFullLife(t, scene)
    const text = scene.read('string.out')
    const own = ownRecords(text)
    t.same(
      OPERATIONS.filter((op) => !own.some((line) => line.includes(`op=${op} `))),
      [],
      'all that happened is there',
    )

    const node = nameFormat === 'none' ? [] : ['-n', 'node1']
    const file = ['-if', scene.path('string.out')]
    const found = linesOf(run('ausearch', ...file, '-m', 'TRUSTED_APP', '--raw', ...node))
    t.equal(firstDifference(found, own), '', 'ausearch -m TRUSTED_APP finds them all, as they stand')
    // The recording is old: to ausearch, one of ours in the midst of an event is the end of that event.
    const others = givenRecords(run('ausearch', ...file, '--raw')).sort()
    const undisturbed = givenRecords(run('ausearch', '-if', scene.path('fed.in'), '--raw')).sort()
    t.equal(firstDifference(others, undisturbed), '', 'and all the others, as without us')
    const readable = run('ausearch', ...file, '-m', 'TRUSTED_APP', '--interpret')
    t.match(
      readable,
      /op=plugin-death plugin=dies exe=\S*\/dies-at-a-record.sh how=exit status 3 res=failed'/,
      'decoded',
    )
    const failed = linesOf(run('ausearch', ...file, '-m', 'TRUSTED_APP', '--raw', '--success', 'no'))
    t.same(
      failed,
      own.filter((line) => line.endsWith("res=failed'")),
      'a loss is no success',
    )
    const report = run('aureport', ...file, '--event')
    const reported = report.split('\n').filter((line) => line.includes(' TRUSTED_APP '))
    t.equal(reported.length, eventIds(own).length, 'aureport counts them')
  })
}

/** Starts, deaths, losses, a reload and the end, among records that were recorded once. */
async function liveAFullLife(t: Test, scene: Scene): Promise<void> {
  const last = "type=USER msg=audit(1700000000.000:1): pid=1 uid=0 auid=0 ses=1 msg='text=the-last-one res=success'\n"
  scene.write('fed.in', RECORDS + last + last)
  scene.plugin('string', 'appends-stdin.sh', [scene.path('string.out')])
  scene.plugin('behind', 'waits-then-appends.sh', [scene.path('gate'), scene.path('behind.out')], { q_depth: '20' })
  scene.plugin('dies', 'dies-at-a-record.sh', ['the-last-one'])
  scene.plugin('leaves', 'appends-stdin.sh', [scene.path('leaves.out')])
  const log = (): string => scene.read('audispd.log')
  const daemon = OurDaemon.start(t, scene)
  await until('all plugins', () => pluginPids(log()).length === 4)
  daemon.feed(RECORDS)
  await until('a loss', () => log().includes('queue is full'))
  scene.write('gate', '')
  await until('the end of the loss', () => log().includes('queue has room again'))
  daemon.feed(last)
  await until('a death', () => pluginPids(log(), 'dies').length === 2)
  daemon.feed(last)
  await until('another one', () => log().includes('plugin failed and stays down'))
  rmSync(scene.path('ours/audispd.d/leaves.conf'))
  daemon.signal('SIGHUP')
  await until('a plugin to leave', () => log().includes('plugin stopped plugin=leaves'))
  t.equal(await daemon.end(), 0)
}

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: ENVIRONMENT,
    encoding: 'latin1',
    maxBuffer: 2 ** 26,
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit status ${status}: ${stderr}`)
  return stdout
}
