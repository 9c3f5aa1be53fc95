// What `plugin new` writes passes what `plugin test` asks.

import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'tap'
import { formatProblem } from '../../src/config.js'
import { pluginNew } from '../../src/ctl/plugin-new.js'
import { readDropIn } from '../../src/dispatcher/drop-in.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { fakeHost } from './fake-host.js'

const MAIN = resolve('build/src/ctl/main.js')
const PYTHON = '/usr/bin/python3'
/**
 * What is left of the kit where another direction of the same language, or the other language of the SDK, has passed it
 * all: to start Node some hundred times takes a minute.
 */
const SHORT_OF_IT = [
  'opening,stop,recorded-stream,any-bytes,torn-by-end,redelivery,input-records,input-resumes',
  'known-lines,acks-rise,acks-possible,input-rises,input-window',
].join(',')
/** Each of them waits more than it works. */
const AT_ONCE = 3

interface Case {
  readonly lang: string
  readonly direction: string
}

interface Ran {
  readonly status: number | null
  readonly said: string
}

const CASES: readonly Case[] = ['sh', 'python', 'js', 'ts'].flatMap((lang) =>
  ['out', 'in', 'both'].map((direction) => ({ lang, direction })),
)

void test('each language and direction, by the test that comes with it', { timeout: 200_000 }, async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'audispd-test-'))
  t.teardown(() => rmSync(place, { recursive: true, force: true }))
  const audispctl = join(place, 'audispctl')
  writeFileSync(audispctl, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
  chmodSync(audispctl, 0o755)
  const waiting = [...CASES]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { lang, direction } = next
      const what = `${lang}, ${direction}`
      if (lang === 'python' && !existsSync(PYTHON)) {
        t.pass(what, { skip: `there is no ${PYTHON}` })
        continue
      }
      const name = `my-${lang}-${direction}`
      const dir = join(place, name)
      const host = fakeHost('/')
      t.equal(await pluginNew([name, '--lang', lang, '--direction', direction, '--dir', dir], host), 0)
      installPackages(dir)
      t.same(problemsOf(name, dir, direction), [], `${what}: its drop-in`)
      const isWhole = direction === 'both' && lang !== 'ts'
      const options = isWhole ? [] : ['--only', SHORT_OF_IT]
      const { status, said } = await run(join(dir, 'test.sh'), options, {
        AUDISPCTL: audispctl,
        NODE: process.execPath,
      })
      t.equal(status, 0, `${what}: its test\n${said}`)
      t.match(said, /\n\d+ ok, 0 failed, \d+ skipped\n/, what)
      const isUnasked = direction === 'out' ? /^skipped input-records: / : /^ok +input-records$/
      t.match(said, new RegExp(isUnasked.source, 'm'), `${what}: records of its own`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
})

void test('the SDK is copied into the plugin, not linked to', async (t) => {
  for (const lang of ['js', 'ts']) {
    const dir = join(t.testdir(), lang)
    await pluginNew(['siem', '--lang', lang, '--dir', dir], fakeHost('/'))
    const installs = readFileSync(join(dir, 'README'), 'utf8').match(/^npm install .*/gm)
    t.same(installs, ['npm install --install-links /opt/audispd'], 'a relative link is broken in /usr/local/lib')
  }
})

void test('nothing of the templates is left in what is written', async (t) => {
  const dir = t.testdir()
  const host = fakeHost('/')
  await pluginNew(['siem', '--lang', 'sh', '--direction', 'both', '--dir', join(dir, 'siem')], host)
  const { out } = host.printed()
  const paths = [...out.matchAll(/^wrote (.*)$/gm)].map(([, path = '']) => path)
  t.same(paths.map((path) => path.slice(dir.length + 1)).sort(), [
    'siem/README',
    'siem/records.txt',
    'siem/siem.conf',
    'siem/siem.sh',
    'siem/test.sh',
  ])
  for (const path of paths) t.notMatch(readFileSync(path, 'utf8'), /@[A-Z]+@|NAME/, path)
  t.match(out, /\nnext: read .*\/siem\/README\n$/)
})

void test('it overwrites nothing, and knows what it can write', async (t) => {
  const dir = t.testdir({ full: { 'siem.sh': 'mine' } })
  const into = (name: string, ...more: readonly string[]) =>
    pluginNew([...more, '--dir', join(dir, name)], fakeHost('/'))
  const refused = { code: 'config', message: /full is not empty: it has siem.sh/ }
  await t.rejects(into('full', 'siem', '--lang', 'sh'), refused)
  t.equal(readFileSync(join(dir, 'full/siem.sh'), 'utf8'), 'mine')
  await t.rejects(into('full/siem.sh', 'siem', '--lang', 'sh'), { code: 'system', message: /siem.sh: / })
  await t.rejects(into('new', 'siem'), { code: 'usage', message: /--lang takes ts, js, sh, python, and is needed/ })
  await t.rejects(into('new', 'siem', '--lang', 'perl'), { code: 'usage', message: /not 'perl'/ })
  await t.rejects(into('new', '../siem', '--lang', 'sh'), { code: 'usage', message: /a name is 1 to 32/ })
  await t.rejects(into('new', '--lang', 'sh'), { code: 'usage', message: /one name is needed/ })
  t.notOk(existsSync(join(dir, 'new')))
  const orphan = { code: 'system', message: /new\/deep cannot be made: no such file or directory/ }
  await t.rejects(into('new/deep', 'siem', '--lang', 'sh'), orphan)
  // Node's mkdir() of parents as well never comes back from there.
  await t.rejects(pluginNew(['siem', '--lang', 'sh', '--dir', '/proc/siem'], fakeHost('/')), { code: 'system' })
})

/** What an author has after `npm install`: the package itself, and a compiler. */
function installPackages(dir: string): void {
  const modules = join(dir, 'node_modules')
  mkdirSync(modules)
  symlinkSync(resolve('.'), join(modules, 'audispd'))
  for (const name of ['typescript', '@types', 'undici-types', '@typescript']) {
    if (existsSync(resolve('node_modules', name))) symlinkSync(resolve('node_modules', name), join(modules, name))
  }
}

function problemsOf(name: string, dir: string, direction: string): string[] {
  const file = join(dir, `${name}.conf`)
  const source = { name, file, settings: DEFAULT_SETTINGS, relativePaths: false }
  const text = readFileSync(file, 'utf8')
  const { problems } = readDropIn(text, source)
  const lines = ['active = no', `direction = ${direction}`, 'format = protocol']
  return [...problems.map(formatProblem), ...lines.filter((line) => !text.split('\n').includes(line))]
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((done, failed) => {
    // The environment is made behind the back of the test runner, which puts itself into that of every child.
    const variables = Object.entries({ PATH: '/usr/bin:/bin', ...env }).map(([name, value]) => `${name}=${value}`)
    const child = spawn('/usr/bin/env', ['-i', ...variables, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    child.on('error', failed)
    child.on('close', (status) => done({ status, said }))
  })
}
