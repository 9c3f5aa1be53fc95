import type { X509Certificate } from 'node:crypto'

/** `audit://SITE/NAME`, which says what the certificate is for. */
const AUDIT_URI = /^audit:\/\/[a-z0-9](?:[a-z0-9.-]{0,62})\/[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const MAX_NAME_LENGTH = 253

/** What a certificate says that its holder is called; the subject, with its common name, is never looked at. */
export interface SubjectNames {
  readonly auditUris: readonly string[]
  /** In lower case. */
  readonly dnsNames: readonly string[]
  readonly addresses: readonly string[]
}

/** The names in a certificate's subjectAltName. */
export function subjectNames(certificate: Pick<X509Certificate, 'subjectAltName'>): SubjectNames {
  const names = altNames(certificate.subjectAltName ?? '')
  const of = (kind: string) => names.filter(([each]) => each === kind).map(([, value]) => value)
  return {
    auditUris: of('URI').filter((uri) => AUDIT_URI.test(uri)),
    dnsNames: of('DNS')
      .filter((name) => name.length <= MAX_NAME_LENGTH && /^[!-~]+$/.test(name))
      .map((name) => name.toLowerCase()),
    addresses: of('IP Address'),
  }
}

/**
 * Whose certificate it is: its audit URI, or else its first DNS name. Two audit URIs are two machines, and so nobody. A wildcard is
 * nobody either.
 */
export function principalIn(certificate: Pick<X509Certificate, 'subjectAltName'>): string | undefined {
  const { auditUris, dnsNames } = subjectNames(certificate)
  if (auditUris.length > 0) return auditUris.length === 1 ? auditUris[0] : undefined
  const [name] = dnsNames
  return name === undefined || name.includes('*') ? undefined : name
}

/** Node writes `URI:…, DNS:…`, and a value that could be mistaken as a JSON string. */
function altNames(text: string): (readonly [kind: string, value: string])[] {
  const found = text.matchAll(/([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/gy)
  return [...found].map(([, kind = '', value = '']) => [kind, value.startsWith('"') ? unquoted(value) : value] as const)
}

function unquoted(value: string): string {
  const parsed: unknown = JSON.parse(value)
  return String(parsed)
}
