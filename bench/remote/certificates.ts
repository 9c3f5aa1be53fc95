// An authority, a collector's certificate and a sender's, by the openssl program.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificates {
  readonly ca: string
  readonly collector: Pair
  readonly sender: Pair
}

export interface Pair {
  readonly cert: string
  readonly key: string
}

export function makeCertificates(dir: string): Certificates {
  const ca = join(dir, 'ca.pem')
  const caKey = join(dir, 'ca.key')
  const days = ['-days', '30']
  openssl('req', '-x509', ...NEW_KEY, '-keyout', caKey, '-out', ca, '-subj', '/CN=bench', ...days)
  const issue = (name: string, altNames: string): Pair => {
    const [cert, key, request] = [join(dir, `${name}.pem`), join(dir, `${name}.key`), join(dir, `${name}.csr`)]
    const extensions = join(dir, `${name}.ext`)
    writeFileSync(extensions, `subjectAltName=${altNames}\n`)
    openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`)
    const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-extfile', extensions, ...days]
    openssl('x509', '-req', '-in', request, '-out', cert, ...signing)
    return { cert, key }
  }
  return {
    ca,
    collector: issue('collector', 'URI:audit://bench/collector,DNS:localhost,IP:127.0.0.1'),
    sender: issue('sender', 'URI:audit://bench/sender,DNS:sender'),
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Keys are for their owner alone: what others may read is refused. */
function openssl(...args: readonly string[]): void {
  const before = process.umask(0o077)
  try {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  } finally {
    process.umask(before)
  }
}
