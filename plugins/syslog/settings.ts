import { createSecureContext } from 'node:tls'
import type { Problem } from '../../src/config.js'
import { CredentialError } from '../../src/remote/tls/credential-error.js'
import { readPublic, readSecret } from '../../src/remote/tls/secret-file.js'
import { loadConfig } from './config-file.js'
import type { SyslogConfig, TlsFiles } from './config.js'

/** What the connection to a server proves itself and believes with. */
export interface TlsMaterial {
  readonly ca: Buffer
  /** Undefined: this machine shows no certificate. */
  readonly own: { readonly cert: Buffer; readonly key: Buffer } | undefined
}

/** The configuration, with the files that it names read: what a reload replaces as a whole. */
export interface Settings {
  readonly config: SyslogConfig
  /** Undefined without TLS. */
  readonly tls: TlsMaterial | undefined
}

export interface ReadSettings {
  /** Undefined: at least one of the problems is an error. */
  readonly settings: Settings | undefined
  readonly problems: readonly Problem[]
}

export function loadSettings(file: string): ReadSettings {
  const { config, problems } = loadConfig(file)
  if (config === undefined) return { settings: undefined, problems }
  try {
    const hasTls = config.servers.some(({ kind }) => kind === 'tls')
    return { settings: { config, tls: hasTls ? loadTls(config.tls) : undefined }, problems }
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    const text = error.message.replace(`${error.file}: `, '')
    const problem: Problem = { level: 'error', file: error.file, line: 0, key: '', text }
    return { settings: undefined, problems: [...problems, problem] }
  }
}

function loadTls(files: TlsFiles): TlsMaterial {
  const ca = readPublic(files.ca)
  usable(files.ca, { ca }, 'is no certificate in PEM')
  if (files.cert === '') return { ca, own: undefined }
  const own = { cert: readPublic(files.cert), key: readSecret(files.key) }
  usable(files.cert, own, `is not the certificate of the key ${files.key}, or that is no key without a passphrase`)
  return { ca, own }
}

function usable(file: string, options: Parameters<typeof createSecureContext>[0], otherwise: string): void {
  try {
    createSecureContext(options)
  } catch (error) {
    throw new CredentialError('unusable', file, otherwise, { cause: error })
  }
}
