import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { findOwner } from '../../src/dispatcher/owner.js'

function entries(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(':'))
}

const SELF = { uid: process.geteuid?.(), gid: process.getegid?.() }
/** Somebody whose own group has another number than they have. */
const [NAME = '', , UID = '', GID = ''] = entries('/etc/passwd').find(([, , uid, gid]) => uid !== gid) ?? []
const SOMEBODY = { uid: Number(UID), gid: Number(GID) }
const MAIL = Number(entries('/etc/group').find(([name]) => name === 'mail')?.[2])

void test('whom a plugin runs as', async (t) => {
  t.equal(await findOwner('', ''), undefined)
  t.same(await findOwner('root', ''), { uid: 0, gid: 0 })
  t.same(await findOwner(NAME, ''), SOMEBODY, "the user's own group")
  t.same(await findOwner(NAME, 'mail'), { uid: SOMEBODY.uid, gid: MAIL })
  t.same(await findOwner('', 'mail'), { uid: SELF.uid, gid: MAIL })
  t.same(await findOwner(UID, ''), SOMEBODY, 'by number')
  t.same(await findOwner('4242424', ''), { uid: 4_242_424, gid: 4_242_424 }, 'a number without a name')
  t.same(await findOwner(NAME, '4242424'), { uid: SOMEBODY.uid, gid: 4_242_424 })
})

void test('names that are none', async (t) => {
  for (const name of ['no-such-user', '-u', '--help', '$(id)', '1x']) {
    await t.rejects(findOwner(name, ''), { message: `there is no user '${name}'` })
  }
  for (const name of ['no-such-group', '-s', '--help']) {
    await t.rejects(findOwner('root', name), { message: `there is no group '${name}'` })
  }
})
