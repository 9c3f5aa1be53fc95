// A small certificate authority: a key, its certificate, and a directory for each host. The openssl program signs; the keys are made here.
// Everything is written into a directory of its own first, so that an interruption leaves nothing half done.

import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { principalIn } from '../remote/tls/subject-names.js'
import { CtlError, systemCode, systemReason } from './ctl-error.js'
import { openssl } from './openssl.js'

export const CA_CERT = 'ca.pem'
export const CA_KEY = 'ca-key.pem'
export const CERT = 'cert.pem'
export const KEY = 'key.pem'

const DIR_MODE = 0o700
const PUBLIC_MODE = 0o644
const SECRET_MODE = 0o400
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** X.520's bound of a common name, which is for people alone. */
const MAX_COMMON_NAME = 64
/** It begins in the past, for machines whose clocks are behind. */
const BACKDATED_MS = HOUR_MS

/** What one certificate is to say. */
export interface Wanted {
  readonly name: string
  readonly kind: 'collector' | 'sender'
  readonly dns: readonly string[]
  readonly addresses: readonly string[]
  readonly days: number
}

export interface Authority {
  readonly dir: string
  readonly site: string
  readonly endMs: number
}

/** Makes an authority in a directory that is not there yet, or is empty. */
export async function makeAuthority(dir: string, site: string, days: number): Promise<Authority> {
  await makeDir(dir)
  if (await isThere(join(dir, CA_KEY)))
    throw inTheWay(join(dir, CA_KEY), 'give another directory; an authority is not overwritten')
  const endMs = Date.now() + days * DAY_MS
  const extensions = [
    'basicConstraints = critical, CA:true, pathlen:0',
    'keyUsage = critical, keyCertSign, cRLSign',
    'subjectKeyIdentifier = hash',
    `subjectAltName = URI:${authorityUri(site)}`,
  ]
  await inWorkDir(dir, async (work) => {
    await writeKey(join(work, KEY))
    await sign(work, `audit authority of ${site}`, extensions, endMs, ['-selfsign', '-keyfile', KEY])
    await rename(join(work, CERT), join(dir, CA_CERT))
    // Last: with the key there is an authority.
    await rename(join(work, KEY), join(dir, CA_KEY))
  })
  return { dir, site, endMs }
}

/** The authority in a directory. */
export async function openAuthority(dir: string): Promise<Authority> {
  const file = join(dir, CA_CERT)
  try {
    const certificate = new X509Certificate(await readFile(file))
    const [, site] = /^audit:\/\/([^/]+)\/ca$/.exec(principalIn(certificate) ?? '') ?? []
    if (site !== undefined) return { dir, site, endMs: Date.parse(certificate.validTo) }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      const message = `${dir} is no authority: there is no ${CA_CERT}`
      throw new CtlError('config', [{ message, mend: `make one: audispctl cert ca ${dir}` }], { cause: error })
    }
    if (systemCode(error)?.startsWith('ERR_') !== true)
      throw new CtlError('system', [{ message: `${file}: ${systemReason(error)}`, mend: 'are you root?' }], {
        cause: error,
      })
  }
  const mend = `make one in another directory: audispctl cert ca DIR`
  throw new CtlError('config', [{ message: `${file} was not made by audispctl cert ca`, mend }])
}

/** What a host is called in its certificate. */
export function hostUri(site: string, name: string): string {
  return `audit://${site}/${name}`
}

/** Makes a key and a certificate for a host: a directory with all that goes to it, which is not there before. */
export async function issue(authority: Authority, wanted: Wanted, bundle: string): Promise<void> {
  const { dir, site } = authority
  const endMs = Math.min(Date.now() + wanted.days * DAY_MS, authority.endMs)
  const names = [
    `URI:${hostUri(site, wanted.name)}`,
    ...wanted.dns.map((name) => `DNS:${name}`),
    ...wanted.addresses.map((address) => `IP:${address}`),
  ]
  const extensions = [
    'basicConstraints = critical, CA:false',
    'keyUsage = critical, digitalSignature',
    // A sender's certificate cannot stand for a collector; a collector may send on.
    `extendedKeyUsage = ${wanted.kind === 'collector' ? 'serverAuth, clientAuth' : 'clientAuth'}`,
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
    `subjectAltName = ${names.join(', ')}`,
  ]
  await makeDir(dirname(bundle))
  await inWorkDir(dir, async (work) => {
    const made = join(work, 'bundle')
    await mkdir(made, { mode: DIR_MODE })
    await writeKey(join(work, KEY))
    await sign(work, wanted.name, extensions, endMs, ['-keyfile', `../${CA_KEY}`, '-cert', `../${CA_CERT}`])
    await rename(join(work, CERT), join(made, CERT))
    await rename(join(work, KEY), join(made, KEY))
    await writeNew(join(made, CA_CERT), await readFile(join(dir, CA_CERT)), PUBLIC_MODE)
    await rename(made, bundle)
  })
}

/** A new file with exactly this mode, on the disk when this is done. */
export async function writeNew(path: string, content: Buffer | string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    // Whatever the umask.
    await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Its parent has to be there: where nothing can be made, as in /proc, a recursive mkdir() of Node never returns. */
export async function makeDir(dir: string): Promise<void> {
  try {
    await mkdir(dir, { mode: DIR_MODE })
    await chmod(dir, DIR_MODE)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return
    const mend = code === 'ENOENT' ? `make ${dirname(dir)} first` : 'are you root?'
    throw new CtlError('system', [{ message: `${dir} cannot be made: ${systemReason(error)}`, mend }], { cause: error })
  }
}

export function inTheWay(path: string, mend: string): CtlError {
  return new CtlError('config', [{ message: `${path} is there already`, mend }])
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await readFile(path)
    return true
  } catch (error) {
    // What cannot be read is there all the same.
    return systemCode(error) !== 'ENOENT'
  }
}

function authorityUri(site: string): string {
  return hostUri(site, 'ca')
}

async function inWorkDir(dir: string, work: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(dir, '.work-'))
  try {
    await work(path)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

async function writeKey(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeNew(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), SECRET_MODE)
}

/** Leaves `cert.pem` for the key in `key.pem`. All names are relative to the directory: openssl gives `$` in its file a meaning. */
async function sign(
  work: string,
  commonName: string,
  extensions: readonly string[],
  endMs: number,
  signer: readonly string[],
): Promise<void> {
  const config = `[req]
distinguished_name = name
prompt = no
[name]
CN = ${commonName.slice(0, MAX_COMMON_NAME)}
[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
${extensions.join('\n')}
`
  await writeNew(join(work, 'config'), config, SECRET_MODE)
  await writeNew(join(work, 'index'), '', 0o600)
  await openssl(work, ['req', '-new', '-config', 'config', '-key', KEY, '-out', 'request'])
  const dates = ['-startdate', asn1Time(Date.now() - BACKDATED_MS), '-enddate', asn1Time(endMs)]
  await openssl(work, [
    'ca',
    '-batch',
    '-notext',
    '-config',
    'config',
    '-in',
    'request',
    '-out',
    CERT,
    ...dates,
    ...signer,
  ])
  await chmod(join(work, CERT), PUBLIC_MODE)
}

/** Such as 20261122041500Z. */
function asn1Time(ms: number): string {
  return `${new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`
}
