import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { test, type Test } from 'tap'
import type { ConfigPlace } from '../../src/dispatcher/config-place.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { planSwitch } from '../../src/ctl/switch-plan.js'

const GOOD = '# keeps\nactive = no\npath = /bin/true\n'

/** A system with a directory of packages and one of the admin, both with these files. */
function system(t: Test, files: Readonly<Record<string, string>>): { dir: string; place: ConfigPlace } {
  const dir = t.testdir({ usr: {}, etc: {}, opt: {} })
  for (const [name, text] of Object.entries(files)) writeFileSync(`${dir}/${name}`, text, { mode: 0o640 })
  const place = {
    settingsFile: `${dir}/none.conf`,
    dropInDirs: [`${dir}/usr`, `${dir}/etc`],
    explicit: false,
    warnings: [],
  }
  return { dir, place }
}

function plan(place: ConfigPlace, isActive: boolean, settings = DEFAULT_SETTINGS) {
  return planSwitch('siem', isActive, { place, settings }, fs)
}

void test('the file of a package stays, and a copy takes its place', async (t) => {
  const { dir, place } = system(t, { 'usr/siem.conf': GOOD })
  const { change, copyOf } = await plan(place, true)
  t.match(change, {
    path: `${dir}/etc/siem.conf`,
    before: undefined,
    after: { text: GOOD.replace('no', 'yes'), mode: statSync(`${dir}/usr/siem.conf`).mode & 0o7777 },
  })
  t.equal(copyOf, `${dir}/usr/siem.conf`)
  const same = await plan(place, false)
  t.equal(same.change.path, `${dir}/usr/siem.conf`, 'nothing to change, nothing to copy')
  t.same(same.change.before, same.change.after)
})

void test('the admin has a file already, which counts', async (t) => {
  const { dir, place } = system(t, { 'usr/siem.conf': GOOD, 'etc/siem.conf': 'path = /bin/true\n' })
  const { change, copyOf } = await plan(place, true)
  t.match(change, { path: `${dir}/etc/siem.conf`, after: { text: 'active = yes\npath = /bin/true\n' } })
  t.equal(copyOf, undefined)
  const other = await plan(place, true, { ...DEFAULT_SETTINGS, pluginDir: `${dir}/opt` })
  t.equal(other.change.path, `${dir}/etc/siem.conf`)
  writeFileSync(`${dir}/opt/siem.conf`, GOOD, { mode: 0o640 })
  const masking = await plan(place, true, { ...DEFAULT_SETTINGS, pluginDir: `${dir}/opt` })
  t.equal(masking.change.path, `${dir}/opt/siem.conf`)
})

void test('a link stays a link', async (t) => {
  const { dir, place } = system(t, {})
  mkdirSync(`${dir}/real`)
  writeFileSync(`${dir}/real/siem.conf`, GOOD, { mode: 0o640 })
  symlinkSync('../real/siem.conf', `${dir}/etc/siem.conf`)
  t.equal((await plan(place, true)).change.path, `${dir}/real/siem.conf`)
})

void test('a link to nothing', async (t) => {
  const { dir, place } = system(t, {})
  symlinkSync('/no/such/file', `${dir}/etc/siem.conf`)
  const why = { message: 'cannot be read: no such file or directory', mend: /^if it is a symbolic link/ }
  await t.rejects(plan(place, false), { code: 'system', problems: [{ file: `${dir}/etc/siem.conf`, ...why }] })
})

void test('what would not be valid is not written, unless it is taken out', async (t) => {
  const wrong = 'active = yes\npath = /no/such/program\nq_dpth = 3\n'
  const { dir, place } = system(t, { 'etc/siem.conf': wrong.replace('yes', 'no') })
  await t.rejects(plan(place, true), {
    code: 'config',
    problems: [
      { file: `${dir}/etc/siem.conf`, line: 2, message: /^path: / },
      { line: 3, message: /unknown key \(did you mean 'q_depth'\?\)/ },
    ],
  })
  t.match(readFileSync(`${dir}/etc/siem.conf`, 'utf8'), 'active = no')
  writeFileSync(`${dir}/etc/siem.conf`, wrong)
  t.match((await plan(place, false)).change.after?.text, /^active = no\n/)
})

void test('there is none of the name', async (t) => {
  const { place } = system(t, { 'etc/siems.conf': GOOD, 'etc/x.y.conf': GOOD })
  await t.rejects(plan(place, true), {
    code: 'usage',
    message: /no drop-in 'siem' in .*usr or .*etc \(did you mean 'siems'/,
  })
})
