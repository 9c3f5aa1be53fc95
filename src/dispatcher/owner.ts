import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const ID = '/usr/bin/id'
const GETENT = '/usr/bin/getent'

const LOOKUP_TIMEOUT_MS = 5000

const run = promisify(execFile)

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** The ids that `user` and `group` of a drop-in mean; undefined when neither is given. Throws when there is no such name. */
export async function findOwner(user: string, group: string): Promise<Owner | undefined> {
  if (user === '' && group === '') return undefined
  const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  const uid = user === '' ? self.uid : await idOf(user, '-u')
  if (group !== '') return { uid, gid: await groupId(group) }
  return { uid, gid: user === '' ? self.gid : await idOf(user, '-g') }
}

async function idOf(user: string, which: '-u' | '-g'): Promise<number> {
  try {
    return Number((await run(ID, [which, '--', user], { env: {}, timeout: LOOKUP_TIMEOUT_MS })).stdout.trim())
  } catch {
    // id(1) says "no such user" by its exit status.
    if (/^[0-9]+$/.test(user)) return Number(user)
    throw new Error(`there is no user '${user}'`)
  }
}

async function groupId(group: string): Promise<number> {
  if (/^[0-9]+$/.test(group)) return Number(group)
  try {
    const id = (await run(GETENT, ['group', '--', group], { env: {}, timeout: LOOKUP_TIMEOUT_MS })).stdout.split(':')[2]
    if (id !== undefined) return Number(id)
  } catch {
    // getent(1) says "not found" by its exit status; the error below says it in words.
  }
  throw new Error(`there is no group '${group}'`)
}
