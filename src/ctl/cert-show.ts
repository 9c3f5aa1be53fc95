import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { harmlessText } from '../protocol/harmless-text.js'
import { principalIn } from '../remote/tls/subject-names.js'
import { asciiJson } from '../show/ascii-json.js'
import { CERT, KEY } from './cert-authority.js'
import { CtlError, systemCode, systemReason } from './ctl-error.js'
import type { Host } from './host.js'
import { spanText } from './remote-status-text.js'
import { usage } from './verb-options.js'

const EXIT_ENDED = 1
const MAX_FILES = 10_000
const MAX_DEPTH = 2
const MAX_CHARACTERS = 300

interface Shown {
  readonly file: string
  readonly principal: string | null
  readonly altNames: string
  readonly isAuthority: boolean
  readonly notBefore: string
  readonly notAfter: string
  readonly hasEnded: boolean
  readonly serial: string
  readonly sha256: string
  /** Whether the key beside it is its own; null where there is none that could be read. */
  readonly hasKey: boolean | null
}

/** Shows certificates, of files or of all in a directory. The exit status is 1 if one of them is not good now. */
export async function certShow(paths: readonly string[], asJson: boolean, host: Host): Promise<number> {
  if (paths.length === 0) throw usage('cert', 'a file or a directory is missing')
  const files = (await Promise.all(paths.map((path) => filesAt(resolve(path), MAX_DEPTH)))).flat().slice(0, MAX_FILES)
  const shown = await Promise.all(files.map(show))
  const isGood = shown.every(({ hasEnded, hasKey }) => !hasEnded && hasKey !== false)
  const exitStatus = isGood ? 0 : EXIT_ENDED
  if (asJson) host.out(`${asciiJson({ verb: 'cert show', certificates: shown, exitStatus }, 2)}\n`)
  else host.out(shown.map(asText).join(''))
  return exitStatus
}

/** A file itself; of a directory the certificates in it. */
async function filesAt(path: string, depth: number): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const found: string[] = []
    for (const entry of (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory() && depth > 0 && !entry.name.endsWith('.old'))
        found.push(...(await filesAt(join(path, entry.name), depth - 1)))
      else if (entry.name === CERT || (entry.name === 'ca.pem' && depth === MAX_DEPTH))
        found.push(join(path, entry.name))
    }
    return found
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function show(file: string): Promise<Shown> {
  const certificate = await read(file)
  return {
    file,
    principal: principalIn(certificate) ?? null,
    altNames: certificate.subjectAltName ?? '',
    isAuthority: certificate.ca,
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    hasEnded: Date.parse(certificate.validTo) <= Date.now(),
    serial: certificate.serialNumber,
    sha256: certificate.fingerprint256,
    hasKey: file.endsWith(`/${CERT}`) ? await fits(certificate, join(dirname(file), KEY)) : null,
  }
}

async function read(file: string): Promise<X509Certificate> {
  try {
    return new X509Certificate(await readFile(file))
  } catch (error) {
    throw unreadable(file, error)
  }
}

async function fits(certificate: X509Certificate, file: string): Promise<boolean | null> {
  try {
    return certificate.checkPrivateKey(createPrivateKey(await readFile(file)))
  } catch (error) {
    // ENOENT, EACCES: there is none, or it is none of our business.
    return systemCode(error)?.startsWith('ERR_') === true ? false : null
  }
}

function asText({ file, principal, altNames, isAuthority, notAfter, hasEnded, serial, sha256, hasKey }: Shown): string {
  const span = spanText(Math.abs(Date.parse(notAfter) - Date.now()))
  const lines = [
    harmlessText(file, MAX_CHARACTERS),
    `  ${isAuthority ? 'authority' : 'name     '}  ${harmlessText(principal ?? 'nobody', MAX_CHARACTERS)}`,
    `  also       ${harmlessText(altNames === '' ? '-' : altNames, MAX_CHARACTERS)}`,
    `  ${hasEnded ? `ENDED      ${notAfter}, ${span} ago` : `good until ${notAfter}, ${span}`}`,
    `  serial     ${serial}`,
    `  sha256     ${sha256}`,
    ...(hasKey === false ? [`  KEY        the ${KEY} beside it is not its key`] : []),
  ]
  return `${lines.join('\n')}\n`
}

function unreadable(path: string, error: unknown): Error {
  if (error instanceof CtlError) return error
  const isSystem = systemCode(error)?.startsWith('ERR_') === false
  const what = isSystem ? systemReason(error) : 'is no certificate in PEM'
  return new CtlError(
    isSystem ? 'system' : 'config',
    [{ message: `${path}: ${what}`, mend: 'give a certificate, or a directory with some' }],
    { cause: error },
  )
}
