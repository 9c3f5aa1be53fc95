import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { test, type Test } from 'tap'
import { checkOwnPlugins } from '../../src/ctl/own-plugin-check.js'
import { findConfig } from '../../src/dispatcher/config-place.js'
import { readDropIns } from '../../src/dispatcher/drop-in-dir.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'

/** Programs of ours, one of them by another name as well, a program of others, and drop-ins that run them. */
function configured(t: Test, dropIns: Readonly<Record<string, string>>) {
  const dir = t.testdir({ own: {}, 'audispd.d': {} })
  mkdirSync(`${dir}/sbin`)
  const script = '#!/bin/sh\necho "$0 $*" | sed "s:.*/::"\necho "x.conf:1: no" >&2\n[ "$2" = good ]\n'
  for (const name of ['audispd-syslog', 'audispd-filter', 'audispd-print'])
    writeFileSync(`${dir}/own/${name}`, script, { mode: 0o755 })
  writeFileSync(`${dir}/sbin/other`, script, { mode: 0o755 })
  symlinkSync('../own/audispd-syslog', `${dir}/sbin/audispd-syslog`)
  for (const [name, text] of Object.entries(dropIns))
    writeFileSync(`${dir}/audispd.d/${name}.conf`, text.replaceAll('DIR', dir), { mode: 0o644 })
  return { dir, reports: readDropIns(findConfig(dir), DEFAULT_SETTINGS) }
}

void test('plugins of ours that are active are asked, and no others', async (t) => {
  const { dir, reports } = configured(t, {
    a: 'active = yes\npath = DIR/sbin/audispd-syslog\nargs = good\n',
    b: 'active = yes\npath = DIR/own/audispd-syslog\nargs = bad "two words"\n',
    c: 'active = no\npath = DIR/own/audispd-syslog\n',
    d: 'active = yes\npath = DIR/sbin/other\n',
    e: 'active = yes\npath = DIR/own/audispd-print\n',
    f: 'active = yes\npath = DIR/own/audispd-filter\nargs = allowlist good /bin/cat\n',
  })
  t.same(await checkOwnPlugins(reports, undefined, `${dir}/own`), [
    {
      plugin: 'a',
      command: [`${dir}/sbin/audispd-syslog`, '--check', 'good'],
      ok: true,
      lines: ['audispd-syslog --check good', 'x.conf:1: no'],
    },
    {
      plugin: 'b',
      command: [`${dir}/own/audispd-syslog`, '--check', 'bad', 'two words'],
      ok: false,
      lines: ['audispd-syslog --check bad two words', 'x.conf:1: no'],
    },
    {
      plugin: 'f',
      command: [`${dir}/own/audispd-filter`, '--check', 'good'],
      ok: true,
      lines: ['audispd-filter --check good', 'x.conf:1: no'],
    },
  ])
})
