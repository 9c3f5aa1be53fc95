import { test } from 'tap'
import { OurDaemon } from './our-daemon.js'
import { daemonPids, pluginPids } from './our-log.js'
import { program, Scene } from './scene.js'
import { until } from './until.js'

const RECORD = "type=USER msg=audit(1700000000.000:1): pid=1 uid=0 auid=0 ses=1 msg='op=test res=success'"
/** HUP, INT, USR1, USR2 and PIPE, as bits from signal 1 on. */
const IGNORED = '0000000000001a03'

const skip = process.getuid?.() === 0 ? false : 'only root can run plugins as somebody else'

for (const args of [[], ['--jitless']]) {
  void test(`what a plugin is started with${args.length > 0 ? ', without a compiler' : ''}`, { skip }, async (t) => {
    const scene = new Scene(t)
    const keys = { user: 'nobody', 'env.GREETING': 'hello to you', 'env.EMPTY_NOT': '=' }
    scene.plugin('told', 'tells-its-surroundings.sh', [], keys)
    const through = ['perl', program('leaves-files-open.pl')]
    const before = process.umask(0o077)
    const daemon = OurDaemon.start(t, scene, { args, through, env: { PATH: '/bin', HOME: '/root', SECRET: 'kept' } })
    process.umask(before)
    daemon.feed(`${RECORD}\n`)
    const told = await until(
      'the plugin to tell',
      () => scene.read('stdout.out').includes(RECORD) && scene.read('stdout.out'),
    )
    const pid = await until('its start in the log', () => pluginPids(scene.read('audispd.log'))[0])
    t.equal(valueOf(told, 'pid'), String(pid))
    t.equal(valueOf(told, 'group'), String(pid), 'a process group of its own')
    t.equal(valueOf(told, 'Uid'), '65534 65534 65534 65534')
    t.equal(valueOf(told, 'Gid'), '65534 65534 65534 65534')
    t.equal(valueOf(told, 'Groups'), '', 'none of the groups of root')
    t.equal(valueOf(told, 'cwd'), '/')
    t.equal(valueOf(told, 'umask'), '0022')
    t.equal(valueOf(told, 'SigIgn'), IGNORED)
    t.equal(valueOf(told, 'SigBlk'), '0000000000000000')
    t.equal(valueOf(told, 'files'), '0 1 2 3', 'and the fourth is the directory that ls lists')
    t.same(
      valuesOf(told, 'env').sort(),
      ['EMPTY_NOT==', 'GREETING=hello to you', ...(args.length > 0 ? ['NODE_OPTIONS=--jitless'] : [])],
      'nothing of what is in our own environment',
    )
    t.equal(valueOf(told, 'daemon'), 'may not be signalled')
    t.equal(await daemon.end(), 0)
    t.match(valuesOf(scene.read('stdout.out'), 'record'), [
      /op=dispatcher-start/,
      RECORD,
      /op=plugin-start/,
      /op=dispatcher-stop/,
    ])
    t.equal(daemonPids(scene.read('audispd.log')).length, 1)
  })
}

void test('user and group', { skip }, async (t) => {
  const scene = new Scene(t)
  scene.plugin('group', 'tells-its-surroundings.sh', [], { group: 'daemon' })
  const daemon = OurDaemon.start(t, scene)
  const told = await until(
    'the plugin to tell',
    () => scene.read('stdout.out').includes('daemon: ') && scene.read('stdout.out'),
  )
  t.equal(valueOf(told, 'Uid'), '0 0 0 0')
  t.equal(valueOf(told, 'Gid'), '1 1 1 1')
  t.equal(await daemon.end(), 0)
})

function valueOf(told: string, name: string): string | undefined {
  return valuesOf(told, name)[0]
}

function valuesOf(told: string, name: string): string[] {
  return told
    .split('\n')
    .filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim())
}
