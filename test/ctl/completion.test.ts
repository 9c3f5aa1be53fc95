import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { completion } from '../../src/ctl/completion.js'
import { VERBS, type VerbOptions } from '../../src/ctl/verbs.js'
import { fakeHost } from './fake-host.js'

const PAGE = readFileSync('man/audispctl.8', 'utf8')
const BASH = '/bin/bash'
const COMPLETES = 'test/fixtures/ctl/completes.bash'

void test(
  'bash completes verbs, options, and names of plugins',
  { skip: !existsSync(BASH) && `no ${BASH}` },
  async (t) => {
    const host = fakeHost('/')
    t.equal(await completion(['bash'], host), 0)
    const dir = t.testdir()
    mkdirSync(`${dir}/audispd.d`)
    for (const name of ['siem', 'sys-log', 'evil$(x)']) writeFileSync(`${dir}/audispd.d/${name}.conf`, '')
    writeFileSync(`${dir}/script`, host.printed().out)
    const offered = (...words: readonly string[]): string[] => {
      const run = spawnSync(BASH, ['--norc', COMPLETES, `${dir}/script`, 'audispctl', ...words], {
        encoding: 'utf8',
        env: {},
      })
      t.equal(run.stderr, '')
      return run.stdout.split('\n').filter((line) => line !== '')
    }
    t.same(offered(''), [...VERBS.keys(), '--help', '--version'])
    t.same(offered('stat'), ['status'])
    t.same(offered('status', '--js'), ['--json'])
    t.same(offered('status', '-c', dir, ''), ['siem', 'sys-log'])
    t.same(offered('stop', '--socket', 'status', '-c', dir, 's'), ['siem', 'sys-log'])
    t.same(offered('remote', ''), ['status', 'verify', 'export', 'repair'])
    t.same(offered('remote', 'export', '--s'), ['--stream', '--since'])
    t.same(offered('config', 'show', '-c', dir, 'si'), ['siem'])
    t.same(offered('status', '-c', ''), [], 'files')
    t.same(offered('completion', ''), ['bash'])
    t.same(offered('nosuch', '--'), [])
  },
)

void test('each verb has its help, and its options are those of the table', async (t) => {
  for (const [name, { load }] of VERBS) {
    const { run, options, verbs = {} } = await load()
    t.same(await untold([name], options ?? {}), [])
    for (const [second, own] of Object.entries(verbs)) t.same(await untold([name, second], own), [])

    async function untold([verb, ...words]: readonly string[], known: VerbOptions): Promise<string[]> {
      const host = fakeHost('/')
      t.equal(await run([...words, '--help'], host), 0, `${verb} ${words.join(' ')} --help`)
      const { out } = host.printed()
      return Object.entries(known)
        .filter(
          ([option, { short }]) => option !== 'help' && !out.includes(`--${option}`) && !out.includes(`-${short} `),
        )
        .map(([option]) => `${verb} ${words.join(' ')} --${option}`)
    }
  }
})

void test('other shells', async (t) => {
  await t.rejects(completion([], fakeHost('/')), { code: 'usage' })
  await t.rejects(completion(['fish'], fakeHost('/')), { code: 'usage' })
})

void test('audispctl(8) has every verb and every option', async (t) => {
  const [synopsis, described] = [sectionOf('SYNOPSIS'), sectionOf('OPTIONS')]
  for (const [name, { load }] of VERBS) {
    const { options = {}, verbs } = await load()
    const all = verbs === undefined ? { [name]: options } : namedIn(name, verbs)
    for (const [verb, own] of Object.entries(all)) {
      t.match(synopsis, new RegExp(`^\\.Cm (?:.* )?${verb}(?: |$)`, 'm'), verb)
      const missing = Object.keys(own).filter((option) => !new RegExp(`^\\.It .*Fl -${option}\\b`, 'm').test(described))
      t.same(missing, [], `options of ${verb}`)
    }
  }
})

function sectionOf(name: string): string {
  const from = PAGE.indexOf(`.Sh ${name}\n`)
  return PAGE.slice(from, PAGE.indexOf('\n.Sh ', from + 1))
}

function namedIn<T>(name: string, verbs: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(verbs).map(([second, own]) => [`${name} ${second}`, own]))
}
