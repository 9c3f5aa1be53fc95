// Certificates of every kind, made by openssl.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificateFiles } from '../../../src/remote/channel.js'

const OPENSSL = '/usr/bin/openssl'
const CONFIG = `
[ca]
default_ca = own
[own]
database = DIR/index
serial = DIR/serial
new_certs_dir = DIR
default_md = sha256
policy = any
unique_subject = no
default_crl_days = 1
[any]
commonName = optional
`

/** An authority in a directory of its own. */
export interface Authority {
  readonly ca: string
  /** A certificate with these alternative names; `from` and `to` are as openssl takes them, such as 20200101000000Z. */
  issue(name: string, altNames: string, dates?: { readonly from?: string; readonly to?: string }): CertificateFiles
  /** A list that revokes these certificates. */
  revoke(...names: readonly string[]): string
}

export function makeAuthority(dir: string): Authority {
  const at = (name: string) => join(dir, name)
  const ca = at('ca.pem')
  const key = at('ca-key.pem')
  if (!existsSync(at('config'))) {
    writeFileSync(at('config'), CONFIG.replaceAll('DIR', dir))
    writeFileSync(at('index'), '')
    writeFileSync(at('serial'), '01\n')
    newKey(key)
    openssl('req', '-x509', '-new', '-key', key, '-subj', '/CN=test authority', '-days', '2', '-out', ca)
  }
  const common = ['-config', at('config'), '-keyfile', key, '-cert', ca, '-batch', '-notext']
  return {
    ca,
    issue(name, altNames, { from = '20200101000000Z', to = '20991231000000Z' } = {}) {
      const files = { ca, cert: at(`${name}.pem`), key: at(`${name}-key.pem`) }
      newKey(files.key)
      // A name in the subject that must not count.
      openssl('req', '-new', '-key', files.key, '-subj', '/CN=localhost', '-out', at('request'))
      writeFileSync(
        at('extensions'),
        altNames === '' ? 'basicConstraints = CA:false\n' : `subjectAltName = ${altNames}\n`,
      )
      const dates = ['-startdate', from, '-enddate', to]
      openssl('ca', ...common, '-in', at('request'), '-out', files.cert, '-extfile', at('extensions'), ...dates)
      return files
    },
    revoke(...names) {
      const crl = at('crl.pem')
      for (const name of names) openssl('ca', ...common, '-revoke', at(`${name}.pem`))
      openssl('ca', ...common, '-gencrl', '-out', crl)
      return crl
    },
  }
}

export function openssl(...args: readonly string[]): string {
  return execFileSync(OPENSSL, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: {} })
}

function newKey(file: string): void {
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file)
  chmodSync(file, 0o400)
}
