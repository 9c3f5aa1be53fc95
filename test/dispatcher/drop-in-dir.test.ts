import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'tap'
import { formatProblem } from '../../src/config.js'
import { findConfig, type ConfigPlace } from '../../src/dispatcher/config-place.js'
import { REAL_DISK } from '../../src/config/disk.js'
import { readDropIns, watchDropIns, type DropInReport } from '../../src/dispatcher/drop-in-dir.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { fakeDisk, systemError, type FakeFile } from './fake-disk.js'

const VENDOR = '/usr/lib/audispd/audispd.d'
const ETC = '/etc/audispd/audispd.d'
const PROGRAM = { mode: 0o755 }
const ACTIVE = 'active = yes\npath = /bin/p\n'

type Files = Readonly<Record<string, string | FakeFile>>

function reports(files: Files, options: { only?: string[]; dashC?: string; uid?: number; pluginDir?: string } = {}) {
  const disk = fakeDisk({ '/bin/p': PROGRAM, ...files }, options.uid)
  const settings = { ...DEFAULT_SETTINGS, pluginDir: options.pluginDir ?? '' }
  return readDropIns(findConfig(options.dashC, disk), settings, options.only, disk)
}

/** `name kind`, and what was wrong. */
function brief(found: readonly DropInReport[]): string[] {
  return found.flatMap(({ name, kind, problems }) => [
    `${name} ${kind}`,
    ...problems.map((problem) => `${problem.level} ${formatProblem(problem)}`),
  ])
}

function fingerprint(files: Files, dashC?: string): string | undefined {
  const [first] = reports(files, dashC === undefined ? {} : { dashC })
  return first?.kind === 'active' || first?.kind === 'inactive' ? first.fingerprint : undefined
}

void test('all of both directories, by name', (t) => {
  const found = reports({
    [`${ETC}/b.conf`]: ACTIVE,
    [`${VENDOR}/c.conf`]: 'active = no',
    [`${VENDOR}/a.conf`]: ACTIVE,
  })
  t.same(brief(found), ['a active', 'b active', 'c inactive'])
  t.match(found[0], { file: `${VENDOR}/a.conf`, dropIn: { name: 'a', path: '/bin/p', active: true } })
  t.end()
})

void test('a later directory masks', (t) => {
  const files = {
    [`${VENDOR}/a.conf`]: ACTIVE,
    [`${ETC}/a.conf`]: 'active = no',
    '/opt/d/b.conf': '',
    [`${ETC}/b.conf`]: ACTIVE,
  }
  t.match(reports(files), [
    { name: 'a', kind: 'inactive', file: `${ETC}/a.conf` },
    { name: 'a', kind: 'masked', file: `${VENDOR}/a.conf`, by: `${ETC}/a.conf`, problems: [] },
    { name: 'b', kind: 'active' },
  ])
  t.match(reports(files, { pluginDir: '/opt/d' }).slice(2), [
    { name: 'b', kind: 'inactive', file: '/opt/d/b.conf' },
    { name: 'b', kind: 'masked', by: '/opt/d/b.conf' },
  ])
  const invalid = { [`${VENDOR}/a.conf`]: ACTIVE, [`${ETC}/a.conf`]: 'nonsense' }
  t.match(reports(invalid), [{ kind: 'invalid' }, { kind: 'masked' }], 'also when what masks cannot be used')
  t.end()
})

void test('what lies beside the drop-ins', (t) => {
  const names = ['.a.conf', 'a.conf.bak', 'a.b.conf', 'a.conf~', 'README', 'a.CONF', '.conf', '#a.conf#']
  const found = reports(Object.fromEntries(names.map((name) => [`${ETC}/${name}`, 'garbage'])))
  const reasons = Object.fromEntries(
    found.map((report) => [report.name, report.kind === 'ignored' ? report.reason : '']),
  )
  t.same(reasons, {
    '.a.conf': 'its name begins with a dot',
    'a.conf.bak': 'its name has more than one dot',
    'a.b.conf': 'its name has more than one dot',
    'a.conf~': 'its name does not end in .conf',
    README: 'its name does not end in .conf',
    'a.CONF': 'its name does not end in .conf',
    '.conf': 'its name begins with a dot',
    '#a.conf#': 'its name does not end in .conf',
  })
  t.same(
    found.flatMap(({ problems }) => problems),
    [],
  )
  t.end()
})

