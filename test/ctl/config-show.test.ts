import { mkdirSync, writeFileSync } from 'node:fs'
import { test, type Test } from 'tap'
import { config } from '../../src/ctl/config.js'
import { fakeHost } from './fake-host.js'

function configuration(t: Test, dropIn: string): string {
  const dir = t.testdir()
  mkdirSync(`${dir}/audispd.d`)
  writeFileSync(`${dir}/audispd.conf`, 'q_depth = 7\n', { mode: 0o644 })
  writeFileSync(`${dir}/audispd.d/siem.conf`, dropIn, { mode: 0o644 })
  return dir
}

void test('each key with its value and where it stands', async (t) => {
  const dir = configuration(t, 'active = yes\npath = /bin/true\n')
  const host = fakeHost('/')
  t.equal(await config(['show', '-c', dir], host), 0)
  t.equal(
    host.printed().out,
    [
      `${dir}/audispd.conf`,
      `  q_depth  = 7  ${dir}/audispd.conf:1`,
      '',
      `siem: active, ${dir}/audispd.d/siem.conf`,
      `  active  = yes        ${dir}/audispd.d/siem.conf:1`,
      `  path    = /bin/true  ${dir}/audispd.d/siem.conf:2`,
      '',
    ].join('\n'),
  )
  const one = fakeHost('/')
  t.equal(await config(['show', '--effective', 'siem', '-c', dir], one), 0)
  t.match(one.printed().out, /^siem: active, .*\n(?: {2}.*\n){19}$/)
  t.match(one.printed().out, /^ {2}stop_timeout +=\s5s +default$/m)
})

void test('mistakes are told, and make the exit status', async (t) => {
  const dir = configuration(t, 'active = maybe\n')
  const host = fakeHost('/')
  t.equal(await config(['show', '-c', dir, '--json'], host), 78)
  t.match(JSON.parse(host.printed().out), {
    verb: 'config show',
    settings: { file: `${dir}/audispd.conf`, keys: [{ key: 'q_depth', value: '7', from: { line: 1 } }] },
    plugins: [{ name: 'siem', state: 'invalid', masks: [], keys: [{ key: 'active', value: 'maybe' }] }],
    mistakes: [/siem\.conf:1: active: /],
    exitStatus: 78,
  })
  const text = fakeHost('/')
  t.equal(await config(['show', 'siem', '-c', dir], text), 78)
  t.match(text.printed().warned, /^audispctl config show: .*siem\.conf:1: active: /)
})

void test('verbs and plugins that there are not', async (t) => {
  const host = fakeHost('/')
  await t.rejects(config([], host), { code: 'usage' })
  await t.rejects(config(['shew'], host), { code: 'usage' })
  t.equal(await config(['show', 'siems', '-c', configuration(t, '')], host), 64)
  t.match(host.printed().warned, /there is no drop-in 'siems' \(did you mean 'siem'\?\)/)
})
