import { test } from 'tap'
import { findConfig, trustAt, withPluginDir } from '../../src/dispatcher/config-place.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { fakeDisk } from './fake-disk.js'

const STANDARD = {
  settingsFile: '/etc/audispd/audispd.conf',
  dropInDirs: ['/usr/lib/audispd/audispd.d', '/etc/audispd/audispd.d'],
  explicit: false,
}

void test('without -c', (t) => {
  t.same(findConfig(undefined, fakeDisk({})), { ...STANDARD, warnings: [] })
  t.end()
})

void test('a directory of ours', (t) => {
  const place = { settingsFile: '/c/audispd.conf', dropInDirs: ['/c/audispd.d'], explicit: true, warnings: [] }
  t.same(findConfig('/c', fakeDisk({ '/c/audispd.conf': '' })), place, 'with settings')
  t.same(findConfig('/c/', fakeDisk({ '/c/audispd.d/x': '' })), place, 'with drop-ins')
  const unreadable = fakeDisk({ '/c/audispd.conf': { fault: 'EACCES' } })
  t.same(findConfig('/c', unreadable), place, 'what cannot be looked at is not absent')
  t.equal(findConfig('build/../etc').settingsFile, `${process.cwd()}/etc/audispd.conf`)
  t.end()
})

void test("a directory that is auditd's, or nobody's", (t) => {
  t.same(findConfig('/etc/audit', fakeDisk({ '/etc/audit/auditd.conf': '' })), {
    ...STANDARD,
    warnings: ['/etc/audit, given by -c, holds neither audispd.conf nor audispd.d: using /etc/audispd'],
  })
  t.same(findConfig('/nowhere', fakeDisk({})), {
    ...STANDARD,
    warnings: ['/nowhere, given by -c, does not exist: using /etc/audispd'],
  })
  t.end()
})

void test('plugin_dir comes last, once', (t) => {
  const place = findConfig(undefined, fakeDisk({}))
  t.equal(withPluginDir(place, DEFAULT_SETTINGS), place)
  const settings = { ...DEFAULT_SETTINGS, pluginDir: '/opt/d' }
  const dirs = [...STANDARD.dropInDirs, '/opt/d']
  t.same(withPluginDir(place, settings).dropInDirs, dirs)
  t.same(withPluginDir(withPluginDir(place, settings), settings).dropInDirs, dirs)
  const etc = { ...DEFAULT_SETTINGS, pluginDir: '/usr/lib/audispd/audispd.d' }
  t.same(withPluginDir(place, etc).dropInDirs, STANDARD.dropInDirs.toReversed())
  t.end()
})

void test('whose files are believed', (t) => {
  const files = { '/c': { kind: 'directory', uid: 5, gid: 6 } as const, '/c/audispd.conf': '' }
  const trust = (uid: number, dashC?: string) => {
    const disk = fakeDisk(files, uid)
    return trustAt(findConfig(dashC, disk), disk)
  }
  t.same(trust(1000), { kind: 'anybody' })
  t.same(trust(1000, '/c'), { kind: 'anybody' })
  t.same(trust(0), { kind: 'root' })
  t.same(trust(0, '/c'), { kind: 'root-or-owner', uid: 5, gid: 6 })
  const place = findConfig('/c', fakeDisk(files))
  t.same(trustAt(place, fakeDisk({})), { kind: 'root' }, 'the directory has gone since')
  t.end()
})
