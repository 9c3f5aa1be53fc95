import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { findOwner } from '../../src/dispatcher/owner.js'

/** A line of /etc/passwd or /etc/group by its name. */
function entry(file: string, name: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return (lines.find((line) => line.startsWith(`${name}:`)) ?? '').split(':')
}

const SELF = { uid: process.geteuid?.(), gid: process.getegid?.() }
const [, , uidText, gidText] = entry('/etc/passwd', 'nobody')
const NOBODY = { uid: Number(uidText), gid: Number(gidText) }
const MAIL = Number(entry('/etc/group', 'mail')[2])

void test('whom a plugin runs as', async (t) => {
  t.equal(await findOwner('', ''), undefined)
  t.same(await findOwner('root', ''), { uid: 0, gid: 0 })
  t.same(await findOwner('nobody', ''), NOBODY, "the user's own group")
  t.same(await findOwner('nobody', 'mail'), { uid: NOBODY.uid, gid: MAIL })
  t.same(await findOwner('', 'mail'), { uid: SELF.uid, gid: MAIL })
  t.same(await findOwner(String(NOBODY.uid), ''), NOBODY, 'by number')
  t.same(await findOwner('4242424', ''), { uid: 4_242_424, gid: 4_242_424 }, 'a number without a name')
  t.same(await findOwner('nobody', '4242424'), { uid: NOBODY.uid, gid: 4_242_424 })
})

void test('names that are none', async (t) => {
  for (const name of ['no-such-user', '-u', '--help', '$(id)', '1x']) {
    await t.rejects(findOwner(name, ''), { message: `there is no user '${name}'` })
  }
  for (const name of ['no-such-group', '-s', '--help']) {
    await t.rejects(findOwner('root', name), { message: `there is no group '${name}'` })
  }
})
