import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { LAYERS } from '../../../src/ctl/doctor/check.js'
import { CHECKS } from '../../../src/ctl/doctor/checks.js'
import { complaints, findings } from './patient.js'

void test('a machine on which all is well', async (t) => {
  t.same(await complaints(CHECKS), [])
  const calm = await findings(CHECKS)
  t.ok(calm.length > 25, 'and that is said')
  t.same(
    calm.filter(({ mend }) => mend !== ''),
    [],
    'there is nothing to mend',
  )
})

void test('each check has a name of its own, which begins with its layer', (t) => {
  const ids = CHECKS.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
  for (const { id, layer } of CHECKS) t.equal(id.split('.')[0], layer, id)
  t.same([...new Set(CHECKS.map(({ layer }) => layer))], LAYERS)
  t.end()
})

void test('the page lists them all', (t) => {
  const page = readFileSync('docs/doctor.md', 'utf8')
  const listed = [...page.matchAll(/^\| `([a-z]+\.[a-z-]+)` \|/gm)].map(([, id = '']) => id)
  t.same(new Set(listed), new Set(CHECKS.map(({ id }) => id)))
  t.equal(listed.length, CHECKS.length)
  t.end()
})
