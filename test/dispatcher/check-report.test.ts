import { test } from 'tap'
import type { Problem } from '../../src/config.js'
import { checkReport } from '../../src/dispatcher/check-report.js'
import { findConfig } from '../../src/dispatcher/config-place.js'
import { readDropIns } from '../../src/dispatcher/drop-in-dir.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { fakeDisk, type FakeFile } from './fake-disk.js'

const ETC = '/etc/audispd/audispd.d'

function report(files: Readonly<Record<string, string | FakeFile>>, problems: readonly Problem[] = []) {
  const disk = fakeDisk({ '/bin/p': { mode: 0o755 }, ...files })
  return checkReport(problems, readDropIns(findConfig(undefined, disk), DEFAULT_SETTINGS, undefined, disk))
}

void test('a line for each drop-in, and its problems below it', (t) => {
  const { text, ok } = report({
    [`${ETC}/laurel.conf`]: 'active = yes\npath = /bin/p\n',
    [`${ETC}/siem.conf`]: 'active = yes\npath = /bin/p\nformat = binray\nqdepth = 5\n',
    [`${ETC}/old.conf`]: 'path = /bin/old\ntype = builtin\nformat = binary',
    '/usr/lib/audispd/audispd.d/old.conf': '',
    [`${ETC}/siem.conf.bak`]: '',
  })
  t.equal(ok, false)
  t.equal(
    text,
    `NAME           STATE     FORMAT  PATH
laurel         active    string  /bin/p
old            inactive  binary  /bin/old
  warning: ${ETC}/old.conf:2: type: 'builtin' is read as always: the path is that of a program
old            masked    -       /usr/lib/audispd/audispd.d/old.conf, by ${ETC}/old.conf
siem           invalid   -       ${ETC}/siem.conf
  error: ${ETC}/siem.conf:3: format: 'binray' is not string, binary or protocol (did you mean 'binary'?)
  error: ${ETC}/siem.conf:4: qdepth: unknown key (did you mean 'q_depth'?)
siem.conf.bak  ignored   -       ${ETC}/siem.conf.bak: its name has more than one dot
2 errors, 1 warning
`,
  )
  t.end()
})

void test('all well', (t) => {
  const { text, ok, json } = report({
    [`${ETC}/a.conf`]: 'active = yes\npath = /bin/p\nargs = "b c"\nsubscribe = type=EOE',
  })
  t.equal(ok, true)
  t.equal(text, 'NAME  STATE   FORMAT  PATH\na     active  string  /bin/p\n0 errors, 0 warnings\n')
  t.same(JSON.parse(JSON.stringify(json)), {
    ok: true,
    settings: { problems: [] },
    dropIns: [
      {
        name: 'a',
        file: `${ETC}/a.conf`,
        state: 'active',
        problems: [],
        format: 'string',
        path: '/bin/p',
        args: ['b c'],
        subscribe: 'type=EOE',
        user: '',
        group: '',
      },
    ],
  })
  t.end()
})

void test('the settings and the directories stand first', (t) => {
  const problem: Problem = { level: 'error', file: '/etc/audispd/audispd.conf', line: 3, key: 'log', text: 'wrong' }
  const { text, ok } = report({}, [problem])
  t.equal(ok, false)
  t.equal(
    text,
    `error: /etc/audispd/audispd.conf:3: log: wrong
warning: ${ETC}: does not exist, so there are no plugins
1 error, 1 warning
`,
  )
  t.equal(report({}).ok, true, 'a warning is no error')
  t.end()
})

void test('a name that a terminal would act on', (t) => {
  t.match(report({ [`${ETC}/\u001b[2J.txt`]: '' }).text, /\n\\u\{1b\}\[2J\.txt {2}ignored/)
  t.end()
})