void test('names that would do harm elsewhere', (t) => {
  const names = ['a b', 'a\nb', '-x', 'ä', 'x'.repeat(65), 'a=b', '']
  const found = reports(Object.fromEntries(names.filter(Boolean).map((name) => [`${ETC}/${name}.conf`, ACTIVE])))
  for (const report of found) t.match(report, { kind: 'invalid', problems: [{ text: /^a drop-in is named with/ }] })
  t.same(brief(reports({ [`${ETC}/My_plugin-2+x@y.conf`]: ACTIVE })), ['My_plugin-2+x@y active'])
  t.end()
})

void test('one bad file touches no other', (t) => {
  const found = reports({
    [`${ETC}/a.conf`]: 'active = yes\npath = /bin/q\nformat = sting\n',
    [`${ETC}/b.conf`]: ACTIVE,
    [`${ETC}/c.conf`]: { fault: 'EACCES' },
    [`${ETC}/d.conf`]: { kind: 'directory' },
    [`${ETC}/e.conf`]: { text: ACTIVE, uid: 7, mode: 0o666 },
  })
  t.same(brief(found), [
    'a invalid',
    `error ${ETC}/a.conf:2: path: /bin/q: no such file or directory`,
    `error ${ETC}/a.conf:3: format: 'sting' is not string, binary or protocol (did you mean 'string'?)`,
    'b active',
    'c invalid',
    `error ${ETC}/c.conf: cannot be read: permission denied`,
    'd invalid',
    `error ${ETC}/d.conf: is not a regular file`,
    'e invalid',
    `error ${ETC}/e.conf: belongs to user 7; it must be root's (chown root)`,
    `error ${ETC}/e.conf: everybody may write it (chmod o-w)`,
  ])
  t.end()
})

void test('the program of an active drop-in', (t) => {
  const bad: readonly (readonly [program: FakeFile, text: string])[] = [
    [{ fault: 'ENOENT' }, '/bin/p: no such file or directory'],
    [{ fault: 'EACCES' }, '/bin/p: permission denied'],
    [{ kind: 'directory' }, '/bin/p is not a regular file'],
    [{ kind: 'other' }, '/bin/p is not a regular file'],
    [{ mode: 0o644 }, '/bin/p is not executable (chmod 0750)'],
    [{ mode: 0o755, uid: 7 }, "/bin/p belongs to user 7; it must be root's (chown root)"],
    [{ mode: 0o775, gid: 7 }, '/bin/p group 7 may write it (chmod g-w)'],
    [{ mode: 0o757 }, '/bin/p everybody may write it (chmod o-w)'],
  ]
  for (const [program, text] of bad) {
    const files = { '/bin/p': program, [`${ETC}/a.conf`]: ACTIVE }
    t.same(brief(reports(files)), ['a invalid', `error ${ETC}/a.conf:2: path: ${text}`])
    const switchedOff = { ...files, [`${ETC}/a.conf`]: ACTIVE.replace('yes', 'no') }
    t.same(brief(reports(switchedOff)), ['a inactive'], 'nobody looks while it is switched off')
  }
  const anybodys = { '/bin/p': { mode: 0o777, uid: 7 }, [`${ETC}/a.conf`]: { text: ACTIVE, uid: 7, mode: 0o666 } }
  t.same(brief(reports(anybodys, { uid: 1000 })), ['a active'], 'only root has somebody to fear')
  const withArguments = { [`${ETC}/a.conf`]: 'active = yes\npath = /bin/p -x\n' }
  t.match(brief(reports(withArguments))[1], /no such file or directory; arguments belong in args$/)
  t.end()
})

