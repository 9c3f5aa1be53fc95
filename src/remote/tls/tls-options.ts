// TLS 1.3 for both ends: own authority and a certificate for each, or a key that both have. Nothing is taken from the system's
// authorities, no session is resumed (a ticket would outlive a revocation), and a certificate's common name counts for nothing.

import { constants, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  createSecureContext,
  type ConnectionOptions,
  type PeerCertificate,
  type TlsOptions,
} from 'node:tls'
import type { CertificateFiles, ClientChannel, ServerChannel } from '../channel.js'
import { readAllowedClients } from './allowed-clients.js'
import { CredentialError } from './credential-error.js'
import { readPsk } from './psk-file.js'
import { readPublic, readSecret } from './secret-file.js'
import { principalIn, subjectNames } from './subject-names.js'
import { rememberIdentity } from './tls-peer.js'

/** What our own protocol is called in ALPN. auditd's has no name. */
export const ALPN_NATIVE = 'arp/1'

/** All that works with an external key is bound to SHA-256; OpenSSL takes no other suite for one. */
const PSK_SUITES = 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256'
const ONLY_1_3 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const

/** What one end proves itself with, read and found to fit together. */
export type Credentials =
  | {
      readonly kind: 'tls'
      readonly ca: Buffer
      readonly cert: Buffer
      readonly key: Buffer
      readonly crl: Buffer | undefined
      /** Of its own certificate. */
      readonly principal: string
      readonly certificateEndMs: number
    }
  | { readonly kind: 'psk'; readonly keys: ReadonlyMap<string, Buffer> }

/** Reads the files of a channel. Throws CredentialError; what was loaded before stays good. */
export function loadCredentials(channel: Exclude<ClientChannel | ServerChannel, { kind: 'tcp' }>): Credentials {
  switch (channel.kind) {
    case 'tls':
      return loadCertificate(channel, 'crl' in channel ? channel.crl : '')
    case 'tls-psk': {
      const key = channel.file === '' ? undefined : readPsk(channel.file)
      const list = 'allowedClients' in channel ? channel.allowedClients : ''
      if (list !== '') return { kind: 'psk', keys: readAllowedClients(readPublic(list), list, key) }
      return { kind: 'psk', keys: key === undefined ? new Map() : new Map([[channel.identity, key]]) }
    }
    default:
      return channel satisfies never
  }
}

/** For tls.connect(): where to, with what, and whom to believe. `serverName` is what the certificate has to be for; '' is the host. */
export function clientTls(
  credentials: Credentials,
  server: { readonly host: string; readonly port: number },
  options: { readonly native: boolean; readonly serverName: string },
): ConnectionOptions {
  const common: ConnectionOptions = {
    ...ONLY_1_3,
    host: server.host,
    port: server.port,
    rejectUnauthorized: true,
    // An address is no name to ask for; who answers is checked below in any case.
    ...(isIP(server.host) === 0 ? { servername: server.host } : {}),
    ...(options.native ? { ALPNProtocols: [ALPN_NATIVE] } : {}),
  }
  if (credentials.kind === 'tls') {
    const expected = options.serverName === '' ? server.host : options.serverName
    const { ca, cert, key } = credentials
    return {
      ...common,
      ca,
      cert,
      key,
      checkServerIdentity: (_host, certificate) => identityFault(expected, certificate),
    }
  }
  const [entry] = credentials.keys
  const [identity = '', psk = Buffer.alloc(0)] = entry ?? []
  return {
    ...common,
    ciphers: PSK_SUITES,
    // Nobody: a server that shows a certificate instead of using the key must find no authority to have signed it.
    ca: [],
    pskCallback: () => ({ psk, identity }),
    checkServerIdentity: () => new Error('the server has not used the key'),
  }
}

/** For tls.createServer(); the key of an identity is looked up when it is asked for, so that a reload needs no new listener. */
export function serverTls(current: () => Credentials, options: { readonly native: boolean }): TlsOptions {
  const credentials = current()
  const common: TlsOptions = {
    ...ONLY_1_3,
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(options.native ? { ALPNProtocols: [ALPN_NATIVE] } : {}),
  }
  if (credentials.kind === 'tls') {
    const { ca, cert, key, crl } = credentials
    return {
      ...common,
      ca,
      cert,
      key,
      ...(crl === undefined ? {} : { crl }),
      requestCert: true,
      rejectUnauthorized: true,
    }
  }
  return {
    ...common,
    ciphers: PSK_SUITES,
    ca: [],
    pskCallback(socket, identity) {
      const now = current()
      const key = now.kind === 'psk' ? now.keys.get(identity) : undefined
      if (key === undefined) return null
      rememberIdentity(socket, identity)
      return key
    },
  }
}

function loadCertificate(files: CertificateFiles, crlFile: string): Credentials {
  const ca = readPublic(files.ca)
  const cert = readPublic(files.cert)
  const key = readSecret(files.key)
  const crl = crlFile === '' ? undefined : readPublic(crlFile)
  const own = parsed(cert, files.cert)
  parsed(ca, files.ca)
  const principal = principalIn(own)
  if (principal === undefined)
    throw new CredentialError(
      'unusable',
      files.cert,
      'names nobody: it needs one audit://SITE/NAME or a DNS name as subjectAltName',
    )
  usable(
    files.cert,
    () => createSecureContext({ cert, key }),
    `is not the certificate of the key ${files.key}, or that is no key without a passphrase`,
  )
  if (crl !== undefined)
    usable(crlFile, () => createSecureContext({ ca, crl }), 'is no list of revoked certificates in PEM')
  return { kind: 'tls', ca, cert, key, crl, principal, certificateEndMs: Date.parse(own.validTo) }
}

function parsed(pem: Buffer, file: string): X509Certificate {
  return usable(file, () => new X509Certificate(pem), 'is no certificate in PEM')
}

function usable<T>(file: string, make: () => T, otherwise: string): T {
  try {
    return make()
  } catch (error) {
    throw new CredentialError('unusable', file, otherwise, { cause: error })
  }
}

/** Why the server is not the one that was meant. Node's own check would fall back to the common name. */
function identityFault(expected: string, certificate: PeerCertificate): Error | undefined {
  const { subjectaltname } = certificate
  const names = subjectNames({ subjectAltName: subjectaltname })
  if (expected.startsWith('audit://'))
    return names.auditUris.includes(expected) ? undefined : notFor(expected, subjectaltname)
  const isNamed = isIP(expected) === 0 ? names.dnsNames.length > 0 : names.addresses.length > 0
  if (!isNamed || checkServerIdentity(expected, certificate) !== undefined) return notFor(expected, subjectaltname)
  return undefined
}

function notFor(expected: string, altNames: string | undefined): Error {
  return Object.assign(new Error(`the certificate is for ${altNames ?? 'nobody'}, not for ${expected}`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
}
