import type { Keys } from '../config/keys.js'
import { absolutePath, oneOf, yesNo, type Parsed } from '../config/value.js'
import { isLoopback, type HostPort } from './host-port.js'

/** Where `audispctl cert` puts what a host needs. */
const DIR = '/etc/audispd/remote'
const TRANSPORTS = ['tls', 'tls-psk', 'tcp'] as const

export type Transport = (typeof TRANSPORTS)[number]

/** Files of a host's own certificate; all in PEM. */
export interface CertificateFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** How the sender's end of a connection is protected. */
export type ClientChannel =
  | { readonly kind: 'tcp' }
  /** `serverName` is what the collector's certificate has to be for; '' is the host of `server`. */
  | ({ readonly kind: 'tls'; readonly serverName: string } & CertificateFiles)
  | { readonly kind: 'tls-psk'; readonly file: string; readonly identity: string }

/** The collector's end. */
export type ServerChannel =
  | { readonly kind: 'tcp' }
  /** `crl` is '' for none. */
  | ({ readonly kind: 'tls'; readonly crl: string } & CertificateFiles)
  /** One key for whoever has the identity, or a list of clients; '' where there is none. */
  | { readonly kind: 'tls-psk'; readonly file: string; readonly identity: string; readonly allowedClients: string }

export const DEFAULT_CERTIFICATE: CertificateFiles = {
  ca: `${DIR}/ca.pem`,
  cert: `${DIR}/cert.pem`,
  key: `${DIR}/key.pem`,
}
export const DEFAULT_ALLOW_FILE = `${DIR}/allow`
const DEFAULTS: Readonly<Record<string, string>> = {
  tls_ca: DEFAULT_CERTIFICATE.ca,
  tls_cert: DEFAULT_CERTIFICATE.cert,
  tls_key: DEFAULT_CERTIFICATE.key,
  tls_crl: '',
  tls_server_name: '',
  tls_psk_file: '',
  tls_psk_identity: '',
  tls_allowed_clients: '',
}

/** The keys that say how connections to a collector are protected. */
export function takeClientChannel(keys: Keys, servers: readonly HostPort[]): ClientChannel {
  const kind = keys.take('transport', oneOf(TRANSPORTS)) ?? 'tls'
  const insecure = keys.take('insecure', yesNo) ?? false
  const certificate = takeCertificate(keys)
  const serverName = keys.takeOrEmpty('tls_server_name', serverNameOf, '') ?? ''
  const file = keys.takeOrEmpty('tls_psk_file', absolutePath, '') ?? ''
  const identity = keys.takeOrEmpty('tls_psk_identity', pskIdentity, '') ?? ''
  const files = { tls_ca: certificate.ca, tls_cert: certificate.cert, tls_key: certificate.key }
  tellIdleKeys(keys, [kind], { ...files, tls_server_name: serverName, tls_psk_file: file, tls_psk_identity: identity })
  switch (kind) {
    case 'tcp':
      refuseClearText(keys, 'transport', insecure, servers)
      return { kind }
    case 'tls':
      return { kind, serverName, ...certificate }
    case 'tls-psk':
      for (const [key, value] of [
        ['tls_psk_file', file],
        ['tls_psk_identity', identity],
      ] as const) {
        if (value === '') keys.report('error', key, 'transport = tls-psk needs it')
      }
      return { kind, file, identity }
    default:
      return kind satisfies never
  }
}