void test('a directory given by -c', (t) => {
  const files = {
    '/c': { kind: 'directory', uid: 5, gid: 6 } as const,
    '/c/audispd.d/a.conf': { text: 'active = yes\npath = bin/q\n', uid: 5 },
    '/c/audispd.d/bin/q': { mode: 0o775, uid: 5, gid: 6 },
    '/c/audispd.d/b.conf': { text: ACTIVE, uid: 8 },
  }
  t.same(brief(reports(files, { dashC: '/c' })), [
    'a active',
    'warning /c/audispd.d/a.conf: belongs to user 5, not root: taken because the directory given by -c is theirs',
    'warning /c/audispd.d/a.conf:2: path: /c/audispd.d/bin/q belongs to user 5, not root: taken because the directory given by -c is theirs',
    'warning /c/audispd.d/a.conf:2: path: /c/audispd.d/bin/q group 6 may write it: taken because the directory given by -c is theirs',
    'b invalid',
    "error /c/audispd.d/b.conf: belongs to user 8; it must be root's (chown root)",
  ])
  t.same(brief(reports({ [`${ETC}/a.conf`]: 'active = yes\npath = bin/q\n' })), [
    'a invalid',
    `error ${ETC}/a.conf:2: path: 'bin/q' is not an absolute path`,
  ])
  t.end()
})

void test('only some', (t) => {
  const files = { [`${ETC}/a.conf`]: ACTIVE, [`${ETC}/b.conf`]: ACTIVE.replace('yes', 'no'), [`${ETC}/c.conf`]: 'x' }
  t.same(brief(reports(files, { only: ['b'] })).slice(0, 3), ['a inactive', 'b active', 'c invalid'])
  t.match(reports(files, { only: ['b'] })[1], { dropIn: { active: true } })
  t.same(brief(reports(files, { only: [] })).slice(0, 2), ['a inactive', 'b inactive'])
  const unknown = brief(reports({ ...files, [`${ETC}/laurel.conf`]: ACTIVE }, { only: ['lauerl', 'lauerl', 'a'] }))
  t.same(unknown.slice(-3), [
    'lauerl invalid',
    `error ${ETC}/lauerl.conf: there is no drop-in 'lauerl' in ${VENDOR} or ${ETC} (did you mean 'laurel'?)`,
    'laurel inactive',
  ])
  t.match(brief(reports(files, { only: ['a.conf'] }))[2], /\(did you mean 'a'\?\)$/)
  t.end()
})

void test('directories that are not there, or cannot be read', (t) => {
  t.match(reports({}), [{ name: '', kind: 'directory', file: ETC }])
  t.same(brief(reports({})), [' directory', `warning ${ETC}: does not exist, so there are no plugins`])
  t.same(
    reports({ [`${ETC}/README`]: '' }).map(({ kind }) => kind),
    ['ignored'],
    'one is enough',
  )
  const disk = fakeDisk({ [`${VENDOR}/a.conf`]: 'active = no', [`${ETC}/b.conf`]: '' })
  const broken = {
    ...disk,
    list(directory: string) {
      if (directory === ETC) throw systemError('EMFILE')
      return disk.list(directory)
    },
  }
  t.same(brief(readDropIns(findConfig(undefined, broken), DEFAULT_SETTINGS, undefined, broken)), [
    ' directory',
    `error ${ETC}: cannot be read: too many open files`,
    'a inactive',
  ])
  t.end()
})

