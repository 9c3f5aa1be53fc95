// The npm tarball: what is in it, and that it installs and runs without a registry.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outputOf, scene, TARBALL, VERSION } from './built.js'

const MAX_TARBALL_BYTES = 3_000_000
/** What only those need who work on audispd. */
const FOR_DEVELOPERS =
  /\.map$|\.tsbuildinfo$|^package\/(?:test|bench|scripts|src|plugins|packaging)\/|\/(?:tests?|benchmarks?)\/|\/\.[^/]*$/

scene('the tarball has what is needed, and no more', (t) => {
  const files = outputOf('tar', ['-tzf', TARBALL]).trim().split('\n')
  t.comment(`${TARBALL.split('/').at(-1)}: ${statSync(TARBALL).size} bytes, ${files.length} files`)
  t.same(
    files.filter((file) => FOR_DEVELOPERS.test(file)),
    [],
  )
  for (const name of [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'etc/audispd.conf',
    'build/src/sdk/index.d.ts',
    'share/conformance/records.txt',
  ]) {
    t.ok(files.includes(`package/${name}`), name)
  }
  t.ok(statSync(TARBALL).size < MAX_TARBALL_BYTES, `smaller than ${MAX_TARBALL_BYTES}`)
  t.end()
})

scene('installed without a registry, in a prefix of its own', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-npm-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  // A cache of its own that is empty: whatever is not in the tarball cannot be had.
  const env = {
    HOME: dir,
    npm_config_cache: join(dir, 'cache'),
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  }
  const prefix = join(dir, 'prefix')
  outputOf('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', TARBALL], env)
  const bin = (name: string): string => join(prefix, 'bin', name)
  t.equal(outputOf(bin('audispd'), ['--version']), `audispd ${VERSION}\n`)
  t.equal(outputOf(bin('audispctl'), ['--version']), `audispctl ${VERSION}\n`)
  t.equal(outputOf(bin('audispd'), ['--jitless', '--version']), `audispd ${VERSION}\n`, 'without the compiler')

  const programs = join(prefix, 'lib/node_modules/audispd/build/bin')
  const plugins = readdirSync(programs).filter((name) => name.startsWith('audispd-'))
  t.ok(plugins.length > 5)
  for (const name of plugins) t.match(outputOf(join(programs, name), ['--help']), /^usage: /i, name)

  const manuals = readdirSync('man')
  for (const name of manuals)
    t.ok(existsSync(realpathSync(join(prefix, `share/man/man${name.at(-1) ?? ''}`, name))), name)
  const found = outputOf('man', ['--where', 'audispctl', 'audispd.conf'], { MANPATH: join(prefix, 'share/man') })
  t.equal(found.trim().split('\n').length, 2, 'man finds them')

  const auditd = join(dir, 'machine')
  outputOf('mkdir', ['-p', join(auditd, 'etc/audit/plugins.d'), join(auditd, 'usr/sbin')])
  outputOf('cp', [join(programs, 'audispd'), join(auditd, 'usr/sbin/audispd')])
  outputOf('touch', [join(auditd, 'etc/audit/auditd.conf')])
  const plan = [
    'install',
    '--dry-run',
    '--root',
    auditd,
    '--program',
    '/usr/sbin/audispd',
    '--auditd-version',
    '3.0.9',
    '--json',
  ]
  t.match(
    spawnSync(bin('audispctl'), plan, { encoding: 'utf8' }),
    { status: 1, stdout: /usr\/sbin\/audispd/ },
    'changes it would make',
  )

  outputOf(bin('audispctl'), ['plugin', 'new', 'siem', '--lang', 'sh', '--dir', join(dir, 'siem')])
  t.match(outputOf(bin('audispctl'), ['plugin', 'test', '--', join(dir, 'siem/siem.sh')]), /^ok +opening$/m)
  t.end()
})
