import { writeFileSync } from 'node:fs'
import { test } from 'tap'
import { pluginViews, settingsView } from '../../src/ctl/config-view.js'
import { readDropIns } from '../../src/dispatcher/drop-in-dir.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'

void test('audispd.conf: what is written, where, and what holds beside it', (t) => {
  const dir = t.testdir({ 'audispd.conf': 'Q_Depth = 5\n# x\nq_depth = 7\nodd = 1\n[action Ban]\npath = /bin/true\n' })
  const file = `${dir}/audispd.conf`
  const written = [
    { key: 'q_depth', value: '7', from: { file, line: 3 } },
    { key: 'odd', value: '1', from: { file, line: 4 } },
    { key: '[action Ban] path', value: '/bin/true', from: { file, line: 6 } },
  ]
  t.same(settingsView(file, true), { file, keys: written })
  const all = settingsView(file, false).keys
  t.same(all[0], written[0])
  t.same(all[1], { key: 'q_bytes', value: '64M', from: null })
  t.same(settingsView(`${dir}/none`, true).keys, [])
  t.end()
})

void test('a drop-in: its own keys, those of audispd.conf, and defaults; and what it masks', (t) => {
  const dir = t.testdir({ 'audispd.conf': 'q_depth = 7\n', usr: {}, etc: {} })
  const text = 'active = no\nenv.Lang = C\nq_bytes = 1M\n'
  for (const at of ['usr', 'etc']) writeFileSync(`${dir}/${at}/siem.conf`, text, { mode: 0o644 })
  writeFileSync(`${dir}/etc/x.conf`, 'actve = no\n', { mode: 0o644 })
  const place = {
    settingsFile: `${dir}/audispd.conf`,
    dropInDirs: [`${dir}/usr`, `${dir}/etc`],
    explicit: false,
    warnings: [],
  }
  const reports = readDropIns(place, DEFAULT_SETTINGS)
  const settings = settingsView(place.settingsFile, false)
  const [siem, x] = pluginViews(reports, settings, true)
  const file = `${dir}/etc/siem.conf`
  t.same(siem, {
    name: 'siem',
    state: 'inactive',
    file,
    masks: [`${dir}/usr/siem.conf`],
    keys: [
      { key: 'active', value: 'no', from: { file, line: 1 } },
      { key: 'q_bytes', value: '1M', from: { file, line: 3 } },
      { key: 'env.Lang', value: 'C', from: { file, line: 2 } },
    ],
  })
  t.match(x, { name: 'x', state: 'invalid', keys: [{ key: 'actve' }] })
  const [effective] = pluginViews(reports, settings, false)
  const origin = (key: string) => effective?.keys.find((each) => each.key === key)
  t.same(origin('q_depth'), { key: 'q_depth', value: '7', from: { file: place.settingsFile, line: 1 } })
  t.same(origin('max_restarts'), { key: 'max_restarts', value: '10', from: null })
  t.same(origin('format'), { key: 'format', value: 'string', from: null })
  t.end()
})