void test('the fingerprint changes with the drop-in and with its program', (t) => {
  const base = { '/bin/p': PROGRAM, [`${ETC}/a.conf`]: ACTIVE }
  const first = fingerprint(base)
  t.match(first, /^[0-9a-f]{32}$/)
  t.equal(fingerprint(base), first)
  t.equal(fingerprint({ ...base, [`${ETC}/a.conf`]: `# note\n${ACTIVE}` }), first)
  t.equal(fingerprint({ '/bin/p': PROGRAM, [`${VENDOR}/a.conf`]: ACTIVE }), first, 'from another directory')
  t.not(fingerprint({ ...base, [`${ETC}/a.conf`]: `${ACTIVE}args = x` }), first)
  t.not(fingerprint({ ...base, '/bin/p': { ...PROGRAM, identity: 'another inode' } }), first)
  t.end()
})

void test("all of Debian's drop-ins, as they lie there", (t) => {
  const names = readdirSync('test/fixtures/drop-ins')
  const files = Object.fromEntries(
    names.map((name) => [`${ETC}/${name}`, readFileSync(`test/fixtures/drop-ins/${name}`, 'utf8')]),
  )
  t.same(brief(reports({ ...files, '/usr/sbin/laurel': PROGRAM })), [
    'af_unix inactive',
    'au-remote inactive',
    'audispd-zos-remote inactive',
    'laurel active',
    'syslog inactive',
  ])
  t.end()
})

// From here on a real disk.

function placeAt(root: string): ConfigPlace {
  return { settingsFile: `${root}/audispd.conf`, dropInDirs: [`${root}/a`, `${root}/b`], explicit: true, warnings: [] }
}

