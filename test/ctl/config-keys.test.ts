import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { readEntries } from '../../src/config.js'
import { DROP_IN_KEYS, SETTINGS_KEYS } from '../../src/ctl/config-keys.js'
import { readDropIn } from '../../src/dispatcher/drop-in.js'
import { DEFAULT_SETTINGS, readSettings } from '../../src/dispatcher/settings.js'

void test('the keys of audispd.conf and their defaults are those that it is shipped with', (t) => {
  const { entries } = readEntries(readFileSync('etc/audispd.conf'), 'etc/audispd.conf')
  t.same(new Map(entries.map(({ key, value }) => [key, value])), SETTINGS_KEYS)
  const text = [...SETTINGS_KEYS].map(([key, value]) => `${key} = ${value}\n`).join('')
  t.same(readSettings(text, 'x'), { settings: DEFAULT_SETTINGS, problems: [] }, 'they are the defaults')
  t.end()
})

void test('the keys of a drop-in and their defaults make the drop-in that an empty one makes', (t) => {
  const source = { name: 'x', file: '/x.conf', settings: DEFAULT_SETTINGS, relativePaths: false }
  const text = [...DROP_IN_KEYS].map(([key, value]) =>
    value === undefined || value === '' ? '' : `${key} = ${value}\n`,
  )
  const [all, none] = [readDropIn(text.join(''), source), readDropIn('', source)]
  t.same(
    all.problems.filter(({ level }) => level === 'error'),
    [],
  )
  t.same(all.dropIn, none.dropIn)
  t.end()
})

void test('the man page has the same keys', (t) => {
  const page = readFileSync('man/audispd.d.5', 'utf8')
  const keys = [...page.matchAll(/^\.It Cm ([a-z_]+) No = /gm)].map(([, key]) => key)
  t.same(new Set(keys), new Set(DROP_IN_KEYS.keys()))
  t.end()
})
