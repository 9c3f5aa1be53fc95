import type { TLSSocket } from 'node:tls'
import { errorCode } from '../../config/error-code.js'

const WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has ended, or the clock here is ahead',
  CERT_NOT_YET_VALID: 'its certificate begins in the future: the clock here or where it was made is wrong',
  INVALID_PURPOSE: "its certificate is not for this purpose: a sender's cannot stand for a collector",
  CERT_REVOKED: 'its certificate is revoked',
  CRL_HAS_EXPIRED: 'the list of revoked certificates (tls_crl) has ended: make a new one',
  CRL_NOT_YET_VALID: 'the list of revoked certificates (tls_crl) begins in the future: the clock here is wrong',
  UNABLE_TO_GET_CRL: 'there is no list of revoked certificates of its authority in tls_crl',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it has no certificate',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it does not speak TLS 1.3',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it does not speak TLS 1.3',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_NO_SHARED_CIPHER: 'it has no key for us, or only cipher suites without SHA-256',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'it has no key, or an identity that is not known here',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'it does not know our identity, or has no cipher suite in common with us',
  ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER: 'it has another key for our identity',
  ECONNRESET: 'it broke off the handshake; its own log says why',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'it speaks another protocol (ALPN)',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'it speaks another protocol (ALPN)',
  ERR_SSL_BINDER_DOES_NOT_VERIFY: 'it has the identity, but another key',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it says that our certificate has ended',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'it says that our certificate is revoked',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not know the authority that signed our certificate',
}
/** Each way in which a chain does not lead to our authority. */
const STRANGERS = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
])

/** Why a handshake failed: a reason to count by, and one for people. */
export interface HandshakeFault {
  readonly code: string
  readonly text: string
}

/** What 'error' of a client or 'tlsClientError' of a server means. Node says ECONNRESET there and keeps the reason in the socket. */
export function handshakeFault(error: Error, socket?: TLSSocket): HandshakeFault {
  // Typed as an error, it is the code in fact, and null before there is any.
  const kept: unknown = socket?.authorizationError
  const code = typeof kept === 'string' && kept !== '' ? kept : errorCode(error)
  if (STRANGERS.has(code)) return { code, text: 'its certificate is not signed by our authority (tls_ca)' }
  const words = Object.hasOwn(WORDS, code) ? WORDS[code] : undefined
  return { code: code === '' ? 'unknown' : code, text: words ?? error.message }
}