/** The keys that say how listeners are protected: those of our own protocol, and those of auditd's. */
export function takeServerChannels(
  keys: Keys,
  listen: readonly HostPort[],
  rmwListen: readonly HostPort[],
): { readonly native: ServerChannel; readonly rmw: ServerChannel } {
  const native = keys.take('transport', oneOf(TRANSPORTS)) ?? 'tls'
  const rmw = keys.take('rmw_transport', oneOf(TRANSPORTS)) ?? 'tcp'
  const insecure = keys.take('insecure', yesNo) ?? false
  const tls = { ...takeCertificate(keys), crl: keys.takeOrEmpty('tls_crl', absolutePath, '') ?? '' }
  const psk = {
    file: keys.takeOrEmpty('tls_psk_file', absolutePath, '') ?? '',
    identity: keys.takeOrEmpty('tls_psk_identity', pskIdentity, '') ?? '',
    allowedClients: keys.takeOrEmpty('tls_allowed_clients', absolutePath, '') ?? '',
  }
  const used = [...(listen.length > 0 ? [native] : []), ...(rmwListen.length > 0 ? [rmw] : [])]
  tellIdleKeys(keys, used, {
    tls_ca: tls.ca,
    tls_cert: tls.cert,
    tls_key: tls.key,
    tls_crl: tls.crl,
    tls_psk_file: psk.file,
    tls_psk_identity: psk.identity,
    tls_allowed_clients: psk.allowedClients,
  })
  if (native === 'tcp') refuseClearText(keys, 'transport', insecure, listen)
  if (rmw === 'tcp') refuseClearText(keys, 'rmw_transport', insecure, rmwListen)
  if (used.includes('tls-psk')) checkPsk(keys, psk)
  const channel = (kind: Transport): ServerChannel => {
    switch (kind) {
      case 'tcp':
        return { kind }
      case 'tls':
        return { kind, ...tls }
      case 'tls-psk':
        return { kind, ...psk }
      default:
        return kind satisfies never
    }
  }
  return { native: channel(native), rmw: channel(rmw) }
}

/** Audit 4.2's limits, whose ends have to understand ours. */
export function pskIdentity(text: string): Parsed<string> {
  if (/^[!-~]{1,255}$/.test(text)) return { value: text }
  return { mistake: 'an identity has 1 to 255 ASCII characters and no blank' }
}

function takeCertificate(keys: Keys): CertificateFiles {
  return {
    ca: keys.take('tls_ca', absolutePath) ?? DEFAULT_CERTIFICATE.ca,
    cert: keys.take('tls_cert', absolutePath) ?? DEFAULT_CERTIFICATE.cert,
    key: keys.take('tls_key', absolutePath) ?? DEFAULT_CERTIFICATE.key,
  }
}

function serverNameOf(text: string): Parsed<string> {
  if (/^[!-~]{1,255}$/.test(text)) return { value: text }
  return { mistake: `'${text}' is no name of a host, nor such as audit://example/agg1` }
}

function refuseClearText(keys: Keys, key: string, insecure: boolean, places: readonly HostPort[]): void {
  const far = places.find(({ host }) => !isLoopback(host))
  if (far === undefined || insecure) return
  const where = far.host === '' ? 'every address' : far.host
  keys.report(
    'error',
    key,
    `'tcp' with ${where}: the records would go in clear text, and anybody could send some; use tls, or allow it by insecure = yes`,
  )
}

function checkPsk(keys: Keys, psk: { file: string; identity: string; allowedClients: string }): void {
  if (psk.file === '' && psk.allowedClients === '')
    keys.report('error', 'tls_psk_file', 'tls-psk needs it, or tls_allowed_clients with a key for each client')
  if (psk.file !== '' && psk.identity === '' && psk.allowedClients === '')
    keys.report('error', 'tls_psk_identity', 'whose key is it? Give the identity, or tls_allowed_clients')
}

/** A key that does nothing is a misunderstanding, and with secrets a dangerous one. What stands there as in the shipped file is none. */
function tellIdleKeys(keys: Keys, used: readonly Transport[], values: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(values)) {
    const kind =
      key === 'tls_psk_file' || key === 'tls_psk_identity' || key === 'tls_allowed_clients' ? 'tls-psk' : 'tls'
    if (used.includes(kind) || !keys.has(key) || value === DEFAULTS[key]) continue
    keys.report('warning', key, `has an effect only with transport = ${kind}`)
  }
}