/** Resolves at each hint; hints that nobody waits for are counted. */
class Hints {
  count = 0
  #wake: (() => void) | undefined
  readonly take = (): void => {
    this.count++
    this.#wake?.()
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

/** A clock whose rescans come when the test says so; the shorter pauses are the real ones. */
class HandClock {
  rescan: (() => void) | undefined
  pending = 0
  readonly after = (ms: number, then: () => void): (() => void) => {
    if (ms >= 1000) {
      this.rescan = then
      return () => {
        this.rescan = undefined
      }
    }
    this.pending++
    const timer = setTimeout(() => {
      this.pending--
      then()
    }, ms)
    return () => {
      this.pending--
      clearTimeout(timer)
    }
  }
}

void test('files on a real disk', (t) => {
  const root = t.testdir({ a: { 'x.conf': ACTIVE }, b: { 'run.sh': '#!/bin/sh\n' }, 'audispd.conf': '' })
  const disk = { ...REAL_DISK, uid: 1000 }
  chmodSync(`${root}/b/run.sh`, 0o700)
  writeFileSync(`${root}/b/y.conf`, 'active = yes\npath = run.sh\n')
  symlinkSync('y.conf', `${root}/b/link.conf`)
  symlinkSync('nothing', `${root}/b/dangling.conf`)
  mkdirSync(`${root}/b/dir.conf`)
  writeFileSync(`${root}/b/big.conf`, '#'.repeat(256 * 1024 + 1))
  const read = () => readDropIns(placeAt(root), DEFAULT_SETTINGS, ['y', 'link', 'big'], disk)
  const kinds = Object.fromEntries(read().map(({ name, kind, problems: [problem] }) => [name, problem?.text ?? kind]))
  t.same(kinds, {
    big: 'is too large for a configuration file',
    dangling: 'is a symbolic link to nothing',
    dir: 'is not a regular file',
    link: 'active',
    'run.sh': 'ignored',
    x: 'inactive',
    y: 'active',
  })
  const print = () =>
    read().map((report) => (report.name === 'y' && report.kind === 'active' ? report.fingerprint : ''))
  const before = print()
  t.same(print(), before)
  writeFileSync(`${root}/b/new`, '#!/bin/sh\n', { mode: 0o700 })
  renameSync(`${root}/b/new`, `${root}/b/run.sh`)
  t.notSame(print(), before, 'another file of the same text in the place of the program')
  t.end()
})

void test('a change on disk gives a hint, and what is no drop-in gives none', async (t) => {
  const root = t.testdir({ a: { 'x.conf': 'active = no\n' }, b: {} })
  const hints = new Hints()
  const clock = new HandClock()
  const watch = watchDropIns(placeAt(root), hints.take, { clock, onTrouble: (error) => t.fail(String(error)) })
  t.teardown(() => watch.close())
  const change = async (what: string, act: () => void) => {
    const hint = hints.next()
    act()
    await hint
    t.pass(what)
  }
  await change('written', () => writeFileSync(`${root}/a/x.conf`, 'active = yes\n'))
  await change('added', () => writeFileSync(`${root}/b/y.conf`, ''))
  await change('another mode', () => chmodSync(`${root}/b/y.conf`, 0o600))
  await change('replaced', () => {
    writeFileSync(`${root}/b/.y.conf.swp`, 'active = no\n')
    renameSync(`${root}/b/.y.conf.swp`, `${root}/b/y.conf`)
  })
  await change('removed', () => rmSync(`${root}/b/y.conf`))
  const before = hints.count
  writeFileSync(`${root}/b/README`, 'x')
  writeFileSync(`${root}/b/.hidden.conf`, 'x')
  clock.rescan?.()
  t.equal(hints.count, before, 'nothing that counts has changed')
  await change('a change after that', () => writeFileSync(`${root}/b/z.conf`, ''))
})

void test('a directory that is removed and made anew goes on being watched', async (t) => {
  const root = t.testdir({ a: { 'x.conf': '' }, b: {} })
  const hints = new Hints()
  const clock = new HandClock()
  const watch = watchDropIns(placeAt(root), hints.take, { clock })
  t.teardown(() => watch.close())
  for (let round = 1; round <= 2; round++) {
    let hint = hints.next()
    rmSync(`${root}/a`, { recursive: true })
    await hint
    t.pass('removed')
    mkdirSync(`${root}/a`)
    writeFileSync(`${root}/a/x.conf`, '')
    // Without an event: this is the rescan's work, which replaces the watcher.
    hint = hints.next()
    clock.rescan?.()
    await hint
    t.pass('made anew')
    hint = hints.next()
    writeFileSync(`${root}/a/x.conf`, `active = ${round % 2 === 0 ? 'no' : 'yes'}\n`)
    await hint
    t.pass('written, and seen by events alone')
  }
})

void test('a directory that is replaced at once is watched again without waiting for a rescan', async (t) => {
  const root = t.testdir({ a: { 'x.conf': '' }, b: {} })
  const hints = new Hints()
  const watch = watchDropIns(placeAt(root), hints.take, { clock: new HandClock() })
  t.teardown(() => watch.close())
  let hint = hints.next()
  writeFileSync(`${root}/a/x.conf`, 'active = no\n')
  await hint
  hint = hints.next()
  rmSync(`${root}/a`, { recursive: true })
  mkdirSync(`${root}/a`)
  writeFileSync(`${root}/a/x.conf`, 'active = yes\n')
  await hint
  hint = hints.next()
  writeFileSync(`${root}/a/y.conf`, '')
  await hint
  t.pass('seen by events alone')
})

void test('a directory that is not there yet', async (t) => {
  const root = t.testdir({ a: {} })
  const hints = new Hints()
  const clock = new HandClock()
  const watch = watchDropIns(placeAt(root), hints.take, { clock })
  t.teardown(() => watch.close())
  mkdirSync(`${root}/b`)
  let hint = hints.next()
  clock.rescan?.()
  await hint
  hint = hints.next()
  writeFileSync(`${root}/b/y.conf`, '')
  await hint
  t.pass('seen by events alone')
})

void test('after close there are no more hints and no timers', async (t) => {
  const root = t.testdir({ a: {}, b: {} })
  const hints = new Hints()
  const clock = new HandClock()
  const watch = watchDropIns(placeAt(root), hints.take, { clock })
  writeFileSync(`${root}/a/x.conf`, '')
  await watch.close()
  t.equal(clock.rescan, undefined)
  t.equal(clock.pending, 0)
  t.equal(hints.count, 0)
})
