// Certificates that will end: those of this machine, from their files, and those of its peers, as last seen.
import { X509Certificate } from 'node:crypto'
import { harmlessText } from '../../protocol/harmless-text.js'
import { DEFAULT_CERTIFICATE } from '../../remote/channel.js'
import { principalIn } from '../../remote/tls/subject-names.js'
import { textToBytes } from '../byte-text.js'
import { spanText } from '../remote-status-text.js'
import { fail, orOk, quoted, warn, type Check, type Finding } from './check.js'
import type { ShippedPlugin } from './configuration-facts.js'
import { textOf } from './looking.js'
import { remoteStatuses } from './remote.js'
import type { Survey } from './survey.js'
import type { World } from './world.js'

const DAY_MS = 86_400_000
const WARN_MS = 30 * DAY_MS
const FAIL_MS = 7 * DAY_MS
const OTHERS = 0o077
const MAX_CHARACTERS = 200
const REMOTE_PLUGINS = new Set(['remote-send', 'remote-recv'])

export const CERTIFICATE_CHECKS: readonly Check[] = [
  { id: 'remote.certificates', layer: 'remote', run: certificates },
  { id: 'remote.keys', layer: 'remote', run: keys },
]

interface Period {
  readonly fromMs: number
  readonly endMs: number
}

async function certificates(survey: Survey): Promise<readonly Finding[]> {
  const { world } = survey
  const nowMs = world.nowMs()
  const wrong: Finding[] = []
  let count = 0
  for (const [file, isAuthority] of await filesOf(survey)) {
    const found = await certificateIn(world, file)
    if (found === undefined) continue
    count++
    const name = principalIn(found)?.split('/').at(-1) ?? 'NAME'
    const mend = isAuthority
      ? 'audispctl cert ca NEW_CA_DIR, and certificates from it for every machine'
      : `audispctl cert renew CA_DIR ${quoted(name)} --install && audispctl reload`
    wrong.push(...judged(file, periodOf(found), nowMs, mend))
  }
  for (const { status } of await remoteStatuses(survey)) {
    for (const { certificate } of status?.streams ?? []) {
      if (certificate === null) continue
      count++
      const name = harmlessText(certificate.name, MAX_CHARACTERS)
      const mend = `audispctl cert renew CA_DIR ${quoted(name.split('/').at(-1) ?? name)}, and install it on that machine`
      wrong.push(...judged(`${name}, the other end`, { fromMs: 0, endMs: certificate.endMs }, nowMs, mend))
    }
  }
  return count === 0 ? [] : orOk(wrong, `${count} certificates are good for ${WARN_MS / DAY_MS} days and more`)
}

function judged(what: string, { fromMs, endMs }: Period, nowMs: number, mend: string): Finding[] {
  const leftMs = endMs - nowMs
  if (leftMs <= 0) return [fail(`the certificate ${what} has ended ${spanText(-leftMs)} ago`, mend)]
  if (fromMs > nowMs)
    return [fail(`the certificate ${what} begins in ${spanText(fromMs - nowMs)}`, 'date; timedatectl set-ntp true')]
  const text = `the certificate ${what} ends in ${spanText(leftMs)}`
  if (leftMs < FAIL_MS) return [fail(text, mend)]
  return leftMs < WARN_MS ? [warn(text, mend)] : []
}

function periodOf({ validFrom, validTo }: X509Certificate): Period {
  return { fromMs: Date.parse(validFrom), endMs: Date.parse(validTo) }
}

/** A file that is no certificate is told of by the plugin's own --check. */
async function certificateIn({ files }: World, file: string): Promise<X509Certificate | undefined> {
  const text = await textOf(files, file)
  if (text === undefined) return undefined
  try {
    return new X509Certificate(textToBytes(text))
  } catch {
    // ERR_OSSL_*: not PEM, or not a certificate.
    return undefined
  }
}

/** The certificates that plugins here use, each once, and whether it is an authority's. */
async function filesOf({ configuration }: Survey): Promise<ReadonlyMap<string, boolean>> {
  const found = new Map<string, boolean>()
  for (const plugin of (await configuration()).shipped) {
    if (!usesTls(plugin)) continue
    const isOwn = plugin.kind !== 'syslog'
    const cert = plugin.keys.get('tls_cert') ?? (isOwn ? DEFAULT_CERTIFICATE.cert : undefined)
    const ca = plugin.keys.get('tls_ca') ?? (isOwn ? DEFAULT_CERTIFICATE.ca : undefined)
    if (cert !== undefined) found.set(cert, false)
    if (ca !== undefined) found.set(ca, true)
  }
  return found
}

function usesTls({ kind, keys: set }: ShippedPlugin): boolean {
  // Its servers say so, each for itself; without an authority none of them does.
  if (kind === 'syslog') return set.has('tls_ca')
  const transports = [set.get('transport') ?? 'tls', set.get('rmw_transport') ?? 'tcp']
  return REMOTE_PLUGINS.has(kind) && transports.some((word) => word.toLowerCase() === 'tls')
}

/** Whoever can read the key can be this machine. */
async function keys({ world, configuration }: Survey): Promise<readonly Finding[]> {
  const found: Finding[] = []
  const files = (await configuration()).shipped
    .filter(usesTls)
    .map(({ kind, keys: set }) => set.get('tls_key') ?? (kind === 'syslog' ? undefined : DEFAULT_CERTIFICATE.key))
  for (const file of new Set(files.filter((each) => each !== undefined))) {
    try {
      const { mode } = await world.files.stat(file)
      if ((mode & OTHERS) === 0) continue
      const what = `${file}: others than its owner may read or write the key (mode 0${(mode & 0o777).toString(8)})`
      found.push(fail(what, `chmod 0400 ${quoted(file)}`))
    } catch {
      // ENOENT, EACCES: the plugin's own --check tells of it.
    }
  }
  return found
}
