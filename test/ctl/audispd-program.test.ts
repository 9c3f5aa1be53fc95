import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { checkProgram, nodeNotes, stableName } from '../../src/ctl/audispd-program.js'
import { rulesOf } from '../../src/ctl/auditd-version.js'
import type { FilePort } from '../../src/ctl/host.js'
import { jailed, plant } from './fake-host.js'

const PROGRAM = '/usr/sbin/audispd'
const OLD = rulesOf({ text: '2.8.5', parts: [2, 8, 5] })
const DEBIAN = rulesOf({ text: '3.0.9', parts: [3, 0, 9] })
const LATE = rulesOf({ text: '4.2', parts: [4, 2, 0] })
const TREE = { root: '/', owner: 0 }

interface Setup {
  readonly mode?: number
  readonly uid?: number
}

/** The program as a file whose owner and mode are said to be these. */
async function setUp(root: string, { mode = 0o755, uid = 0 }: Setup): Promise<FilePort> {
  await plant(root, { [PROGRAM]: '#!/bin/sh\n' })
  await fs.chmod(join(root, PROGRAM), mode)
  const files = jailed(root)
  const stat: FilePort['stat'] = async (path) => Object.assign(await files.stat(path), path === PROGRAM ? { uid } : {})
  return { ...files, stat }
}

async function complaints(root: string, rules: typeof OLD, setup: Setup): Promise<string[]> {
  const { problems } = await checkProgram(await setUp(root, setup), PROGRAM, rules, TREE)
  return problems.map(({ file, message, mend }) => `${file ?? ''}: ${message}: ${mend}`)
}

void test('a program that every auditd takes', async (t) => {
  for (const rules of [OLD, DEBIAN, LATE]) {
    t.same(await checkProgram(await setUp(t.testdir(), {}), PROGRAM, rules, TREE), { problems: [], notes: [] })
  }
})

void test("a program that is not root's", async (t) => {
  const wanted = [`${PROGRAM}: belongs to uid 1000; auditd wants 0: chown 0:0 ${PROGRAM}`]
  t.same(await complaints(t.testdir(), DEBIAN, { uid: 1000 }), wanted)
  t.same(await complaints(t.testdir(), OLD, { uid: 1000 }), wanted)
})

void test('modes that auditd refuses', async (t) => {
  t.same(await complaints(t.testdir(), DEBIAN, { mode: 0o700 }), [
    `${PROGRAM}: has mode 0700; auditd wants at least 0750: chmod 0755 ${PROGRAM}`,
  ])
  t.same(await complaints(t.testdir(), DEBIAN, { mode: 0o775 }), [
    `${PROGRAM}: has mode 0775: others than root may write it: chmod go-w ${PROGRAM}`,
  ])
  t.match(await complaints(t.testdir(), LATE, { mode: 0o757 }), [/others than root/])
  t.match(await complaints(t.testdir(), LATE, { mode: 0o644 }), [/at least 0550/])
  t.match(await complaints(t.testdir(), DEBIAN, { mode: 0o555 }), [/at least 0750/])
  t.same(await complaints(t.testdir(), LATE, { mode: 0o555 }), [], '4.0.5 and later do not ask for a w')
})

void test('auditd 2.x wants one of two modes', async (t) => {
  t.same(await complaints(t.testdir(), OLD, { mode: 0o750 }), [])
  for (const mode of [0o751, 0o775, 0o700, 0o555]) {
    t.same(await complaints(t.testdir(), OLD, { mode }), [
      `${PROGRAM}: has mode 0${mode.toString(8)}; auditd 2.x wants exactly 0750 or 0755: chmod 0755 ${PROGRAM}`,
    ])
  }
})

void test('everything wrong is said at once', async (t) => {
  t.equal((await complaints(t.testdir(), LATE, { mode: 0o622, uid: 7 })).length, 3)
})

void test('names that auditd cannot use', async (t) => {
  const files = jailed(t.testdir())
  for (const [name, message] of [
    ['audispd', /not an absolute path/],
    ['', /not an absolute path/],
    ['/usr/sbin/../audispd', /not a plain path/],
    ['/usr/sbin//audispd', /not a plain path/],
    ['/usr/sbin/audispd/', /not a plain path/],
    ['/usr/my sbin/audispd', /blank/],
    ['/usr/sbin/audi\nspd', /control character/],
    ['/usr/sbin/audi\u001bspd', /control character/],
    ['/ab/audispd', /refuses a program in \/ab: it wants a directory of four/],
  ] as const) {
    const { problems } = await checkProgram(files, name, DEBIAN, TREE)
    t.match(problems, [{ file: name, message, mend: /--program PATH/ }], name)
  }
})

void test('no such program, and no program', async (t) => {
  const files = await setUp(t.testdir(), {})
  t.match((await checkProgram(files, '/usr/sbin/other', DEBIAN, TREE)).problems, [
    { file: '/usr/sbin/other', message: /^no such file/, mend: /--program PATH/ },
  ])
  t.match((await checkProgram(files, '/usr/sbin', DEBIAN, TREE)).problems, [{ message: 'is not a regular file' }])
})

void test('a directory that others may write is a doubt, not a refusal', async (t) => {
  const root = t.testdir()
  const files = await setUp(root, {})
  await fs.chmod(join(root, 'usr'), 0o775)
  const { problems, notes } = await checkProgram(files, PROGRAM, DEBIAN, TREE)
  t.same(problems, [])
  t.same(notes, ['others than root may write /usr, and so replace the program that auditd runs as root'])
})

void test("so is a node in somebody's home", async (t) => {
  const root = t.testdir()
  await plant(root, { '/home/ann/bin/node': '' })
  const files = jailed(root)
  const stat: FilePort['stat'] = async (path) =>
    Object.assign(await files.stat(path), path.startsWith('/home/') ? { uid: 1000 } : {})
  t.match(await nodeNotes({ ...files, stat }, '/home/ann/bin/node'), [/ann\/bin\/node,/, /ann\/bin,/, /ann,/])
  t.same(await nodeNotes(files, '/home/ann/bin/node'), [])
})

void test('links are followed, as auditd follows them', async (t) => {
  const root = t.testdir()
  const files = await setUp(root, { mode: 0o700 })
  await fs.symlink('audispd', join(root, 'usr/sbin/link'))
  const { problems } = await checkProgram(files, '/usr/sbin/link', DEBIAN, TREE)
  t.match(problems, [{ file: '/usr/sbin/link', mend: `chmod 0755 ${PROGRAM}` }])
})

void test('the name to install is one that outlives an upgrade', async (t) => {
  const root = t.testdir()
  const launcher = '/usr/lib/audispd/build/bin/audispd'
  const other = '/opt/audispd/audispd'
  await plant(root, { [launcher]: '', [other]: '', '/usr/sbin/audispd': 'the one of audit 2.x' })
  const files = jailed(root)
  t.equal(await stableName(files, launcher), launcher)
  await fs.mkdir(join(root, 'usr/local/bin'), { recursive: true })
  await fs.symlink('../../lib/audispd/build/bin/audispd', join(root, 'usr/local/bin/audispd'))
  t.equal(await stableName(files, launcher), '/usr/local/bin/audispd')
  t.equal(await stableName(files, other), other, 'a name that leads elsewhere is not ours')
  await fs.chmod(join(root, 'usr/local/bin'), 0o775)
  t.equal(await stableName(files, launcher), launcher, 'others could turn the link round')
})
