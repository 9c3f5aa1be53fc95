import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test, type Test } from 'tap'
import { check } from '../../src/ctl/check.js'
import { fakeHost } from './fake-host.js'

function configuration(t: Test, settings: string, dropIn: string): string {
  const dir = t.testdir()
  mkdirSync(`${dir}/audispd.d`)
  writeFileSync(`${dir}/audispd.conf`, settings, { mode: 0o644 })
  writeFileSync(`${dir}/audispd.d/siem.conf`, dropIn, { mode: 0o644 })
  return dir
}

const well = () => Promise.resolve({ status: 0, output: 'well\n' })

void test('0 without a mistake, 78 with one anywhere', async (t) => {
  const good = configuration(t, '', 'active = yes\npath = /bin/true\n')
  const host = fakeHost('/')
  t.equal(await check(['-c', good], host, well), 0)
  t.match(host.printed().out, /^siem +active +string +\/bin\/true\n0 errors, 0 warnings\n$/m)

  const bad = configuration(t, 'q_dpth = 3\n', 'active = maybe\npath = /bin/true\n')
  t.equal(await check(['-c', bad], host, well), 78)
  t.match(host.printed().out, `${bad}/audispd.conf:1: q_dpth: unknown key`)
  t.match(host.printed().out, `${bad}/audispd.d/siem.conf:1: active: `)
  await t.rejects(check(['x'], host), { code: 'usage' })
})

void test('a plugin of ours is asked about its own file', async (t) => {
  // In a test run its programs are those of the build that the test belongs to.
  const own = resolve(import.meta.dirname, '../../bin/audispd-syslog')
  const dir = configuration(t, '', `active = yes\npath = ${own}\nargs = /x.conf\n`)
  const asked: unknown[] = []
  const run = (program: string, args: readonly string[]) => {
    asked.push([program, ...args])
    return Promise.resolve({ status: 78, output: '/x.conf:3: server: \x1bno\n' })
  }
  const host = fakeHost('/')
  t.equal(await check(['-c', dir, '--json'], host, run), 78)
  t.same(asked, [[own, '--check', '/x.conf']])
  t.match(JSON.parse(host.printed().out), {
    verb: 'check',
    daemon: { ok: true, dropIns: [{ name: 'siem', state: 'active' }] },
    plugins: [{ plugin: 'siem', command: [own, '--check', '/x.conf'], ok: false, lines: [/^\/x\.conf:3/] }],
    exitStatus: 78,
  })
  const text = fakeHost('/')
  t.equal(await check(['-c', dir], text, run), 78)
  t.match(text.printed().out, /^siem, its own configuration: has mistakes\n {2}\/x\.conf:3: server: \\x1bno\n$/m)
})

void test('a directory that holds no configuration is not taken for /etc/audispd', async (t) => {
  const host = fakeHost('/')
  await t.rejects(check(['-c', t.testdir()], host), { code: 'usage', message: /there is neither audispd\.conf nor/ })
  t.same(host.printed(), { out: '', warned: '' })
})
