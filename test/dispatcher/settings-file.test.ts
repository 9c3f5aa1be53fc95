import { test } from 'tap'
import { formatProblem } from '../../src/config.js'
import { findConfig } from '../../src/dispatcher/config-place.js'
import { loadSettings } from '../../src/dispatcher/settings-file.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { fakeDisk, type FakeFile } from './fake-disk.js'

const FILE = '/etc/audispd/audispd.conf'

function load(files: Readonly<Record<string, string | FakeFile>>, dashC?: string, uid = 0) {
  const disk = fakeDisk(files, uid)
  const { settings, problems } = loadSettings(findConfig(dashC, disk), disk)
  return { settings, problems: problems.map((problem) => `${problem.level} ${formatProblem(problem)}`) }
}

void test('a file that is not there means the defaults', (t) => {
  t.same(load({}), { settings: DEFAULT_SETTINGS, problems: [] })
  t.same(load({ '/c/audispd.d/a.conf': '' }, '/c'), {
    settings: DEFAULT_SETTINGS,
    problems: ['warning /c/audispd.conf: does not exist: every setting has its default'],
  })
  t.end()
})

void test('a file that is there', (t) => {
  t.same(load({ [FILE]: 'watch = yes' }), { settings: { ...DEFAULT_SETTINGS, watch: true }, problems: [] })
  t.same(load({ [FILE]: 'wathc = yes' }).problems, [`error ${FILE}:1: wathc: unknown key (did you mean 'watch'?)`])
  t.end()
})

void test('a file that is not to be believed is not read', (t) => {
  const refused: readonly (readonly [file: FakeFile, text: string])[] = [
    [{ uid: 5 }, "belongs to user 5; it must be root's (chown root)"],
    [{ mode: 0o666 }, 'everybody may write it (chmod o-w)'],
    [{ kind: 'directory' }, 'is not a regular file'],
    [{ fault: 'EACCES' }, 'cannot be read: permission denied'],
    [{ fault: 'EIO' }, 'cannot be read: i/o error'],
  ]
  for (const [file, text] of refused) {
    t.same(load({ [FILE]: { text: 'garbage', ...file } }), {
      settings: DEFAULT_SETTINGS,
      problems: [`error ${FILE}: ${text}`],
    })
  }
  t.end()
})

void test('under -c its owner is believed, and that is said', (t) => {
  const files = { '/c': { kind: 'directory', uid: 5 } as const, '/c/audispd.conf': { uid: 5, text: 'watch = yes' } }
  const { settings, problems } = load(files, '/c')
  t.equal(settings.watch, true)
  t.same(problems, [
    'warning /c/audispd.conf: belongs to user 5, not root: taken because the directory given by -c is theirs',
  ])
  t.end()
})

void test("an action's program is looked at, and does not keep the daemon from starting", (t) => {
  const text = '[action a]\npath = /bin/a\n[action b]\npath = /bin/b\n'
  const { settings, problems } = load({ [FILE]: text, '/bin/a': { mode: 0o755 } })
  t.same([...settings.actions.keys()], ['a', 'b'])
  t.same(problems, [`warning ${FILE}: action b: /bin/b: no such file or directory`])
  t.end()
})
