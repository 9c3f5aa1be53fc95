import { readFile, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { subjectNames } from '../remote/tls/subject-names.js'
import {
  CA_CERT,
  CERT,
  inTheWay,
  isThere,
  issue,
  KEY,
  makeDir,
  writeNew,
  type Authority,
  type Wanted,
} from './cert-authority.js'
import { CtlError } from './ctl-error.js'

export const ALLOW = 'allow'
const HOSTS = 'hosts'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const MODES = { [CA_CERT]: 0o644, [CERT]: 0o644, [KEY]: 0o400 } as const

/** Where everything lies that goes to a host. */
export function bundleOf(authority: Authority, name: string): string {
  return join(authority.dir, HOSTS, name)
}

/** Key and certificate for a host that has none yet. */
export async function makeBundle(authority: Authority, wanted: Wanted): Promise<string> {
  const bundle = bundleOf(authority, wanted.name)
  if (await isThere(join(bundle, CERT)))
    throw inTheWay(bundle, `for a new one of the same name: audispctl cert renew ${authority.dir} ${wanted.name}`)
  await issue(authority, wanted, bundle)
  return bundle
}

/** A new key and certificate with the names of the old ones, which are kept as NAME.old. */
export async function renewBundle(authority: Authority, name: string, days: number): Promise<string> {
  const bundle = bundleOf(authority, name)
  const file = join(bundle, CERT)
  if (!(await isThere(file))) {
    const mend = `make one: audispctl cert sender ${authority.dir} ${name}`
    throw new CtlError('config', [{ message: `${file} is not there`, mend }])
  }
  const old = new X509Certificate(await readFile(file))
  const { dnsNames, addresses } = subjectNames(old)
  const kind = old.keyUsage.includes(SERVER_AUTH) ? 'collector' : 'sender'
  const made = `${bundle}.new`
  await rm(made, { recursive: true, force: true })
  await issue(authority, { name, kind, dns: dnsNames, addresses, days }, made)
  await rm(`${bundle}.old`, { recursive: true, force: true })
  await rename(bundle, `${bundle}.old`)
  await rename(made, bundle)
  return bundle
}

/** Copies a bundle to where the programs look for it. What is there is replaced only if it is to be. */
export async function installBundle(bundle: string, to: string, replace: boolean): Promise<void> {
  await makeDir(to)
  const names = [KEY, CERT, CA_CERT] as const
  if (!replace) {
    for (const name of names)
      if (await isThere(join(to, name))) throw inTheWay(join(to, name), 'move it away first, or use cert renew')
  }
  for (const name of names) {
    const target = join(to, name)
    await rm(`${target}.new`, { force: true })
    await writeNew(`${target}.new`, await readFile(join(bundle, name)), MODES[name])
    await rename(`${target}.new`, target)
  }
}

/** Lets the collector on this machine read the authority's list itself, so that a new sender needs no copy of it. */
export async function linkAllowList(authority: Authority, to: string): Promise<void> {
  const target = join(to, ALLOW)
  if (!(await isThere(target))) await symlink(join(authority.dir, ALLOW), target)
}
